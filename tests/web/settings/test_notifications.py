"""Settings → Notifications: channels are made, tried and repaired; nothing secret is shown."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from costoptix.clock import utc_now
from costoptix.models import Channel, Dispatch, DispatchAttempt
from tests.support.lake import Charge, Lake
from tests.support.pages import Browser, latest

PAGE = "/settings/notifications"
URL = "https://192.0.43.10/services/T000/B000/xyzSECRET9876"


def fields(browser: Browser, **values: str) -> dict[str, str]:
    channel_id = re.search(r'name="channel_id" value="([^"]+)"', browser.get(PAGE).text)
    assert channel_id
    usual = {"channel_id": channel_id[1], "name": "Ops", "kind": "custom", "target": URL}
    return usual | {"event:budget.warning": "1"} | values


def make(browser: Browser, session: Session, **values: str) -> Channel:
    answer = browser.post(PAGE, form=PAGE, **fields(browser, **values))
    assert answer.status_code in (200, 302), answer.text
    return latest(session).scalars(select(Channel)).one()


def test_a_new_installation_says_what_to_do_and_what_each_kind_needs(
    alice_browser: Browser,
) -> None:
    text = alice_browser.get(PAGE).text
    assert "No channels yet" in text
    assert "when that person leaves, it stops" in text
    assert '<option value="teams">Microsoft Teams</option>' in text


def test_the_secret_is_in_the_answer_that_makes_the_channel_alone(
    alice_browser: Browser, session: Session
) -> None:
    form = fields(alice_browser)
    made = alice_browser.post(PAGE, form=PAGE, **form)
    (secret,) = set(re.findall(r"whsec_[\w+/=]+", made.text))
    assert made.headers["Cache-Control"] == "no-store"
    assert alice_browser.post(PAGE, form=PAGE, **form).status_code == 409
    row = latest(session).scalars(select(Channel)).one()
    for path in (PAGE, f"{PAGE}/{row.id}"):
        text = alice_browser.get(path).text
        assert "192.0.43.10/…9876" in text
        assert secret not in text
        assert "xyzSECRET" not in text
    assert row.events == ["budget.warning"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("usd 1,250.50", {"USD": Decimal("1250.50")}),
        ("USD 9.000", None),
        ("USD", None),
        ("XXQ 5", None),
    ],
)
def test_amounts_of_the_filter_are_read_as_people_write_them(
    alice_browser: Browser, session: Session, typed: str, kept: dict[str, Decimal] | None
) -> None:
    answer = alice_browser.post(PAGE, form=PAGE, **fields(alice_browser, money=typed))
    rows = latest(session).scalars(select(Channel)).all()
    amounts = [
        {code: Decimal(least) for code, least in row.filter["money"].items()} for row in rows
    ]
    assert amounts == ([kept] if kept else [])
    assert ('id="money-error"' in answer.text) == (kept is None)


def test_what_was_typed_stays_when_it_is_wrong(alice_browser: Browser, session: Session) -> None:
    answer = alice_browser.post(
        PAGE, form=PAGE,
        **fields(alice_browser, target="http://192.0.43.10/", service="Amazon <EC2>", tag="team=a"),
    )  # fmt: skip
    assert answer.status_code == 400
    assert 'href="#target">Address: ' in answer.text
    assert 'aria-invalid="true" aria-describedby="target-error' in answer.text
    assert "Amazon &lt;EC2&gt;" in answer.text
    assert "<details open>" in answer.text
    assert latest(session).scalars(select(Channel)).all() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tag", "team"), ("tag", "=x"), ("money", "USD"), ("money", "USD much"),
        ("account", "111"), ("severity", "most"), ("kind", "pager"), ("event:none", "1"),
        ("channel_id", "x"), ("target", "https://10.0.0.1/"), ("name", ""),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_in_words(alice_browser: Browser, name: str, value: str) -> None:
    answer = alice_browser.post(PAGE, form=PAGE, **fields(alice_browser, **{name: value}))
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_a_filter_is_shown_as_it_was_written_and_saved_again(
    alice_browser: Browser, session: Session
) -> None:
    row = make(
        alice_browser, session, account="aws:111\naws:222", tag="team=web\nteam=ops",
        money="USD 100.50", severity="high",
    )  # fmt: skip
    assert row.filter["tag"] == {"team": ["web", "ops"]}
    path = f"{PAGE}/{row.id}"
    text = alice_browser.get(path).text
    for shown in ("aws:111\naws:222</textarea>", "team=web\nteam=ops</", "USD 100.5</"):
        assert shown in text
    saved = alice_browser.post(
        path, form=path, channel_id=row.id, name="New", target="", account="",
        service="", tag="", money="", severity="", **{"event:key.expiring": "1"},
    )  # fmt: skip
    assert saved.status_code == 302
    row = latest(session).scalars(select(Channel)).one()
    assert (row.name, row.events, row.filter["account"]) == ("New", ["key.expiring"], [])
    assert row.target_hint == "192.0.43.10/…9876"


def test_a_test_is_sent_and_the_log_says_what_became_of_it(
    alice_browser: Browser, session: Session
) -> None:
    row = make(alice_browser, session)
    path = f"{PAGE}/{row.id}"
    assert alice_browser.post(f"{path}/test", form=path).status_code == 302
    assert "Refresh" in alice_browser.get(path).text
    (sent,) = latest(session).scalars(select(Dispatch))
    session.add(
        DispatchAttempt(
            dispatch_id=sent.id,
            number=1,
            at=utc_now(),
            milliseconds=12,
            is_delivered=False,
            status=503,
            excerpt="<b>no</b>",
        )
    )
    sent.attempts, sent.status, sent.excerpt, sent.state = 1, 503, "<b>no</b>", "failed"
    session.commit()
    text = alice_browser.get(path).text
    assert "A test message" in text
    assert "<code>503</code> &lt;b&gt;no&lt;/b&gt;" in text
    assert alice_browser.post(f"{path}/deliveries/{sent.id}/replay", form=path).status_code == 302
    assert latest(session).scalars(select(Dispatch.state)).one() == "waiting"


def test_a_channel_is_switched_off_and_on_rotated_and_deleted(
    alice_browser: Browser, session: Session
) -> None:
    row = make(alice_browser, session)
    path = f"{PAGE}/{row.id}"
    alice_browser.post(f"{path}/state", form=path, state="disabled")
    text = alice_browser.get(path).text
    assert "It was switched off by alice@example.com." in text
    assert "Send a test message" not in text
    assert alice_browser.post(f"{path}/test", form=path).status_code == 409
    alice_browser.post(f"{path}/state", form=path, state="active")
    rotated = alice_browser.post(f"{path}/rotate", form=path, overlap_hours="24")
    assert "whsec_" in rotated.text
    assert alice_browser.post(f"{path}/delete", form=path).status_code == 302
    assert latest(session).scalars(select(Channel)).all() == []


def test_admins_see_on_the_overview_that_a_channel_was_switched_off(
    lake: Lake, alice_browser: Browser, bob_browser: Browser, session: Session
) -> None:
    lake.deliver(Charge())
    make(alice_browser, session)
    notice = "is switched off: nothing arrives"
    session.execute(update(Channel).values(state="disabled", failing_since=utc_now()))
    session.commit()
    assert notice in " ".join(alice_browser.get("/").text.split())
    assert notice not in " ".join(bob_browser.get("/").text.split())


def test_the_log_is_paged(alice_browser: Browser, session: Session) -> None:
    row = make(alice_browser, session)
    session.add_all(
        Dispatch(organization_id=row.organization_id, channel_id=row.id, key=f"k{number}",
                 event="channel.test", happened_at=utc_now(), data={})
        for number in range(25)
    )  # fmt: skip
    session.commit()
    text = alice_browser.get(f"{PAGE}/{row.id}").text
    older = re.search(r'rel="next" href="([^"]+)"', text)
    assert older
    second = alice_browser.get(older[1].replace("&amp;", "&")).text
    assert (text.count("/replay"), second.count("/replay")) == (20, 5)
    for query in ("before=never", "page=2"):
        assert alice_browser.get(f"{PAGE}/{row.id}?{query}").status_code == 400
