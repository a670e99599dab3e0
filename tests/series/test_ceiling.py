"""The ceiling of a period: closed forms, fallbacks in words, and that it ends with the period."""

from datetime import date
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costoptix.periods import DateRange, month_range
from costoptix.series.ceiling import value_at_risk
from costoptix.series.forecast import ForecastMethod
from tests.support.series import FIRST, daily, noisy

seeds = st.integers(0, 10**9)
few = settings(max_examples=30, deadline=None)


def last_day(amounts):
    return amounts[-1][0]


def test_the_ceiling_of_a_constant_cost_is_its_total():
    amounts = daily(365, lambda _: 2, first=date(2025, 6, 16))
    ceiling = value_at_risk(amounts, month_range(date(2026, 6, 15)))
    assert last_day(amounts) == date(2026, 6, 15)
    assert (ceiling.amount, ceiling.method) == (60, ForecastMethod.VALUE_AT_RISK)


def test_the_ceiling_looks_at_most_eleven_months_back():
    amounts = daily(800, lambda _: 2)
    assert value_at_risk(amounts, month_range(last_day(amounts))).months == 11


def test_the_ceiling_is_the_prediction_limit_of_the_past_months():
    """Ratios 1, 1 and 2: mean 4/3, deviation 1/sqrt(3), t = 2.920; 15 days are left."""
    rest_of_may = DateRange(date(2026, 5, 16), date(2026, 5, 30))
    amounts = daily(120, lambda when: 1 + (when in rest_of_may), first=date(2026, 2, 16))
    assert last_day(amounts) == date(2026, 6, 15)
    ceiling = value_at_risk(amounts, month_range(date(2026, 6, 1)))
    assert (ceiling.method, ceiling.months) == (ForecastMethod.VALUE_AT_RISK, 3)
    limit = 4 / 3 + 2.920 / sqrt(3) * sqrt(1 + 1 / 3)
    pace = (15 * 2 + 16) / 31  # of 16 May to 15 June
    assert float(ceiling.amount) == pytest.approx(15 + 15 * pace * limit)


def test_too_few_months_are_carried_on_linearly_and_said():
    amounts = daily(40, lambda when: 3 if when >= date(2026, 2, 1) else 100)
    ceiling = value_at_risk(amounts, month_range(date(2026, 2, 1)))
    assert (ceiling.amount, ceiling.method, ceiling.months) == (84, ForecastMethod.LINEAR, 0)
    assert ceiling.note.startswith("Too little history")


def test_a_period_that_has_not_begun_is_carried_on_from_the_last_days():
    amounts = daily(20, lambda _: 3)
    assert value_at_risk(amounts, month_range(date(2026, 2, 1))).amount == 3 * 28


def test_a_complete_period_is_what_it_cost():
    amounts = daily(60, lambda _: 3)
    ceiling = value_at_risk(amounts, month_range(date(2026, 1, 5)))
    assert (ceiling.amount, ceiling.note) == (81, "The period is complete.")


def test_no_history_gives_no_ceiling():
    assert value_at_risk([], month_range(FIRST)).amount is None


@given(seed=seeds, count=st.integers(1, 400))
@few
def test_a_ceiling_is_never_below_what_is_spent(seed, count):
    amounts = noisy(seed, count)
    period = month_range(last_day(amounts))
    spent = sum(amount for day, amount in amounts if day in period)
    assert value_at_risk(amounts, period).amount >= spent


@pytest.mark.parametrize(
    ("until", "period"),
    [
        (date(2026, 11, 28), month_range(date(2026, 11, 1))),
        (date(2026, 9, 26), DateRange(date(2026, 7, 1), date(2026, 9, 30))),
        (date(2026, 12, 3), DateRange(date(2026, 1, 1), date(2026, 12, 31))),
        (date(2026, 9, 30), month_range(date(2026, 10, 1))),
    ],
)
@pytest.mark.parametrize("due", [1, 15])
def test_a_monthly_charge_counts_as_often_as_the_period_has_left(until, period, due):
    """Two days left of November are no four days of February and March, with their first."""
    days = (until - date(2025, 11, 1)).days + 1
    amounts = daily(days, lambda day: 10 + 500 * (day.day == due), first=date(2025, 11, 1))
    whole = sum(10 + 500 * (day.day == due) for day in period)
    ceiling = value_at_risk(amounts, period)
    assert ceiling.method is ForecastMethod.VALUE_AT_RISK
    assert float(ceiling.amount) == pytest.approx(whole, rel=0.06)


def test_months_without_the_day_say_nothing() -> None:
    """After the 30th, months of 30 days and February have no day to compare with."""
    amounts = daily(365, lambda _: 2, first=date(2025, 7, 31))
    assert last_day(amounts) == date(2026, 7, 30)
    assert value_at_risk(amounts, month_range(last_day(amounts))).months == 6
