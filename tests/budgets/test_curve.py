"""The curve of a budget: what is spent is added up, and what is expected goes on from there."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from costoptix.budgets.curve import curve
from costoptix.budgets.drafts import BudgetPeriod
from costoptix.budgets.figures import Terms
from costoptix.money import Amount
from costoptix.periods import DateRange
from costoptix.series.forecast import Horizon, forecast

TODAY = date(2026, 3, 20)
COMPLETE = DateRange(date(2025, 11, 1), date(2026, 3, 19))
BY_DAY = {
    day: Amount(10 + day.day % 3) for day in DateRange(COMPLETE.first, COMPLETE.last)
} | {TODAY: Amount("0.5")}  # fmt: skip


def terms(period: BudgetPeriod = BudgetPeriod.MONTHLY, amount: str = "310") -> Terms:
    return Terms(Amount(amount), period, Decimal(80), Decimal(95))


def test_what_is_spent_is_added_up_through_today() -> None:
    days = curve(terms(), BY_DAY, COMPLETE, None, TODAY).days
    spent = [one.spent for one in days if one.spent is not None]
    assert [one.day for one in days] == list(DateRange(date(2026, 3, 1), date(2026, 3, 31)))
    assert len(spent) == 20
    assert spent[-1] == sum(amount for day, amount in BY_DAY.items() if day.month == 3)
    assert [one.is_complete for one in days].count(True) == 19
    assert (days[0].pace, days[-1].pace) == (10, 310)


def test_the_month_ends_where_the_forecast_of_the_month_does() -> None:
    ahead = forecast([(day, BY_DAY[day]) for day in COMPLETE], Horizon.MONTH_END)
    shown = curve(terms(), BY_DAY, COMPLETE, None, TODAY)
    assert shown.end is not None
    assert (shown.end.expected, shown.end.low, shown.end.high) == (
        ahead.expected, ahead.low, ahead.high,
    )  # fmt: skip
    coming = [one.coming for one in shown.days if one.coming is not None]
    assert len(coming) == 12  # from today, which is not complete
    assert all(one.low is not None and one.low <= one.expected <= (one.high or 0) for one in coming)
    base = sum(amount for day, amount in BY_DAY.items() if day.month == 3 and day < TODAY)
    assert all((one.low or 0) >= base for one in coming)


def test_beyond_ninety_days_it_goes_on_without_a_range() -> None:
    days = curve(terms(BudgetPeriod.YEARLY), BY_DAY, COMPLETE, None, TODAY).days
    assert days[-1].day == date(2026, 12, 31)
    with_range = [one.day for one in days if one.coming and one.coming.low is not None]
    assert with_range[-1] == COMPLETE.last + timedelta(days=90)
    assert all(one.coming for one in days if one.day > COMPLETE.last)
    expected = [one.coming.expected for one in days if one.coming]
    assert expected == sorted(expected)


@pytest.mark.parametrize(
    ("by_day", "complete", "today"),
    [
        ({}, None, TODAY),
        ({TODAY: Amount(3)}, None, TODAY),
        (BY_DAY, COMPLETE, date(2026, 12, 31)),  # the data end long before
    ],
)
def test_without_days_to_go_by_nothing_is_expected(
    by_day: dict[date, Amount], complete: DateRange | None, today: date
) -> None:
    shown = curve(terms(), by_day, complete, None, today)
    assert shown.end is None
    assert len(shown.days) == 31


def test_bills_that_are_late_leave_a_gap_that_the_period_does_not_count() -> None:
    """The last complete day is 19 March, and the period begins on 1 April."""
    shown = curve(terms(), BY_DAY, COMPLETE, None, date(2026, 4, 2))
    first, last = shown.days[0].coming, shown.end
    assert first is not None
    assert last is not None
    assert 8 < first.expected < 14
    assert 240 < last.expected < 420
    assert first.low is not None
    assert first.low >= 0


@pytest.mark.parametrize("today", [date(2026, 3, 1), date(2026, 3, 31), date(2028, 2, 29)])
def test_any_day_can_be_today(today: date) -> None:
    days = DateRange(today - timedelta(days=60), today - timedelta(days=1))
    shown = curve(terms(), dict.fromkeys(days, Amount(1)), days, Amount(50), today)
    assert shown.end is not None
    assert shown.days[-1].pace == 310


def test_credits_go_below_zero() -> None:
    by_day = {day: Amount(-5) for day in COMPLETE}
    shown = curve(terms(), by_day, COMPLETE, Amount(0), TODAY)
    assert shown.end is not None
    assert shown.end.expected < 0
    assert shown.end.low is not None
    assert shown.end.low <= shown.end.expected
