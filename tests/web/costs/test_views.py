"""Saved views on pages: the list, the sidebar, and saving what the explorer asks."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller, Permission
from costoptix.models import Organization, SavedView, User
from costoptix.views import drafts, listing, service
from costoptix.views.drafts import ViewDraft
from tests.support.lake import Charge, Lake
from tests.support.pages import Browser, latest

STATE = "range=last_3_months&group_by=service_name&metric=billed_cost&compare=none"


@pytest.fixture
def bill(lake: Lake) -> None:
    lake.deliver(
        Charge(billed_cost=Decimal(20), tags='{"team":"web"}'),
        Charge(service_name="S3", region_id="us-east-1"),
    )


def keep(
    session: Session, organization: Organization, caller: Caller, name: str = "Services",
    question: str = "range=last_3_months&group_by=service_name", **values: object,
) -> SavedView:  # fmt: skip
    draft = ViewDraft(name=name, question=question, **values)
    return service.create(session, organization, caller, draft)


def state_in(text: str) -> str:
    match = re.search(r'name="state"\s+value="([^"]*)"', text)
    assert match
    return unescape(match[1])


def test_what_the_explorer_asks_is_saved_and_opened_again(
    session: Session, alice_browser: Browser, bill: None
) -> None:
    page = alice_browser.get(f"/costs?{STATE}&limit=50")
    state = state_in(page.text)
    assert state == STATE
    saved = alice_browser.post("/views", form="/costs", name="Ours", shared="1", state=state)
    view = session.scalars(select(SavedView)).one()
    assert (view.question, view.metric) == (
        "range=last_3_months&group_by=service_name",
        "billed_cost",
    )
    assert (view.compare, view.shared) == ("none", True)
    assert saved.headers["Location"] == f"/costs?view={view.id}"
    opened = alice_browser.get(saved.headers["Location"])
    assert "<bdi>Ours</bdi>" in opened.text
    assert ">changed<" not in opened.text
    assert state_in(opened.text) == state
    # The links of the page say the whole question, and where it came from.
    links = re.findall(r'href="(/costs\?[^"]*group_by=region_id[^"]*)"', opened.text)
    assert all(f"from_view={view.id}" in link for link in links)
    changed = alice_browser.get(unescape(links[0]))
    assert ">changed<" in changed.text
    assert ">Update<" in changed.text


def test_an_update_keeps_what_is_asked_now(
    session: Session, acme: Organization, admin: Caller, alice_browser: Browser, bill: None
) -> None:
    view = keep(session, acme, admin)
    state = "range=last_3_months&group_by=region_id&complete_days=1&order_by=-change"
    path = f"/views/{view.id}/question"
    answer = alice_browser.post(path, form="/costs", state=state, version="1")
    assert answer.headers["Location"] == f"/costs?view={view.id}"
    latest(session).refresh(view)
    assert (view.question, view.complete_days, view.table_order, view.compare) == (
        "range=last_3_months&group_by=region_id", True, "-change", "previous",
    )  # fmt: skip
    page = alice_browser.get(answer.headers["Location"])  # whose days are not complete: empty
    opened = parse_qs(state_in(page.text))
    assert opened == parse_qs(state)


def test_of_two_who_update_a_view_the_second_keeps_what_they_asked(
    session: Session, acme: Organization, admin: Caller, alice_browser: Browser, bill: None
) -> None:
    view = keep(session, acme, admin)
    path = f"/views/{view.id}/question"
    for _ in range(2):
        answer = alice_browser.post(path, form="/costs", state="range=last_month", version="1")
    assert answer.status_code == 409
    assert "Somebody has changed this view since you opened it" in answer.text
    assert state_in(answer.text) == "range=last_month"
    assert 'name="version" value="2"' in answer.text
    renamed = alice_browser.post(f"/views/{view.id}", form="/costs", name="Other", version="1")
    assert renamed.status_code == 409
    assert 'value="Other"' in renamed.text


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"name": ""}, 400, "Name: it must not be empty"),
        ({"name": "x" * 300}, 400, "Name: at most 100 characters"),
        ({"name": "a\u202eb"}, 400, "Name: control characters"),
        ({"name": "Taken"}, 409, "Name: there is already a view called Taken"),
        ({"name": "n", "state": "group_by=colour"}, 400, "group_by must be one of"),
        ({"name": "n", "state": "sku_id=&" * 502}, 400, "At most 500"),
        ({"name": "n", "shared": "yes"}, 400, "shared"),
    ],
)
def test_a_view_that_cannot_be_saved_says_why_and_keeps_what_was_typed(
    session: Session, acme: Organization, admin: Caller, alice_browser: Browser,
    fields: dict[str, str], status: int, sentence: str,
) -> None:  # fmt: skip
    keep(session, acme, admin, "Taken")
    values = {"state": "range=last_month&group_by=region_id"} | fields
    answer = alice_browser.post("/views", form="/settings/organization", **values)
    assert answer.status_code == status
    assert re.search(sentence, answer.text)
    assert state_in(answer.text) == values["state"]
    assert session.query(SavedView).count() == 1


def test_a_member_keeps_views_and_cannot_share_them(
    session: Session, acme: Organization, admin: Caller, bob: User, bob_browser: Browser, bill: None
) -> None:
    assert 'name="shared"' not in bob_browser.get("/costs").text
    for shared, status in (("1", 403), ("", 302)):
        answer = bob_browser.post("/views", form="/costs", name="Mine", state=STATE, shared=shared)
        assert answer.status_code == status
    ours = keep(session, acme, admin, "Ours", shared=True)
    detail = bob_browser.get(f"/views/{ours.id}").text
    assert "Its owner and admins can change it." in detail
    for path, fields in (("", {"name": "x"}), ("/delete", {}), ("/question", {"state": STATE})):
        refused = bob_browser.post(f"/views/{ours.id}{path}", form="/costs", **fields)
        assert refused.status_code == 403, path
    assert {view.name for view in latest(session).scalars(select(SavedView))} == {"Mine", "Ours"}


def test_somebodys_own_view_is_not_there_for_others(
    session: Session, acme: Organization, bob: User, alice_browser: Browser, bill: None
) -> None:
    caller = Caller(acme.id, Permission.READ, bob.email, user_id=bob.id)
    theirs = keep(session, acme, caller, "Secret")
    assert "Secret" not in alice_browser.get("/views").text
    nobody = "00000000-0000-4000-8000-000000000000"
    for path in ("/views/{}", "/costs?view={}", "/costs.csv?view={}", "/budgets/new?view={}"):
        answers = [alice_browser.get(path.format(one)) for one in (theirs.id, nobody)]
        assert [answer.status_code for answer in answers] == [404, 404], path
    gone = alice_browser.get(f"/costs?view={nobody}").text
    assert "There is no such view" in gone
    assert 'href="/views"' in gone
    for path in ("", "/delete", "/question"):
        answer = alice_browser.post(f"/views/{theirs.id}{path}", form="/costs", name="x")
        assert answer.status_code == 404, path
    # The bar does not speak of it either.
    assert "Secret" not in alice_browser.get(f"/costs?from_view={theirs.id}").text


def test_the_list_is_sorted_and_paged_and_the_sidebar_bounded(
    session: Session, acme: Organization, admin: Caller, alice_browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    empty = alice_browser.get("/views").text
    assert "No saved views yet" in empty
    monkeypatch.setattr("costoptix.web.costs.views.PER_PAGE", 2)
    monkeypatch.setattr(listing, "IN_SIDEBAR", 1)
    for name in ("beta", "Alpha", "<script>alert(1)</script>"):
        keep(session, acme, admin, name, shared=name == "beta")
    first = alice_browser.get("/views").text
    rows = re.findall(r'class="row-link" href="[^"]*"><bdi>([^<]*)</bdi>', first)
    assert rows == ["&lt;script&gt;alert(1)&lt;/script&gt;", "Alpha"]
    assert first.count("<bdi>beta</bdi>") == 0
    assert "<bdi>beta</bdi>" in alice_browser.get("/views?page=2").text
    for order in listing.ViewOrder:
        assert alice_browser.get(f"/views?order_by={order}").status_code == 200
    down = alice_browser.get("/views?order_by=-shared").text
    assert re.findall(r'class="row-link" href="[^"]*"><bdi>([^<]*)</bdi>', down)[0] == "beta"
    for wrong in ("order_by=colour", "page=0", "page=x", "q=1", "page=1&page=2"):
        assert alice_browser.get(f"/views?{wrong}").status_code == 400


def test_what_of_a_view_is_gone_is_said(
    session: Session, acme: Organization, admin: Caller, alice_browser: Browser, bill: None
) -> None:
    view = keep(
        session, acme, admin,
        question="range=last_3_months&group_by=tag:gone,service_name,region_id&order_by=region_id",
    )  # fmt: skip
    page = alice_browser.get(f"/costs?view={view.id}")
    assert page.status_code == 200
    assert "No charge has the tag gone any more." in page.text
    assert "It groups by 3; this page has room for the first 2." in page.text
    assert ">changed<" not in page.text
    view.question = "range=last_3_months&group_by=colour"
    session.commit()
    refused = alice_browser.get(f"/costs?view={view.id}")
    assert refused.status_code == 400
    assert "cannot be asked any more: group_by must be one of" in refused.text
    assert f'href="/views/{view.id}"' in refused.text
    assert "cannot be asked" in alice_browser.get("/views").text
    assert alice_browser.get(f"/views/{view.id}").status_code == 200
    deleted = alice_browser.post(f"/views/{view.id}/delete", form="/views")
    assert deleted.headers["Location"] == "/views"


def test_an_address_changes_what_a_view_asks(
    session: Session, acme: Organization, admin: Caller, alice_browser: Browser, bill: None
) -> None:
    view = keep(session, acme, admin, table_order="-change", metric="list_cost")
    page = alice_browser.get(f"/costs?view={view.id}&group_by=region_id&start_date=2026-03-01")
    state = parse_qs(state_in(page.text))
    assert state["group_by"] == ["region_id"]
    assert state["start_date"] == ["2026-03-01"]
    assert "range" not in state
    assert "order_by" not in state
    assert state["metric"] == ["list_cost"]
    twice = alice_browser.get(f"/costs?view={view.id}&view={view.id}")
    assert twice.status_code == 400
    assert urlsplit(alice_browser.get(f"/costs?view={view.id}").request.path).path == "/costs"


def test_the_columns_of_a_view_are_shown_but_for_those_that_are_gone(
    session: Session, acme: Organization, admin: Caller, alice_browser: Browser, bill: None
) -> None:
    columns = pytest.importorskip("costoptix.web.costs.cost_columns")
    assert tuple(columns.COLUMN_TITLES) == drafts.COLUMNS
    view = keep(session, acme, admin)
    view.columns = ["total", "share", "flavour"]
    session.commit()
    page = alice_browser.get(f"/costs?view={view.id}")
    assert "Columns that are no longer there: flavour." in page.text
    assert parse_qs(state_in(page.text))["columns"] == ["total,share"]
    assert ">changed<" not in page.text
