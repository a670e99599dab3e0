"""The pages that show many budgets: one that is wrong, and very many."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix.models import Organization
from tests.support.budgets import TOO_MANY_RULES, judge, keep_budget, statements
from tests.support.cost_pages import text
from tests.support.lake import Charge, Lake
from tests.support.pages import Browser


def test_a_budget_that_cannot_be_computed_says_so_on_its_own_card(
    alice_browser: Browser, lake: Lake, session: Session, acme: Organization, config: Config
) -> None:
    lake.deliver(Charge(billed_cost=Decimal(85)))
    broken = keep_budget(session, acme, name="A broken one", tag_rules=TOO_MANY_RULES)
    keep_budget(session, acme, name="Web")
    judge(session, acme, config)
    for address in ("/", "/budgets"):
        answer = alice_browser.get(address)
        assert answer.status_code == 200
        page = text(answer.text)
        assert "A broken one" in page
        assert "annot be computed: " in page
        assert "$85.00 of $100.00 · 85.0%" in page
    path = f"/budgets/{broken.id}"
    assert "annot be computed: " in text(alice_browser.get(path).text)
    assert alice_browser.get(f"{path}/edit").status_code == 200
    assert alice_browser.post(f"{path}/delete", form=path).status_code == 302
    assert "The budget “A broken one” is deleted." in alice_browser.get("/budgets").text
    assert "A broken one" not in alice_browser.get("/budgets").text


def test_the_budgets_that_stand_worst_are_the_worst_of_all(
    alice_browser: Browser, lake: Lake, session: Session, acme: Organization, config: Config
) -> None:
    lake.deliver(Charge(billed_cost=Decimal(80)))
    for number in range(40):
        keep_budget(session, acme, name=f"Budget {number:02}", amount=Decimal(1000 + number))
    keep_budget(session, acme, name="The last by name", amount=Decimal(1))
    judge(session, acme, config)
    page = text(alice_browser.get("/").text)
    assert "The last by name exceeded $80.00 of $1.00 · 8,000.0%" in page
    assert "All 41" in page


def test_the_page_of_budgets_asks_the_cost_store_nothing(
    alice_browser: Browser, lake: Lake, session: Session, acme: Organization, config: Config
) -> None:
    lake.deliver(Charge(billed_cost=Decimal(80)))
    for number in range(60):
        keep_budget(session, acme, name=f"Budget {number:02}", amount=Decimal(1000 + number))
    judge(session, acme, config)
    with statements() as asked:
        first = alice_browser.get("/budgets").text
        second = alice_browser.get("/budgets?page=2").text
    assert asked == []
    assert [name in first for name in ("Budget 00", "Budget 49", "Budget 50")] == [1, 1, 0]
    assert [name in second for name in ("Budget 49", "Budget 50", "Budget 59")] == [0, 1, 1]


def test_a_list_says_as_of_when_its_figures_are(
    alice_browser: Browser, lake: Lake, session: Session, acme: Organization, config: Config
) -> None:
    lake.deliver(Charge(billed_cost=Decimal(80)))
    keep_budget(session, acme, name="Web")
    assert "Being computed." in alice_browser.get("/budgets").text
    judge(session, acme, config)
    assert "As of " not in alice_browser.get("/budgets").text
    lake.deliver(Charge(billed_cost=Decimal(10)), source="others")
    assert "As of " in alice_browser.get("/budgets").text
    judge(session, acme, config)
    assert "As of " not in alice_browser.get("/budgets").text


def test_a_budget_that_was_just_made_stands_in_the_list_at_once(
    alice_browser: Browser, lake: Lake
) -> None:
    lake.deliver(Charge(billed_cost=Decimal(80)))
    fields = {"name": "Web", "amount": "100", "currency": "USD"}
    assert alice_browser.post("/budgets", form="/budgets/new", **fields).status_code == 302
    assert "$80.00 of $100.00" in text(alice_browser.get("/budgets").text)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("", ["Half", "Never", "Reached", "Broken last"]),
        ("?order_by=-utilization_percent", ["Reached", "Half", "Never", "Broken last"]),
        ("?order_by=crosses_on", ["Reached", "Half", "Never", "Broken last"]),
    ],
)
def test_the_list_of_budgets_is_sorted_as_asked(
    alice_browser: Browser, lake: Lake, session: Session, acme: Organization, config: Config,
    order: str, names: list[str],
) -> None:  # fmt: skip
    lake.deliver(Charge(billed_cost=Decimal(80)))
    amounts = {"Half": 160, "Never": 10**9, "Reached": 80}
    for name, amount in amounts.items():
        keep_budget(session, acme, name=name, amount=Decimal(amount))
    keep_budget(session, acme, name="~Broken last", account="aws")
    judge(session, acme, config)
    page = alice_browser.get(f"/budgets{order}").text
    places = [page.index(f"{name}</a>") for name in names]
    assert places == sorted(places)
    assert alice_browser.get("/budgets?order_by=amount").status_code == 400
