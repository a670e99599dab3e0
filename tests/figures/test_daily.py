"""Daily spend: closed forms, and what partial days may not touch."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.errors import Invalid
from costoptix.figures.daily import Day, count_for_most, daily_spend, figures, weekly_trend
from costoptix.figures.trends import Change, Trend
from tests.support.lake import TODAY, Charge, Lake, query

MONDAY = date(2026, 3, 2)
amounts = st.decimals(-1000, 1000, places=2)


def days(*costs: int | str, complete: int | None = None) -> tuple[Day, ...]:
    """Days from a Monday on, of which the first ``complete`` are complete (all when None)."""
    return tuple(
        Day(MONDAY + timedelta(days=i), Decimal(cost), complete is None or i < complete)
        for i, cost in enumerate(costs)
    )


def test_a_partial_day_is_in_the_total_and_nowhere_else():
    found = figures("USD", days(10, 20, 999, complete=2), [])
    assert found.total == 1029
    assert found.complete_days == 2
    assert found.average == 15
    assert found.peak.amount == 20
    assert found.lowest.amount == 10
    assert found.day_over_day == Change(Decimal(10), Decimal(20))
    assert found.weekday_average == 15


def test_no_complete_day_leaves_only_the_total():
    found = figures("USD", days(5, complete=0), [])
    assert found.total == 5
    assert (found.average, found.peak, found.lowest, found.day_over_day) == (None,) * 4
    assert (found.trend, found.weekday_average, found.weekend_average) == (None,) * 3


def test_a_day_without_charges_counts_in_the_average_but_is_not_the_lowest():
    found = figures("USD", days(0, 9, 3), [])
    assert found.average == 4
    assert found.lowest.amount == 3


def test_a_day_of_credit_is_the_lowest_and_lowers_the_average():
    found = figures("USD", days(10, -4), [])
    assert found.average == 3
    assert found.lowest.amount == -4
    assert found.day_over_day.amount == -14


def test_of_equal_days_the_latest_is_named():
    found = figures("USD", days(7, 7), [])
    assert found.peak.date == found.lowest.date == MONDAY + timedelta(days=1)


def test_weekends_have_an_average_of_their_own():
    found = figures("USD", days(*[10] * 5, 4, 2), [])
    assert (found.weekday_average, found.weekend_average) == (10, 3)


def test_a_trend_needs_two_weeks():
    assert weekly_trend([Decimal(1)] * 13) is None
    assert weekly_trend([Decimal(1)] * 14) is Trend.STABLE


def test_weekends_are_no_trend():
    week = [Decimal(n) for n in (10, 10, 10, 10, 10, 1, 1)]
    for start in range(7):
        assert weekly_trend((week * 5)[start : start + 28]) is Trend.STABLE


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ("104.9", Trend.STABLE), ("105", Trend.INCREASING), ("95.1", Trend.STABLE),
        ("95", Trend.DECREASING),
    ],
)  # fmt: skip
def test_five_percent_between_the_halves_is_a_trend(later, expected):
    assert weekly_trend([Decimal(100)] * 7 + [Decimal(later)] * 7) is expected


def test_a_trend_from_nothing_and_from_credit_has_a_direction():
    assert weekly_trend([Decimal(0)] * 7 + [Decimal(1)] * 7) is Trend.INCREASING
    assert weekly_trend([Decimal(-2)] * 7 + [Decimal(-1)] * 7) is Trend.INCREASING
    assert weekly_trend([Decimal(-1)] * 7 + [Decimal(-2)] * 7) is Trend.DECREASING


def test_few_services_make_most_of_the_cost():
    assert count_for_most([]) == 0
    assert count_for_most([Decimal(n) for n in (10, 70, 10, 10)]) == 2
    assert count_for_most([Decimal(80), Decimal(20), Decimal(-500)]) == 1
    assert count_for_most([Decimal(-1)]) == 0


@given(st.lists(amounts, min_size=1, max_size=90), st.data())
def test_what_is_not_complete_changes_the_total_only(costs, data):
    complete = data.draw(st.integers(0, len(costs)))
    whole = figures("USD", days(*costs[:complete]), [])
    more = figures("USD", days(*costs, complete=complete), [])
    assert replace(more, days=whole.days, total=whole.total) == whole
    assert more.total == sum(costs)


def test_days_are_known_from_the_first_charge_on(lake: Lake):
    """Days before the first bill are not zero: the average leaves them out."""
    lake.deliver(*(Charge(day=date(2026, 3, d), effective_cost=Decimal(d)) for d in range(11, 20)))
    asked = query(("start_date", "2026-03-01"), ("end_date", "2026-03-20"))
    (found,) = daily_spend(lake.question, asked, "effective_cost")
    assert [day.date.day for day in found.days if day.is_complete] == list(range(11, 19))
    assert found.average == Decimal("14.5")
    assert found.total == sum(range(11, 20))
    assert len(found.days) == 20


def test_each_currency_has_days_of_its_own(lake: Lake):
    lake.deliver(
        Charge(day=date(2026, 3, 2)),
        Charge(day=date(2026, 3, 4), billing_currency="EUR", effective_cost=Decimal(7)),
        Charge(day=date(2026, 3, 4), service_name="S3"),
    )
    found = daily_spend(lake.question, query(), "effective_cost")
    assert [(each.currency, each.total, each.services) for each in found] == [
        ("EUR", 7, 1), ("USD", 2, 2),
    ]  # fmt: skip
    assert found[0].average == Decimal(0)  # of two complete days without charges


def test_more_than_90_days_are_refused(lake: Lake):
    first = TODAY - timedelta(days=90)
    asked = query(("start_date", first.isoformat()), ("end_date", TODAY.isoformat()))
    with pytest.raises(Invalid, match="90 days"):
        daily_spend(lake.question, asked, "effective_cost")
    assert daily_spend(lake.question, query(), "effective_cost") == []
