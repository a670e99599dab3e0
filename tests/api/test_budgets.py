"""/budgets at the door, where one budget among many is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock
from costoptix.models import Budget, Event, Job, Organization
from tests.api.conftest import Api
from tests.support.budgets import TOO_MANY_RULES, judge, keep_budget, statements
from tests.support.lake import Charge, Lake, open_writer

BUDGET = {"name": "Web", "amount": "100.50", "currency": "USD"}
HUGE = Decimal("9e19")
TAGS = "{" + ", ".join(f'"key{number}": "v1"' for number in range(5)) + "}"


@pytest.fixture
def lake(app: Flask, session: Session, acme: Organization) -> Iterator[Lake]:
    """The lake of the application, as acme's."""
    clock.configure("2026-03-20T12:00:00Z")
    with open_writer() as writer:
        yield Lake(session, app.extensions["cost_store"], writer, acme)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"tag_rules": TOO_MANY_RULES}, "tag_rules"),
        ({"charge_categories": ["Usage"] * 600}, "charge_categories"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_it_is_kept(
    api: Api, lake: Lake, session: Session, values: dict[str, Any], field: str
) -> None:
    lake.deliver(Charge(tags=TAGS))
    budget = api.post("/budgets", json=BUDGET | {"name": "Other"}).get_json()["data"]
    for method, path in (("POST", "/budgets"), ("PATCH", f"/budgets/{budget['id']}")):
        body = BUDGET | values if method == "POST" else values
        answer = api(method, path, json=body)
        assert answer.status_code == 400
        assert field in answer.get_json()["error"]
        session.rollback()
        (kept,) = session.scalars(select(Budget))
        assert (kept.name, kept.tag_rules, kept.charge_categories) == ("Other", [], [])
        assert api.get("/budgets").status_code == 200


def test_a_budget_whose_costs_are_too_large_to_add_up_is_refused_before_it_is_kept(
    api: Api, lake: Lake, session: Session
) -> None:
    lake.deliver(Charge(billed_cost=HUGE, effective_cost=HUGE))
    lake.deliver(Charge(billed_cost=HUGE, effective_cost=HUGE), source="others")
    answer = api.post("/budgets", json=BUDGET)
    assert answer.status_code == 400
    assert "20 digits" in answer.get_json()["error"]
    assert session.scalars(select(Budget)).all() == []


@pytest.mark.parametrize(
    "broken",
    [
        {"tag_rules": TOO_MANY_RULES},
        {"period": "weekly"},
        {"account": "aws"},
        {"tag_rules": [{"key": "a,b", "operator": "=", "values": ["x"]}]},
        {"warning_threshold": Decimal(200)},
    ],
)
def test_a_kept_budget_that_cannot_be_computed_says_so_and_the_others_are_right(
    api: Api, lake: Lake, session: Session, acme: Organization, config: Config,
    broken: dict[str, Any],
) -> None:  # fmt: skip
    lake.deliver(Charge(billed_cost=Decimal(85)))
    bad = keep_budget(session, acme, name="A broken one", **broken)
    good = keep_budget(session, acme, name="Web")
    judge(session, acme, config)
    assert session.scalars(select(Event.name)).all() == ["budget.warning"]
    assert {job.state for job in session.scalars(select(Job))} == {"done"}
    first, second = api.get("/budgets").get_json()["data"]
    assert (first["id"], first["state"], first["current_spend"]) == (bad.id, None, None)
    assert first["error"].startswith("cannot be computed: ")
    assert (second["id"], second["state"], second["current_spend"]) == (good.id, "warning", "85")
    assert second["error"] is None
    details = api.get(f"/budgets/{bad.id}").get_json()["data"]
    assert (details["error"], details["history"]) == (first["error"], [])
    check = api.get(f"/budgets/{bad.id}/check")
    assert check.status_code == 409
    assert "cannot be computed" in check.get_json()["error"]
    mended = {"tag_rules": [], "period": "monthly", "account": None, "warning_threshold": "80"}
    answer = api("PATCH", f"/budgets/{bad.id}", json=mended)
    assert (answer.status_code, answer.get_json()["data"]["state"]) == (200, "warning")
    assert api.get("/budgets").get_json()["data"][0]["error"] is None


def test_a_budget_whose_costs_grew_too_large_breaks_alone(
    api: Api, lake: Lake, session: Session, acme: Organization, config: Config
) -> None:
    """The sum over all accounts no longer fits, the sum of one of them does."""
    huge = Charge(billed_cost=HUGE, sub_account_id="222")
    lake.deliver(huge, Charge(billed_cost=Decimal(85)))
    lake.deliver(huge, source="others")
    keep_budget(session, acme, name="All")
    keep_budget(session, acme, name="Of one account", account="aws:111")
    judge(session, acme, config)
    everything, one = api.get("/budgets").get_json()["data"]
    assert "20 digits" in everything["error"]
    assert (one["error"], one["state"], one["current_spend"]) == (None, "warning", "85")
    assert session.scalars(select(Event.name)).all() == ["budget.warning"]


def test_listing_budgets_asks_the_cost_store_nothing(
    api: Api, lake: Lake, session: Session, acme: Organization, config: Config
) -> None:
    lake.deliver(Charge(billed_cost=Decimal(85)))
    for number in range(30):
        keep_budget(session, acme, name=f"Budget {number:02}", amount=Decimal(number + 1))
    judge(session, acme, config)
    with statements() as asked:
        first = api.get("/budgets?limit=20").get_json()
        rest = api.get(f"/budgets?limit=20&cursor={first['meta']['next_cursor']}").get_json()
    assert asked == []
    listed = first["data"] + rest["data"]
    assert [each["name"] for each in listed] == [f"Budget {number:02}" for number in range(30)]
    assert {each["current_spend"] for each in listed} == {"85"}
    assert rest["meta"]["next_cursor"] is None
