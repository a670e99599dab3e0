"""Forecasts and ceilings: closed forms, fallbacks in words, and what must never happen."""

import random
from datetime import date, timedelta
from decimal import Decimal
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costoptix.money import total
from costoptix.periods import DateRange
from costoptix.series.forecast import ForecastMethod, Horizon, forecast
from tests.support.series import FIRST, changed, daily, noisy

seeds = st.integers(0, 10**9)
counts = st.integers(1, 200)
few = settings(max_examples=30, deadline=None)


def last_day(amounts):
    return amounts[-1][0]


@pytest.mark.parametrize(("horizon", "length"), [("30", 30), ("60", 60), ("90", 90)])
def test_a_horizon_of_days_begins_after_the_last_complete_day(horizon, length):
    amounts = daily(100, lambda _: 1)
    days = [one.day for one in forecast(amounts, Horizon(horizon)).days]
    assert len(days) == length
    assert days[0] == last_day(amounts) + timedelta(days=1)


@pytest.mark.parametrize(
    ("last", "first", "end"),
    [
        (date(2026, 2, 10), date(2026, 2, 11), date(2026, 2, 28)),
        (date(2026, 2, 27), date(2026, 2, 28), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31)),
    ],
)
def test_the_running_month_is_that_of_the_day_after_the_last_complete_one(last, first, end):
    assert Horizon.MONTH_END.after(last) == DateRange(first, end)


@given(value=st.decimals(-(10**6), 10**6, places=2), count=st.integers(14, 200))
@few
def test_a_constant_series_goes_on_without_doubt(value, count):
    made = forecast(daily(count, lambda _: value), Horizon.DAYS_30)
    assert {one.expected for one in made.days} == {value}
    assert made.expected == 30 * value
    assert float(made.high - made.low) == pytest.approx(0, abs=1e-6)
    assert float(made.days[0].high - made.days[0].low) == pytest.approx(0, abs=1e-6)


def test_the_month_end_adds_what_is_spent():
    amounts = daily(100, lambda _: 2, first=date(2026, 1, 11))
    made = forecast(amounts, Horizon.MONTH_END)
    assert last_day(amounts) == date(2026, 4, 20)
    assert (made.spent, made.expected) == (40, 60)
    assert forecast(amounts, Horizon.DAYS_30).spent == 0


def test_a_weekday_pattern_goes_on():
    amounts = daily(84, lambda when: 40 if when.weekday() > 4 else 100)
    for one in forecast(amounts, Horizon.DAYS_60).days:
        assert float(one.expected) == pytest.approx(40 if one.day.weekday() > 4 else 100)


def test_a_trend_goes_on_and_fades():
    """A slope of 1 without noise: after h days 30 * (1 - exp(-h / 30)) above the last day."""
    amounts = daily(112, lambda when: 100 + (when - FIRST).days)
    days = forecast(amounts, Horizon.DAYS_90).days
    for ahead in (1, 30, 90):
        grown = 30 * (1 - exp(-ahead / 30))
        assert float(days[ahead - 1].expected) == pytest.approx(211 + grown, rel=0.01)


def test_noise_is_no_trend():
    chance = random.Random(8)
    amounts = daily(112, lambda _: round(100 + chance.gauss(0, 10), 2))
    days = forecast(amounts, Horizon.DAYS_90).days
    assert abs(days[-1].expected - days[5].expected) < 10


def test_month_start_charges_come_again():
    amounts = daily(120, lambda when: 500 if when.day == 1 else 10)
    made = forecast(amounts, Horizon.DAYS_60)
    assert {(one.day.day == 1, one.expected) for one in made.days} == {(True, 500), (False, 10)}


def test_a_spike_of_two_days_is_not_carried_on():
    amounts = changed(daily(100, lambda _: 10), 98, 3, until=100)
    assert forecast(amounts, Horizon.DAYS_30).days[0].expected == 10


def test_a_level_held_for_three_days_is_carried_on():
    amounts = changed(daily(100, lambda _: 10), 97, 3, until=100)
    assert forecast(amounts, Horizon.DAYS_30).expected == 30 * 30


def test_a_shift_stretches_the_weekday_pattern():
    usual = daily(110, lambda when: 40 if when.weekday() > 4 else 100)
    made = forecast(changed(usual, 90, 2, until=110), Horizon.DAYS_30)
    for one in made.days:
        assert float(one.expected) == pytest.approx(80 if one.day.weekday() > 4 else 200)


@given(seed=seeds, count=counts)
@few
def test_the_range_holds_the_expected_value_and_money_is_not_negative(seed, count):
    made = forecast(noisy(seed, count), Horizon.DAYS_30)
    for one in made.days:
        assert 0 <= one.low <= one.expected <= one.high
    assert 0 <= made.low <= made.expected <= made.high
    assert made.expected == sum(one.expected for one in made.days)


@given(seed=seeds, scale=st.integers(2, 1000))
@few
def test_scaling_the_past_scales_the_forecast(seed, scale):
    amounts = noisy(seed, 120)
    once = forecast(amounts, Horizon.DAYS_30)
    scaled = forecast([(day, amount * scale) for day, amount in amounts], Horizon.DAYS_30)
    assert float(scaled.expected) == pytest.approx(float(once.expected) * scale)
    assert float(scaled.high) == pytest.approx(float(once.high) * scale)


def test_credits_may_be_forecast_negative():
    made = forecast(daily(60, lambda _: -3), Horizon.DAYS_30)
    assert made.expected == -90


def test_no_history_gives_no_figure_but_words():
    made = forecast([], Horizon.DAYS_30)
    assert (made.method, made.days, made.expected) == (ForecastMethod.NONE, [], None)
    assert made.note == "Not enough history: there is no complete day yet."


def test_a_few_days_give_their_average_and_say_so():
    made = forecast(daily(3, lambda when: when.day), Horizon.DAYS_30)
    assert made.method is ForecastMethod.AVERAGE
    assert made.note.startswith("Only 3 complete days: their average")
    assert (made.days[0].low, made.days[0].expected, made.days[0].high) == (5, 6, 7)


def test_two_weeks_give_the_level_and_say_what_is_missing():
    made = forecast(daily(20, lambda _: 7), Horizon.DAYS_30)
    assert made.method is ForecastMethod.LEVEL
    assert "without trend" in made.note
    assert forecast(daily(28, lambda _: 7), Horizon.DAYS_30).method is ForecastMethod.PATTERN


def test_amounts_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="finite"):
        forecast([(FIRST, Decimal("NaN"))], Horizon.DAYS_30)


def test_what_is_spent_keeps_every_digit_in_the_sum():
    day, large = date(2026, 1, 1), Decimal("123456789012345678.000000000000000001")
    amounts = [(day, large), (day + timedelta(days=1), Decimal(0))]
    found = forecast(amounts, Horizon.MONTH_END)
    assert found.expected == large + total([one.expected for one in found.days])
    assert str(found.expected).endswith("0000000001")
