"""Crossings: told once whatever the data do, asked together and no more than needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from costoptix import clock, drafts
from costoptix.access.permissions import Caller
from costoptix.budgets import crossings, service
from costoptix.budgets.drafts import BudgetDraft
from costoptix.budgets.questions import draft_of, figures_of
from costoptix.costs.answers import CostStore
from costoptix.models import Budget, Delivery, Event
from tests.support.budgets import keep_budget, statements
from tests.support.lake import TODAY, Charge, Lake, on, open_lake

FIRST = date(2026, 3, 1)


def make(lake: Lake, writer: Caller, **values: Any) -> Budget:
    """Make a budget of $100 a month."""
    usual = {"name": "All", "amount": "100", "currency": "USD"}
    draft = drafts.read(BudgetDraft, usual | values)
    return service.create(lake.session, lake.organization, writer, draft, lake.store)


def tell(lake: Lake) -> list[str]:
    """Check all budgets; return the names of every event so far."""
    budgets = lake.session.scalars(select(Budget)).all()
    crossings.tell_crossings(lake.session, lake.organization, budgets, lake.store)
    return list(lake.session.scalars(select(Event.name).order_by(Event.id)))


def bill(lake: Lake, amount: str) -> None:
    """Restate March, so that it costs this much."""
    lake.session.execute(update(Delivery).values(is_live=False))
    lake.deliver(Charge(billed_cost=Decimal(amount)))


def test_a_crossing_is_told_once_whatever_the_data_do(lake: Lake, writer: Caller) -> None:
    make(lake, writer)
    bill(lake, "79.99")
    assert tell(lake) == []
    bill(lake, "80")
    assert tell(lake) == ["budget.warning"]
    assert tell(lake) == ["budget.warning"]
    bill(lake, "10")
    assert tell(lake) == ["budget.warning"]
    bill(lake, "96")
    assert tell(lake) == ["budget.warning", "budget.critical"]
    bill(lake, "500")
    every = ["budget.warning", "budget.critical", "budget.exceeded"]
    assert tell(lake) == every
    bill(lake, "0")
    bill(lake, "500")
    assert tell(lake) == every


def test_a_new_period_begins_anew(lake: Lake, writer: Caller) -> None:
    budget = make(lake, writer)
    lake.deliver(*on(Charge(billed_cost=Decimal(85)), FIRST, date(2026, 4, 1)))
    assert tell(lake) == ["budget.warning"]
    clock.configure("2026-04-02T12:00:00Z")
    assert tell(lake) == ["budget.warning"] * 2
    newest, oldest = crossings.crossings_of(lake.session, lake.organization, budget)
    assert newest.data["period_start"] == "2026-04-01"
    assert oldest.data == {
        "budget_id": budget.id, "budget_name": "All", "budget_amount": "100", "currency": "USD",
        "account": None, "tag_rules": [], "period_start": "2026-03-01", "period_end": "2026-03-31",
        "current_spend": "85", "predicted_spend": oldest.data["predicted_spend"],
        "utilization_percent": "85", "days_remaining": 11,
    }  # fmt: skip


# Asked together ------------------------------------------------------------------------------

_ACCOUNTS = (None, "aws:111", "aws:222", "microsoft-azure:222", "azure:222")
_CATEGORIES = ((), ("Usage",), ("Credit", "Tax"))
_RULES = ((), ("web",), ("", "data"), ("nobody",))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Charges of two providers, two accounts, some categories, tags and currencies."""
    clock.configure("2026-03-20T12:00:00Z")
    charges, amount = [], Decimal("0.000000000000000001")
    for day in (date(2025, 11, 5), date(2026, 2, 3), date(2026, 3, 20)):
        for provider, account in (("AWS", "111"), ("AWS", "222"), ("Microsoft Azure", "222")):
            for category in ("Usage", "Tax", "Credit"):
                for tags in (None, '{"team":"web"}', '{"team":"data"}', '{"team":""}'):
                    for currency in ("USD", "EUR"):
                        amount = (amount * 3 + Decimal("1.01")) % 1000
                        charges.append(
                            Charge(
                                day=day, provider_name=provider, sub_account_id=account,
                                billed_cost=amount, effective_cost=-amount, tags=tags,
                                charge_category=category, billing_currency=currency,
                            )
                        )  # fmt: skip
    with open_lake(tmp_path_factory.mktemp("mixed")) as lake:
        lake.deliver(*charges)
        yield lake


_TERMS = st.fixed_dictionaries(
    {
        "account": st.sampled_from(_ACCOUNTS),
        "charge_categories": st.sampled_from(_CATEGORIES).map(list),
        "tag_rules": st.sampled_from(_RULES).map(
            lambda values: (
                [{"key": "team", "operator": "in", "values": list(values)}] if values else []
            )
        ),
        "currency": st.sampled_from(["USD", "EUR"]),
        "metric": st.sampled_from(["billed_cost", "effective_cost"]),
        "period": st.sampled_from(["monthly", "quarterly", "yearly"]),
    }
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_TERMS, min_size=2, max_size=12))
def test_budgets_asked_together_have_spent_what_each_would_alone(
    mixed: Lake, terms: list[dict[str, Any]]
) -> None:
    """To the last digit, however their filters differ."""
    budgets = [
        Budget(
            id=str(number), name=f"Budget {number}", amount=Decimal(100),
            warning_threshold=Decimal(80), critical_threshold=Decimal(95), **each,
        )
        for number, each in enumerate(terms)
    ]  # fmt: skip
    spends = {s.budget_id: s.amount for s in crossings.spends_of(mixed.question, budgets, TODAY)}
    assert spends == {
        budget.id: figures_of(mixed.question, draft_of(budget), TODAY).current_spend
        for budget in budgets
    }


def test_budgets_of_one_shape_are_asked_with_one_sum(lake: Lake, writer: Caller) -> None:
    lake.deliver(Charge(billed_cost=Decimal(70)), Charge(sub_account_id="222"))
    for number in range(40):
        account = "aws:111" if number % 2 else "aws:222"
        keep_budget(lake.session, lake.organization, name=f"Account {number}", account=account)
        keep_budget(lake.session, lake.organization, name=f"All {number}")
    with statements() as asked:
        assert tell(lake) == []
    assert len(asked) == 2


def test_the_months_before_are_asked_only_when_something_new_is_crossed(
    lake: Lake, writer: Caller
) -> None:
    lake.deliver(Charge(billed_cost=Decimal(85), sub_account_id="222"), Charge())
    for account in ("aws:111", "aws:222"):
        keep_budget(lake.session, lake.organization, name=account, account=account)
    with statements() as asked:
        assert tell(lake) == ["budget.warning"]
    assert len([sql for sql in asked if "period_start" in sql]) == 1
    fresh = replace(lake, store=CostStore(lake.store.engine.path(""), lake.store.engine.path("")))
    with statements() as asked:
        assert tell(fresh) == ["budget.warning"]
    assert len(asked) == 1


def test_a_crossing_is_told_without_a_prediction_where_the_months_before_are_too_large(
    lake: Lake, writer: Caller
) -> None:
    huge = Charge(day=date(2026, 1, 3), billed_cost=Decimal("9e19"))
    lake.deliver(huge, Charge(billed_cost=Decimal(85)))
    lake.deliver(huge, source="others")
    keep_budget(lake.session, lake.organization)
    assert tell(lake) == ["budget.warning"]
    (event,) = lake.session.scalars(select(Event))
    assert (event.data["current_spend"], event.data["predicted_spend"]) == ("85", None)
