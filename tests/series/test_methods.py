"""How days to come are foreseen: what returns comes again, and the method that was right speaks."""

import random
from datetime import date

import pytest

from costoptix.series.methods import foresee
from tests.support.series import FIRST, daily


def foreseen(count, value, ahead=60):
    amounts = [(day, float(amount)) for day, amount in daily(count, value)]
    result = foresee(amounts, ahead)
    days = daily(count + ahead, lambda _: 0)[count:]
    return [(day, expected) for (day, _), expected in zip(days, result.expected, strict=True)]


@pytest.mark.parametrize("due", [5, 15, 28])
@pytest.mark.parametrize("size", [400, -60])
def test_a_charge_that_came_on_a_day_of_the_month_comes_again(due, size):
    for day, expected in foreseen(200, lambda day: 100 + size * (day.day == due)):
        assert expected == pytest.approx(100 + size * (day.day == due))


def test_a_charge_that_a_weekend_moved_twice_comes_on_its_own_day():
    def value(day):
        back = 3 if day.weekday() == 0 else 1
        due = day.weekday() < 5 and day.day - back < 15 <= day.day
        return 100 + 300 * due

    for day, expected in foreseen(110, value):
        assert expected == pytest.approx(value(day)), day


def test_a_charge_that_stays_out_is_not_expected():
    ends = date(2026, 5, 1)
    days = foreseen(200, lambda day: 100 + 400 * (day.day == 15 and day < ends))
    assert {round(expected) for _, expected in days} == {100}


def test_a_job_of_a_weekday_comes_again():
    for day, expected in foreseen(120, lambda day: 100 + 200 * (day.weekday() == 2)):
        assert expected == pytest.approx(300 if day.weekday() == 2 else 100)


def test_a_series_whose_spikes_are_usual_is_foreseen_by_its_mean():
    """One day in four costs ten times as much: the level alone leaves them out."""
    chance = random.Random(5)
    costs = {}
    days = foreseen(300, lambda day: costs.setdefault(day, 1000 if chance.random() < 0.25 else 100))
    assert sum(expected for _, expected in days) / len(days) > 150


def test_a_series_that_never_moved_has_no_error():
    amounts = [(day, float(amount)) for day, amount in daily(100, lambda _: 3)]
    assert foresee(amounts, 30).error == 0
    noisy = [(day, 3.0 + (day - FIRST).days % 2) for day, _ in amounts]
    assert foresee(noisy, 30).error > 0
