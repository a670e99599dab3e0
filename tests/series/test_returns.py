"""What returns: the like in the same slot of the month or the week, seen before."""

from datetime import date, timedelta

import pytest

from costoptix.series.returns import Returns


def seen(*deviations):
    returns = Returns()
    returns.see(date(2025, 10, 1), 0.0, stands_out=True)
    for day, deviation in deviations:
        returns.see(day, deviation, stands_out=True)
    return returns


@pytest.mark.parametrize(
    ("amounts", "now", "has_returned"),
    [
        ([100], 100, False),  # another day of the month
        ([100, 100], 51, True),
        ([100, 100], 49, False),
        ([100, 100], 201, False),
        ([100, 100], -100, False),
        ([100, 400], 150, False),  # one of the two is the like
    ],
)
def test_twice_is_enough_when_amounts_are_alike(amounts, now, has_returned):
    day = date(2026, 4, 15)
    months = [date(2026, 3, 15), date(2026, 2, 15)]
    beside = 6 if len(amounts) == 1 else 0
    days = [at + timedelta(beside) for at in months]
    returns = seen(*zip(days, amounts, strict=False))
    assert returns.has_seen(day, now) is has_returned


@pytest.mark.parametrize(("now", "has_returned"), [(100, True), (86, True), (84, False)])
def test_once_is_enough_when_the_amount_is_almost_the_same(now, has_returned):
    assert seen((date(2026, 3, 15), 100)).has_seen(date(2026, 4, 15), now) is has_returned


def test_a_weekend_moves_a_charge_by_two_days():
    returns = seen((date(2026, 1, 15), 100), (date(2026, 2, 16), 100))  # the 15th is a Sunday
    assert returns.has_seen(date(2026, 3, 16), 60)
    assert not returns.has_seen(date(2026, 3, 19), 60)


def test_the_last_days_of_a_month_count_from_its_end():
    returns = seen((date(2026, 1, 31), 100), (date(2026, 2, 28), 100))
    assert returns.has_seen(date(2026, 3, 31), 60)
    assert returns.has_seen(date(2026, 4, 30), 90)


def test_a_job_returns_every_week_or_every_second():
    days = [date(2026, 3, 4) + timedelta(weeks=k) for k in range(5)]
    weekly = seen(*((day, 100) for day in days[:2]))
    assert weekly.is_weekly(days[2], 60)
    assert not weekly.is_weekly(days[2] + timedelta(days=1), 60)
    every_second = seen((days[0], 100), (days[2], 100))
    assert every_second.has_seen(days[4], 60)
    assert not every_second.is_weekly(days[4], 60)


def test_what_usually_comes_on_a_day_is_the_median_of_those_alike():
    returns = seen((date(2026, 1, 9), 100), (date(2026, 2, 9), 120), (date(2026, 3, 9), 900))
    assert returns.usual(date(2026, 4, 9)) == 110
    assert returns.usual(date(2026, 4, 20)) == 0
    assert seen((date(2026, 3, 9), 100)).usual(date(2026, 4, 9)) == 0


def test_what_did_not_stand_out_is_not_remembered():
    returns = Returns()
    for month in (1, 2, 3):
        returns.see(date(2026, month, 9), 100, stands_out=False)
    assert not returns.has_seen(date(2026, 4, 9), 100)
