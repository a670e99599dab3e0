"""The portfolio: shares, the score and its parts, sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.figures.portfolio import (
    Portfolio,
    Risk,
    concentration,
    insights,
    portfolio_health,
    portfolios,
)
from costoptix.figures.trends import Change, Health
from costoptix.money import total
from tests.support.lake import Charge, Lake, on, query

MARCH = (("start_date", "2026-03-09"), ("end_date", "2026-03-20"))
DAYS = [date(2026, 3, day) for day in range(1, 20)]
HEALTHY = Health(0, 0, 4)


def portfolio(lake: Lake, *charges: Charge) -> Portfolio:
    lake.deliver(*charges)
    (found,) = portfolios(lake.question, query(*MARCH), "effective_cost")
    return found


def spend(account: str, cost: int, **facts) -> list[Charge]:
    charge = Charge(sub_account_id=account, effective_cost=Decimal(cost), **facts)
    return list(on(charge, *DAYS))


def test_accounts_have_shares_averages_and_services(lake: Lake):
    found = portfolio(lake, *spend("1", 6), *spend("1", 2, service_name="S3"), *spend("2", 2))
    first, second = found.accounts
    assert (first.group, first.total, first.share) == (("AWS", "1", "prod"), 88, 80)
    assert (first.daily_average, first.services, first.cost_per_service) == (8, 2, 44)
    assert (second.total, second.share, second.services) == (22, 20, 1)
    assert found.total == 110
    assert found.daily_average == 10
    assert found.projected_monthly == 300


def test_the_last_day_is_in_the_total_and_not_in_the_average(lake: Lake):
    found = portfolio(lake, *spend("1", 1), Charge(day=DAYS[-1], effective_cost=Decimal(900)))
    assert found.total == 911
    assert found.daily_average == 1


def test_services_of_one_name_are_one_service_in_all_accounts(lake: Lake):
    found = portfolio(
        lake, *spend("1", 6), *spend("2", 3), *spend("3", 1, provider_name="Microsoft")
    )
    (service,) = found.services
    assert (service.name, service.total, service.accounts) == ("EC2", 110, 3)
    assert service.providers == ("AWS", "Microsoft")


def test_a_renamed_account_stays_one_account(lake: Lake):
    lake.deliver(*spend("1", 1)[:12])
    found = portfolio(lake, *(replace(c, sub_account_name="new") for c in spend("1", 1)[12:]))
    assert len(found.accounts) == 1


@pytest.mark.parametrize(
    ("costs", "risk"),
    [
        ((50, 50), Risk.HIGH), ((49, 26, 25), Risk.MEDIUM), ((30, 24, 23, 23), Risk.MEDIUM),
        ((29, 24, 24, 23), Risk.LOW), ((1,), Risk.HIGH),
    ],
)  # fmt: skip
def test_the_largest_share_is_the_risk(lake: Lake, costs, risk):
    spent = [charge for account, cost in enumerate(costs) for charge in spend(str(account), cost)]
    assert portfolio(lake, *spent).concentration.risk is risk


def test_a_credit_does_not_make_the_largest_share_larger(lake: Lake):
    credit = spend("3", -90, charge_category="Credit")
    found = portfolio(lake, *spend("1", 60), *spend("2", 40), *credit)
    assert found.concentration.share == 60
    assert found.total == 110


def test_all_credit_has_no_concentration(lake: Lake):
    found = portfolio(lake, *spend("1", -5))
    assert found.concentration is None
    assert found.total == -55
    assert found.accounts[0].share == 100
    assert insights(found) == []


def test_no_bills_no_portfolio(lake: Lake):
    assert portfolios(lake.question, query(*MARCH), "effective_cost") == []
    assert concentration([]) is None


@pytest.mark.parametrize(
    ("largest", "change", "services", "score"),
    [
        (None, None, None, 100),
        (Decimal(30), Change(Decimal(10), Decimal(9)), HEALTHY, 100),
        (Decimal(100), None, None, 60),
        (Decimal(65), None, None, 80),
        (Decimal(0), Change(Decimal(100), Decimal(125)), HEALTHY, 85),
        (Decimal(0), Change(Decimal(100), Decimal(900)), HEALTHY, 70),
        (Decimal(0), Change(Decimal(0), Decimal(900)), HEALTHY, 100),
        (Decimal(0), None, Health(1, 2, 1), 85),
        (Decimal(100), Change(Decimal(1), Decimal(2)), Health(3, 0, 0), 0),
    ],
)
def test_the_score_is_what_the_formula_says(largest, change, services, score):
    assert portfolio_health(largest, change, services).score == score


percents = st.none() | st.decimals(0, 100, places=3)
amounts = st.decimals(-1000, 1000, places=2)
counts = st.integers(0, 50)


@given(
    percents,
    st.none() | st.builds(Change, amounts, amounts),
    st.builds(Health, counts, counts, counts),
)
def test_the_score_lies_between_0_and_100_and_is_100_less_its_points(largest, change, services):
    found = portfolio_health(largest, change, services)
    assert 0 <= found.score <= 100
    points = total([found.concentration, found.growth, found.services])
    assert abs(100 - points - found.score) <= Decimal("0.5")


def test_what_stands_out_is_said_in_sentences(lake: Lake):
    found = portfolio(lake, *spend("1", 6), *spend("2", 3), *spend("2", 1, service_name="S3"))
    assert insights(found) == [
        "prod (AWS) alone accounts for 60.0% of the cost.",
        "1 of 2 services makes 80% of the cost.",
        "EC2 runs in 2 accounts, for 90.0% of the cost.",
    ]


def test_growth_is_said_and_compared_over_complete_days(lake: Lake):
    lake.deliver(
        *on(Charge(effective_cost=Decimal(10)), *(date(2026, 2, d) for d in range(20, 29)))
    )
    found = portfolio(lake, *spend("1", 20))
    before = 8 * 20 + 2 * 10  # 27 and 28 Feb, 1 to 8 March
    assert found.change == Change(Decimal(before), Decimal(200))
    assert "Spend rose by 11.1% against the days before." in insights(found)
