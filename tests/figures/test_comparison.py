"""Which days stand against which, by the one rule."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.figures.comparison import Compare, ComparedDays, compared_days
from costoptix.periods import DateRange, Granularity, month_end, split

SINCE = date(2020, 1, 1)
PREVIOUS, LAST_YEAR = Compare.PREVIOUS, Compare.LAST_YEAR


def span(text: str) -> DateRange:
    first, _, last = text.partition("/")
    return DateRange(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("asked", "through", "compare", "now", "before"),
    [
        # to date, and cut at any end
        ("2026-11-01/2026-11-28", "2026-11-26", PREVIOUS, "2026-11-01/2026-11-26",
         "2026-10-01/2026-10-26"),
        ("2026-08-01/2026-11-26", "2026-12-31", PREVIOUS, "2026-08-01/2026-11-26",
         "2026-04-01/2026-07-26"),
        ("2026-11-01/2026-11-30", "2026-11-29", PREVIOUS, "2026-11-01/2026-11-29",
         "2026-10-01/2026-10-29"),
        ("2026-10-01/2026-12-31", "2026-11-26", PREVIOUS, "2026-10-01/2026-11-26",
         "2026-08-01/2026-09-26"),
        # whole months with whole months
        ("2026-10-01/2026-10-31", "2026-11-26", PREVIOUS, "2026-10-01/2026-10-31",
         "2026-09-01/2026-09-30"),
        ("2026-02-01/2026-02-28", "2026-11-26", PREVIOUS, "2026-02-01/2026-02-28",
         "2026-01-01/2026-01-31"),
        ("2026-01-01/2026-03-31", "2026-11-26", PREVIOUS, "2026-01-01/2026-03-31",
         "2025-10-01/2025-12-31"),
        ("2026-03-01/2026-06-30", "2026-11-26", PREVIOUS, "2026-03-01/2026-06-30",
         "2025-11-01/2026-02-28"),
        # days that the earlier month lacks
        ("2026-03-01/2026-03-30", "2026-11-26", PREVIOUS, "2026-03-01/2026-03-28",
         "2026-02-01/2026-02-28"),
        ("2024-03-01/2024-03-31", "2024-03-30", PREVIOUS, "2024-03-01/2024-03-29",
         "2024-02-01/2024-02-29"),
        # any other range
        ("2026-11-14/2026-11-20", "2026-11-19", PREVIOUS, "2026-11-14/2026-11-19",
         "2026-11-08/2026-11-13"),
        ("2026-10-30/2026-11-28", "2026-11-26", PREVIOUS, "2026-10-30/2026-11-26",
         "2026-10-02/2026-10-29"),
        # the same dates a year ago
        ("2026-11-01/2026-11-28", "2026-11-26", LAST_YEAR, "2026-11-01/2026-11-26",
         "2025-11-01/2025-11-26"),
        ("2026-10-30/2026-11-05", "2026-11-26", LAST_YEAR, "2026-10-30/2026-11-05",
         "2025-10-30/2025-11-05"),
        ("2024-02-10/2024-02-29", "2024-11-26", LAST_YEAR, "2024-02-10/2024-02-28",
         "2023-02-10/2023-02-28"),
        ("2024-02-29/2024-03-05", "2024-11-26", LAST_YEAR, "2024-03-01/2024-03-05",
         "2023-03-01/2023-03-05"),
        ("2025-02-01/2025-03-31", "2025-11-26", LAST_YEAR, "2025-02-01/2025-03-31",
         "2024-02-01/2024-03-31"),
    ],
)  # fmt: skip
def test_the_rule(asked, through, compare, now, before):
    found = compared_days(span(asked), SINCE, date.fromisoformat(through), compare)
    assert found is not None
    assert (found.now, found.before) == (span(now), span(before))


@pytest.mark.parametrize(
    ("asked", "since", "through", "compare"),
    [
        ("2026-11-01/2026-11-28", "2026-01-01", "2026-10-31", PREVIOUS),  # no day is complete
        ("2026-11-01/2026-11-28", "2026-10-02", "2026-11-26", PREVIOUS),  # before the first bill
        ("2026-11-01/2026-11-28", "2025-11-02", "2026-11-26", LAST_YEAR),
        ("2026-11-01/2026-11-28", "2026-11-03", "2026-11-26", PREVIOUS),
        ("2024-02-29/2024-02-29", "2020-01-01", "2026-11-26", LAST_YEAR),
        ("1970-01-01/1970-01-31", "1970-01-01", "2026-11-26", PREVIOUS),
        ("2026-11-01/2026-11-28", "2020-01-01", "2026-11-26", Compare.NONE),
    ],
)
def test_what_is_not_known_is_not_compared(asked, since, through, compare):
    ends = date.fromisoformat(since), date.fromisoformat(through)
    assert compared_days(span(asked), *ends, compare) is None
    assert compared_days(span(asked), None, None, compare) is None


def test_what_is_left_out_and_what_differs_is_named():
    march = compared_days(span("2026-03-01/2026-03-30"), SINCE, date(2026, 4, 9), PREVIOUS)
    assert march.left_out == (span("2026-03-29/2026-03-30"),)
    assert march.note == ""
    leap = compared_days(span("2024-02-29/2024-03-05"), SINCE, date(2024, 3, 4), LAST_YEAR)
    assert leap.left_out == (span("2024-02-29/2024-02-29"), span("2024-03-05/2024-03-05"))
    october = compared_days(span("2026-10-01/2026-10-31"), SINCE, date(2026, 11, 9), PREVIOUS)
    assert october.note == "The two have 31 and 30 days."
    assert october.per_day(Decimal(310), Decimal(300)) == 0
    assert october.per_day(Decimal(341), Decimal(300)) == 10
    assert march.per_day(Decimal(2), Decimal(1)) is None
    week = compared_days(span("2026-03-02/2026-03-04"), SINCE, date(2026, 4, 9), PREVIOUS)
    assert week.note.startswith("Only one of the two holds a first of a month")


days = st.dates(date(2019, 6, 1), date(2026, 12, 31))
cases = st.tuples(
    st.tuples(days, days).map(sorted),
    st.booleans(),
    st.booleans(),
    days,
    days,
    st.sampled_from([PREVIOUS, LAST_YEAR]),
)


def compared(case) -> tuple[DateRange, ComparedDays | None]:
    (first, last), is_first, is_last, since, through, compare = case
    first = first.replace(day=1) if is_first else first
    last = month_end(last) if is_last else last
    asked = DateRange(first, min(last, first + timedelta(days=1829)))
    return asked, compared_days(asked, since, through, compare)


@given(cases)
def test_both_sides_are_known_and_what_is_left_out_is_the_rest(case):
    asked, found = compared(case)
    if found is None:
        return
    assert case[3] <= found.before.first <= found.before.last <= case[4]
    assert found.before.last < found.now.first or case[5] is LAST_YEAR
    assert found.now.last <= case[4]
    parts = sorted([*found.left_out, found.now])
    assert [day for part in parts for day in part] == list(asked)
    if case[5] is PREVIOUS:
        assert found.before.last == found.now.first - timedelta(days=1) or (
            found.now.first.day == 1
        )
        if found.now.first.day != 1:
            assert found.before.length == found.now.length


@given(cases)
def test_every_earlier_day_has_one_place_and_counterparts_are_shared_by_none(case):
    _, found = compared(case)
    if found is None:
        return
    places = [found.place(day) for day in found.before]
    assert all(place in found.now for place in places)
    assert places == sorted(places)
    counterparts = [found.counterpart(day) for day in found.before]
    taken = [day for day in counterparts if day is not None]
    assert len(set(taken)) == len(taken)
    for earlier, day in zip(found.before, counterparts, strict=True):
        if day is not None:
            assert day == found.place(earlier)
            if found.now.first.day == 1 or case[5] is LAST_YEAR:
                assert day.day == earlier.day


@given(cases, st.sampled_from([Granularity.DAILY, Granularity.MONTHLY]))
def test_every_earlier_bucket_stands_against_one_of_now(case, granularity):
    _, found = compared(case)
    if found is None:
        return
    pairs = found.buckets(granularity)
    firsts = [first for first, _ in pairs]
    assert len(set(firsts)) == len(firsts) == len(split(found.before, granularity))
    places = {max(part.first.replace(day=1) if granularity is Granularity.MONTHLY else part.first,
                  date.min) for part in split(found.now, granularity)}  # fmt: skip
    assert {place for _, place in pairs} <= places
    if granularity is Granularity.MONTHLY and found.now.first.day == 1:
        months = found.now.months()
        assert [place for _, place in pairs] == months
