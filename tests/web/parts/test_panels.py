"""Pages of several panels: one that cannot be computed says so, the others are shown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix.costs.accounts import account_id
from costoptix.costs.engine import Engine
from costoptix.models import Organization
from tests.anomalies.anomaly import make_anomaly
from tests.support.budgets import judge, keep_budget
from tests.support.cost_pages import text
from tests.support.lake import Charge, Lake
from tests.support.pages import Browser, latest

HUGE = Decimal("9e19")


@pytest.fixture
def huge(lake: Lake) -> Lake:
    """A lake where what two accounts cost fits into an amount, and both together do not."""
    for number in ("111", "222"):
        charge = Charge(sub_account_id=number, billed_cost=HUGE, effective_cost=HUGE)
        lake.deliver(charge, source=number)
    return lake


def test_each_panel_of_the_dashboard_fails_by_itself(
    alice_browser: Browser, huge: Lake, session: Session, acme: Organization, config: Config
) -> None:
    keep_budget(session, acme, name="Web", account="aws:111")
    make_anomaly(session, acme)
    judge(session, acme, config)
    answer = alice_browser.get("/?range=this_month")
    assert answer.status_code == 200
    page = text(answer.text)
    assert "annot be computed: these costs add up to more than 20 digits" in page.lower()
    assert "Web exceeded" in page
    assert "Open anomalies" in page
    one = alice_browser.get("/?range=this_month&account=aws:111")
    assert one.status_code == 200
    assert "annot be computed" not in one.text


def test_a_mistake_in_one_panel_leaves_the_others(
    alice_browser: Browser, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it raises: what nobody expected is logged, and the panel says so."""
    lake.deliver(Charge(effective_cost=Decimal(7)))
    read = Engine.read

    def broken(engine: Engine, sql: str, parameters: dict[str, object]) -> object:
        if "group_2" in sql or "service_name" not in sql:
            return read(engine, sql, parameters)
        raise RuntimeError("a mistake")

    monkeypatch.setattr(Engine, "read", broken)
    answer = alice_browser.get("/")
    assert answer.status_code == 200
    assert "the error was logged" in answer.text
    assert "Spend by account" in answer.text


def test_an_account_that_cannot_be_computed_says_so_and_the_others_are_right(
    alice_browser: Browser, huge: Lake
) -> None:
    huge.deliver(Charge(sub_account_id="222", billed_cost=HUGE, effective_cost=HUGE), source="more")
    huge.deliver(Charge(sub_account_id="333", effective_cost=Decimal(7)), source="others")
    answer = alice_browser.get("/accounts")
    assert answer.status_code == 200
    page = text(answer.text)
    assert "$90,000,000,000,000,000,000.00" in page
    assert "$7.00" in page
    assert "annot be computed: these costs add up to more than 20 digits" in page.lower()
    path = f"/accounts/{account_id('aws:222')}"
    assert "annot be computed" in alice_browser.get(path).text
    assert alice_browser.post(path, form=path, name="Shop").status_code == 302
    assert "Shop" in alice_browser.get("/accounts").text


def test_drivers_that_cannot_be_computed_leave_the_anomaly_to_be_judged(
    alice_browser: Browser, lake: Lake, session: Session, acme: Organization
) -> None:
    for source in ("one", "other"):
        usual = Charge(day=date(2026, 2, 10))
        lake.deliver(usual, Charge(effective_cost=HUGE), source=source)
    row = make_anomaly(session, acme)
    path = f"/anomalies/{row.id}"
    answer = alice_browser.get(path)
    assert answer.status_code == 200
    assert "annot be computed" in answer.text
    judged = alice_browser.post(path, form=path, status="resolved", note="")
    assert judged.status_code == 302
    assert latest(session).get(type(row), row.id).status == "resolved"
