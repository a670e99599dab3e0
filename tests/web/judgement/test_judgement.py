"""The pages of anomalies and budgets: list, detail, new, edit, judge; members and admins."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from urllib.parse import unquote

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import clock, queue
from costoptix.costs.accounts import account_id
from costoptix.models import AccountName, Anomaly, AnomalyPart, Budget, Organization
from tests.anomalies.anomaly import make_anomaly
from tests.support.cost_pages import HOSTILE, links, text
from tests.support.lake import Charge, Lake, on
from tests.support.pages import Browser, latest

FORM = {"name": "Web team", "amount": "100", "currency": "usd"}


def make_budget(browser: Browser, **fields: str) -> str:
    """Make a budget by the form; return its address."""
    answer = browser.post("/budgets", form="/budgets/new", **(FORM | fields))
    assert answer.status_code == 302, text(answer.text)
    return str(answer.headers["Location"])


def refusal(page: str) -> str:
    (found,) = re.findall(r'role="alert"><p>(.*?)</p>', page)
    return str(found)


# Budgets -------------------------------------------------------------------------------------


def test_an_admin_makes_changes_and_deletes_a_budget(
    alice_browser: Browser, lake: Lake, session: Session
) -> None:
    lake.deliver(Charge(billed_cost=Decimal(85), tags='{"team":"web"}'))
    assert "No budgets yet" in alice_browser.get("/budgets").text
    path = make_budget(
        alice_browser, account="aws:111", usage="1", key_1="team", operator_1="in",
        values_1="web, data",
    )  # fmt: skip
    page = text(alice_browser.get(path).text)
    assert "$85.00 of $100.00 · 85.0%" in page
    assert "team in web, data" in page
    assert "warning" in page
    assert "Web team" in alice_browser.get("/budgets").text
    form = alice_browser.get(f"{path}/edit").text
    assert 'value="web, data"' in form
    changed = FORM | {"amount": "80", "name": "Web", "period": "quarterly"}
    assert alice_browser.post(f"{path}/edit", form=path, **changed).status_code == 302
    (row,) = latest(session).scalars(select(Budget))
    assert (row.name, row.amount, row.period) == ("Web", 80, "quarterly")
    assert (row.account, row.tag_rules, row.charge_categories) == (None, [], [])
    assert alice_browser.post(f"{path}/delete", form=path).status_code == 302
    assert latest(session).scalars(select(Budget)).all() == []


def test_trying_a_budget_saves_nothing(
    alice_browser: Browser, lake: Lake, session: Session
) -> None:
    lake.deliver(*on(Charge(billed_cost=Decimal(120)), date(2026, 1, 3), date(2026, 3, 3)))
    answer = alice_browser.post("/budgets", form="/budgets/new", **FORM, try_it="1")
    page = text(answer.text)
    assert "nothing is saved yet" in page
    assert "1–31 Jan 2026" in page
    assert "over budget on 3 Jan 2026" in page
    assert 'value="Web team"' in answer.text
    assert latest(session).scalars(select(Budget)).all() == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"amount": "-1"}, "Amount: it must be above zero"),
        ({"amount": "ten"}, "Amount: give a plain number"),
        ({"currency": "XYZ"}, "not an ISO 4217 code"),
        ({"warning_threshold": "99"}, "above the warning threshold"),
        ({"account": "aws:999"}, "no bill of the last two years"),
        ({"key_1": "nobody", "values_1": "x"}, "no charge has the tag"),
        ({"name": ""}, "name"),
    ],
)
def test_a_refused_form_comes_back_as_it_was_filled(
    alice_browser: Browser, lake: Lake, fields: dict[str, str], words: str
) -> None:
    answer = alice_browser.post("/budgets", form="/budgets/new", **(FORM | fields))
    assert answer.status_code == 400
    assert words in refusal(answer.text)
    assert f'value="{fields.get("amount", "100")}"' in answer.text


def test_a_member_sees_budgets_and_cannot_make_one(
    alice_browser: Browser, bob_browser: Browser, lake: Lake
) -> None:
    path = make_budget(alice_browser)
    assert "Web team" in bob_browser.get("/budgets").text
    page = bob_browser.get(path).text
    assert "Delete" not in page
    assert bob_browser.get("/budgets/new").status_code == 403
    form = "/settings/organization"
    assert bob_browser.post("/budgets", form=form, **FORM).status_code == 403
    assert bob_browser.post(f"{path}/edit", form=form, **FORM).status_code == 403
    assert bob_browser.post(f"{path}/delete", form=form).status_code == 403


def test_a_tier_without_tag_rules_says_which_has_them(
    alice_browser: Browser, lake: Lake, session: Session, acme: Organization
) -> None:
    acme.tier = "starter"
    session.commit()
    assert "Professional" in alice_browser.get("/budgets/new").text
    answer = alice_browser.post(
        "/budgets", form="/budgets/new", **FORM, key_1="team", values_1="web"
    )
    assert answer.status_code == 403
    assert "Professional" in refusal(answer.text)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text(alice_browser: Browser, lake: Lake, name: str) -> None:
    if not name.isprintable() or len(name) > 100:
        answer = alice_browser.post("/budgets", form="/budgets/new", **(FORM | {"name": name}))
        assert answer.status_code == 400
        return
    path = make_budget(alice_browser, name=name)
    for address in (path, "/budgets", f"{path}/edit"):
        assert "<script>alert" not in alice_browser.get(address).text
        assert "<img src=x" not in alice_browser.get(address).text


# Anomalies -----------------------------------------------------------------------------------


def test_a_member_judges_an_anomaly(
    bob_browser: Browser, lake: Lake, session: Session, acme: Organization
) -> None:
    lake.deliver(*on(Charge(effective_cost=Decimal(310)), date(2026, 3, 1), date(2026, 3, 2)))
    row = make_anomaly(session, acme)
    path = f"/anomalies/{row.id}"
    assert "EC2" in bob_browser.get("/anomalies").text
    page = text(bob_browser.get(path).text)
    assert "$310.00" in page
    assert "+3,000% against expected" in page
    answer = bob_browser.post(path, form=path, status="investigating", note="asked the team")
    assert answer.status_code == 302
    page = text(bob_browser.get(path).text)
    assert "Investigating by bob@example.com" in page
    assert "asked the team" in page
    bob_browser.post(path, form=path, status="investigating", note="", is_expected="1")
    assert latest(session).get(Anomaly, row.id).status == "false_positive"
    assert "No matching anomalies" in bob_browser.get("/anomalies").text
    assert "EC2" in bob_browser.get("/anomalies?status=false_positive").text
    back = bob_browser.post(path, form=path, status="new", note="")
    assert back.status_code == 409
    assert "it can become" in refusal(back.text)


def test_a_member_judges_several_anomalies_at_once(
    bob_browser: Browser, lake: Lake, session: Session, acme: Organization
) -> None:
    ids = [make_anomaly(session, acme, day=date(2026, 3, day)).id for day in (1, 2, 3)]
    fields = {"status": "resolved", "note": "one campaign"}
    path = "/anomalies/judge?status=new&order_by=date"
    nobody = bob_browser.post(path, form="/anomalies", **fields)
    assert (nobody.status_code, refusal(nobody.text)) == (
        400, "Choose the anomalies first: tick them in the list.",
    )  # fmt: skip
    answer = bob_browser.post(path, form="/anomalies", ids=ids[:2], **fields)
    assert answer.headers["Location"] == "/anomalies?status=new&order_by=date"
    assert "2 anomalies judged" in bob_browser.get("/anomalies").text
    rows = latest(session).scalars(select(Anomaly).order_by(Anomaly.first_day)).all()
    assert [(row.status, row.note) for row in rows] == [
        ("resolved", "one campaign"), ("resolved", "one campaign"), ("new", ""),
    ]  # fmt: skip
    again = bob_browser.post(path, form="/anomalies", ids=ids, status="acknowledged", note="")
    assert again.status_code == 409
    assert latest(session).get_one(Anomaly, ids[2]).status == "new"


def test_accounts_are_shown_by_their_names(
    alice_browser: Browser, lake: Lake, session: Session, acme: Organization
) -> None:
    row = make_anomaly(session, acme)
    session.add(AccountName(organization_id=acme.id, account_id=account_id("aws:111"), name="Shop"))
    session.commit()
    lake.deliver(Charge())
    for path in ("/anomalies", f"/anomalies/{row.id}", "/"):
        assert "AWS · Shop" in text(alice_browser.get(path).text)


def test_an_anomaly_of_several_parts_shows_them(
    alice_browser: Browser, lake: Lake, session: Session, acme: Organization
) -> None:
    row = make_anomaly(session, acme)
    for position, account in enumerate(("111", "222")):
        session.add(
            AnomalyPart(
                anomaly_id=row.id, organization_id=acme.id, position=position, series=account,
                provider_name="AWS", service_name="EC2", sub_account_id=account, currency="USD",
                first_day=row.first_day, last_day=row.last_day, actual=Decimal(155),
                expected=Decimal(5), low=Decimal(4), high=Decimal(6), impact=Decimal(150),
                deviation_percent=Decimal(3000),
            )
        )  # fmt: skip
    session.commit()
    lake.deliver(*on(Charge(effective_cost=Decimal(310)), date(2026, 3, 1), date(2026, 3, 2)))
    assert "AWS · prod and 1 more" in text(alice_browser.get("/anomalies").text)
    page = text(alice_browser.get(f"/anomalies/{row.id}").text)
    assert "Parts of one cause" in page
    assert page.count("+$150.00") == 2
    assert "EC2" in alice_browser.get("/anomalies?account=aws:222").text


def test_an_admin_sets_the_floor_of_anomalies(
    alice_browser: Browser, bob_browser: Browser, lake: Lake, session: Session, acme: Organization
) -> None:
    make_anomaly(session, acme)
    path, form = "/settings/organization/floors", "/settings/organization"
    assert bob_browser.post(path, form=form, currency="USD", floor="301").status_code == 403
    wrong = alice_browser.post(path, form=form, currency="USD", floor="cheap")
    assert (wrong.status_code, "give a plain number" in refusal(wrong.text)) == (400, True)
    assert "EC2" in alice_browser.get("/anomalies").text
    alice_browser.post(path, form=form, currency="USD", floor="301")
    assert "$301.00 set" in text(alice_browser.get(form).text)
    page = text(alice_browser.get("/anomalies").text)
    assert "No matching anomalies" in page
    assert "The floor is $301.00" in page
    assert "EC2" in alice_browser.get("/anomalies?floor=below").text
    alice_browser.post(path, form=form, currency="USD", floor="")
    assert "EC2" in alice_browser.get("/anomalies").text


def listed(page: str) -> list[str]:
    """The services of the anomalies in the list."""
    return [text(name) for name in re.findall(r'class="row-link"[^>]*>(.*?)</a>', page)]


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ("", ["Lambda"]),
        ("?status=all&order_by=-date", ["Athena", "Lambda"]),
        ("?status=resolved", ["Athena"]),
        ("?severity=low", ["Lambda"]),
        ("?severity=critical", []),
        ("?status=all&account=aws:222", ["Athena"]),
        ("?status=all&account=aws:111&account=aws:222&order_by=-date", ["Athena", "Lambda"]),
        ("?status=all&service_name=Lambda", ["Lambda"]),
        ("?status=all&start_date=2026-03-03", ["Athena"]),
        ("?status=all&end_date=2026-03-02", ["Lambda"]),
        ("?status=all&range=last_7_days", []),
        ("?status=all&account=&page=2", []),
    ],
)
def test_the_list_is_narrowed_as_the_api_s(
    alice_browser: Browser, session: Session, acme: Organization, params: str, names: list[str]
) -> None:
    clock.configure("2026-03-20T12:00:00Z")
    make_anomaly(session, acme, service_name="Lambda", severity="low")
    make_anomaly(
        session, acme, service_name="Athena", severity="critical", status="resolved",
        day=date(2026, 3, 3), sub_account_id="222",
    )  # fmt: skip
    page = alice_browser.get(f"/anomalies{params}").text
    assert listed(page) == names
    if params and "page" not in params:  # every choice can be changed without losing the others
        assert all(pair in unquote("".join(links(page))) for pair in params[1:].split("&"))


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ("status=nonsense", "status"),
        ("severity=huge", "severity"),
        ("account=111", "account"),
        ("start_date=2026-03-09&end_date=2026-03-01", "end_date"),
        ("range=last_7_days&start_date=2026-03-01", "range"),
        ("page=0", "page"),
        ("page=1&page=2", "page"),
        ("colour=red", "colour"),
    ],
)
def test_a_wrong_choice_of_anomalies_is_named(
    alice_browser: Browser, params: str, word: str
) -> None:
    answer = alice_browser.get(f"/anomalies?{params}")
    assert answer.status_code == 400
    assert word in answer.text


def test_detection_on_demand_shows_what_it_would_keep(
    alice_browser: Browser, bob_browser: Browser, lake: Lake, session: Session
) -> None:
    days = [date(2026, 3, day) for day in range(1, 20)]
    lake.deliver(
        *(Charge(day=d, effective_cost=Decimal(900 if d.day == 15 else 100)) for d in days)
    )
    fields = {"method": "rolling_z_score", "threshold": "3", "lookback_days": ""}
    look = alice_browser.post("/anomalies/detect", form="/anomalies", **fields, dry_run="1")
    assert "Preview of detection" in look.text
    assert "15 Mar 2026" in look.text
    assert latest(session).scalars(select(Anomaly)).all() == []
    kept = alice_browser.post("/anomalies/detect", form="/anomalies", **fields)
    assert "Detection results" in kept.text
    assert len(latest(session).scalars(select(Anomaly)).all()) == 1
    assert "Detect now" not in bob_browser.get("/anomalies").text
    form = "/settings/organization"
    assert bob_browser.post("/anomalies/detect", form=form, **fields).status_code == 403


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"method": "guess"}, "method"),
        ({"method": "adaptive", "lookback_days": "0"}, "lookback_days"),
        ({"method": "adaptive", "threshold": "nan"}, "threshold"),
        ({"method": "adaptive", "start_date": "2026-03-09", "end_date": "2026-03-01"}, "end_date"),
    ],
)
def test_a_wrong_wish_is_refused_on_the_page(
    alice_browser: Browser, lake: Lake, fields: dict[str, str], words: str
) -> None:
    answer = alice_browser.post("/anomalies/detect", form="/anomalies", **fields)
    assert answer.status_code == 400
    assert words in refusal(answer.text)


def test_the_dashboard_marks_and_lists_what_is_unusual_and_the_budgets(
    alice_browser: Browser, lake: Lake, session: Session, acme: Organization
) -> None:
    lake.deliver(*on(Charge(effective_cost=Decimal(310)), date(2026, 3, 2), date(2026, 3, 9)))
    make_budget(alice_browser)
    row = make_anomaly(session, acme)
    page = alice_browser.get("/").text
    assert f'href="/anomalies/{row.id}"' in page
    assert page.count('class="mark"') == 1
    assert "unusual: EC2" in text(page)
    assert "Web team" in page
    narrowed = alice_browser.get("/?service_name=EC2").text
    assert 'class="mark"' not in narrowed


# Jobs that were given up ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "page", "words"),
    [
        ("detect_anomalies", "/anomalies", "The last search for anomalies failed"),
        ("check_budgets", "/budgets", "The last check of the budgets failed"),
        ("demo", "/imports", "The bills of Acme Cloud could not be made"),
    ],
)
def test_a_job_that_was_given_up_is_said_where_a_person_looks_until_one_is_done(
    alice_browser: Browser, lake: Lake, session: Session, kind: str, page: str, words: str
) -> None:
    assert words not in alice_browser.get(page).text
    queue.enqueue_once(session, kind, lake.organization.id)
    failed = queue.claim(session, kinds=[kind])
    assert failed is not None
    queue.give_up(session, failed, "killed")
    assert words in alice_browser.get(page).text
    queue.enqueue_once(session, kind, lake.organization.id)
    done = queue.claim(session, kinds=[kind])
    assert done is not None
    queue.finish(session, done)
    assert words not in alice_browser.get(page).text
