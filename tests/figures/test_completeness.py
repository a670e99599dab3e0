"""What is known of a range: from the first bill to the last complete day."""

from __future__ import annotations

from datetime import date

from costoptix.figures.comparison import Compare
from costoptix.figures.completeness import (
    compared_over,
    full_months,
    known_part,
    known_whole,
    partial_months,
)
from costoptix.periods import FIRST_DAY, DateRange
from tests.support.lake import Charge, Lake, on

SPAN = DateRange(date(2026, 1, 10), date(2026, 4, 20))


def march(first: int, last: int) -> DateRange:
    return DateRange(date(2026, 3, first), date(2026, 3, last))


def test_months_are_full_when_they_are_inside_and_complete():
    known = DateRange(date(2026, 1, 10), date(2026, 4, 12))
    assert full_months(SPAN, known) == [date(2026, 2, 1), date(2026, 3, 1)]
    assert partial_months(SPAN, known) == [
        (date(2026, 1, 1), 22, 31), (date(2026, 4, 1), 12, 30),
    ]  # fmt: skip


def test_a_month_that_began_before_the_first_bill_is_partial():
    known = DateRange(date(2026, 2, 2), date(2026, 4, 20))
    assert full_months(SPAN, known) == [date(2026, 3, 1)]
    assert partial_months(SPAN, known)[:2] == [
        (date(2026, 1, 1), 0, 31), (date(2026, 2, 1), 27, 28),
    ]  # fmt: skip


def test_nothing_known_is_nothing_full(lake: Lake):
    assert full_months(SPAN, None) == []
    assert partial_months(SPAN, None)[0] == (date(2026, 1, 1), 0, 31)
    assert known_part(march(1, 20), lake.ask()) is None


def test_the_known_part_ends_before_the_last_day_of_the_newest_bill(lake: Lake):
    lake.deliver(*on(Charge(), *march(5, 18)))
    report = lake.ask()
    assert known_part(march(1, 20), report) == march(5, 17)
    assert known_part(march(18, 20), report) is None
    assert known_whole(march(5, 17), report)
    assert not known_whole(march(4, 17), report)


def test_the_range_before_counts_only_when_it_is_known_whole(lake: Lake):
    lake.deliver(*on(Charge(), *march(5, 18)))
    report = lake.ask()
    assert compared_over(march(11, 16), report, Compare.PREVIOUS).before == march(5, 10)
    assert compared_over(march(10, 16), report, Compare.PREVIOUS) is None
    assert compared_over(DateRange(FIRST_DAY, FIRST_DAY), report, Compare.PREVIOUS) is None


def test_more_years_of_bills_than_a_range_may_hold_are_known(lake: Lake):
    lake.deliver(*on(Charge(), date(2018, 1, 1), *march(5, 18)))
    assert known_part(march(1, 20), lake.ask()) == march(1, 17)
