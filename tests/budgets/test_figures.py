"""The figures of a budget: closed forms, periods by the calendar, thresholds to the cent."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.budgets.drafts import BudgetPeriod
from costoptix.budgets.figures import Terms, days_needed, figures, period_of
from costoptix.models import BudgetState
from costoptix.periods import DateRange
from costoptix.series.forecast import ForecastMethod

TODAY = date(2026, 3, 20)
MONTHLY = Terms(Decimal(310), BudgetPeriod.MONTHLY, Decimal(80), Decimal(95))


def flat(first: date, last: date, amount: str = "10") -> dict[date, Decimal]:
    return dict.fromkeys(DateRange(first, last), Decimal(amount))


@pytest.mark.parametrize(
    ("spent", "state"),
    [
        ("0", BudgetState.OK), ("-50", BudgetState.OK), ("79.999999999999999999", BudgetState.OK),
        ("80", BudgetState.WARNING), ("94.99", BudgetState.WARNING), ("95", BudgetState.CRITICAL),
        ("99.999999999999999999", BudgetState.CRITICAL), ("100", BudgetState.EXCEEDED),
        ("100.000000000000000001", BudgetState.EXCEEDED),
    ],
)  # fmt: skip
def test_a_threshold_that_is_reached_is_crossed(spent: str, state: BudgetState) -> None:
    terms = Terms(Decimal(100), BudgetPeriod.MONTHLY, Decimal(80), Decimal(95))
    assert terms.state(Decimal(spent)) is state


@given(st.decimals(-1000, 1000, places=6), st.decimals(-1000, 1000, places=6))
def test_who_spends_more_has_crossed_no_less(one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))
    assert set(MONTHLY.crossed(less)) <= set(MONTHLY.crossed(more))


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (BudgetPeriod.MONTHLY, date(2026, 3, 1), date(2026, 3, 31)),
        (BudgetPeriod.QUARTERLY, date(2026, 1, 1), date(2026, 3, 31)),
        (BudgetPeriod.YEARLY, date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_periods_follow_the_calendar(period: BudgetPeriod, first: date, last: date) -> None:
    assert period_of(period, TODAY) == DateRange(first, last)
    assert period_of(period, last + timedelta(days=1)).first == last + timedelta(days=1)


def test_ten_a_day_for_a_year() -> None:
    """31 days cost 310: the amount is reached on the last day, 30-day months are kept."""
    needed = days_needed(BudgetPeriod.MONTHLY, TODAY)
    found = figures(MONTHLY, flat(needed.first, TODAY), DateRange(needed.first, TODAY), TODAY)
    assert found.current_spend == 200
    assert found.days_remaining == 11
    assert found.pace_percent == Decimal("64.52")
    assert found.state is BudgetState.OK
    assert found.crosses_on == date(2026, 3, 31)
    assert found.predicted_spend == 310
    assert found.predicted_by is ForecastMethod.VALUE_AT_RISK
    assert [past.days.first.month for past in found.history] == [2, 1, *range(12, 2, -1)]
    assert {past.days.length for past in found.history if not past.is_kept} == {31}
    assert all(past.is_whole for past in found.history)
    january = found.history[1]
    assert (january.crossed_on, january.utilization_percent) == (date(2026, 1, 31), 100)


def test_the_running_day_counts_in_what_is_spent_and_not_in_what_is_predicted() -> None:
    needed = days_needed(BudgetPeriod.MONTHLY, TODAY)
    yesterday = TODAY - timedelta(days=1)
    by_day = flat(needed.first, yesterday) | {TODAY: Decimal(3)}
    found = figures(MONTHLY, by_day, DateRange(needed.first, yesterday), TODAY)
    assert found.current_spend == 193
    assert found.predicted_spend == 310


def test_without_data_nothing_is_predicted() -> None:
    found = figures(MONTHLY, {}, None, TODAY)
    assert (found.current_spend, found.state) == (0, BudgetState.OK)
    assert (found.predicted_spend, found.crosses_on) == (None, None)
    assert "Not enough history" in found.predicted_note
    assert found.history == ()


def test_data_that_ended_long_ago_predict_nothing() -> None:
    known = DateRange(date(2025, 3, 1), date(2025, 12, 31))
    found = figures(MONTHLY, flat(known.first, known.last), known, TODAY)
    assert (found.predicted_spend, found.crosses_on) == (None, None)
    assert "Not enough history" in found.predicted_note


def test_a_short_history_is_carried_on_in_a_straight_line() -> None:
    known = DateRange(date(2026, 3, 11), date(2026, 3, 19))
    found = figures(MONTHLY, flat(known.first, known.last, "20"), known, TODAY)
    assert found.predicted_by is ForecastMethod.LINEAR
    assert found.history == ()
    assert found.crosses_on == date(2026, 3, 26)


def test_credits_may_take_a_crossing_back() -> None:
    by_day = flat(date(2026, 2, 1), date(2026, 2, 5), "100") | {date(2026, 2, 20): Decimal(-400)}
    known = DateRange(date(2026, 2, 1), date(2026, 3, 19))
    (february,) = figures(MONTHLY, by_day, known, TODAY).history
    assert (february.spend, february.crossed_on, february.is_kept) == (100, None, True)


def test_a_period_that_is_known_in_part_says_so() -> None:
    known = DateRange(date(2026, 2, 10), date(2026, 3, 19))
    (february,) = figures(MONTHLY, flat(known.first, known.last), known, TODAY).history
    assert not february.is_whole


def test_a_year_is_carried_on_beyond_the_forecast() -> None:
    terms = Terms(Decimal(3600), BudgetPeriod.YEARLY, Decimal(80), Decimal(95))
    known = DateRange(date(2025, 1, 1), date(2026, 3, 19))
    found = figures(terms, flat(known.first, known.last), known, TODAY)
    assert found.crosses_on == date(2026, 12, 26)
    assert [past.days.first.year for past in found.history] == [2025]


def test_a_pace_is_carried_on_to_the_last_digit() -> None:
    known, a_day = DateRange(date(2026, 3, 11), date(2026, 3, 19)), "12345678901234567.89"
    found = figures(MONTHLY, flat(known.first, known.last, a_day), known, TODAY)
    assert found.predicted_by is ForecastMethod.LINEAR
    assert found.predicted_spend == 21 * Decimal("12345678901234567.89")
