"""Days and the ranges made of them."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.errors import Invalid
from costoptix.periods import (
    DateRange,
    Granularity,
    Preset,
    add_months,
    bucket_of,
    length_in_words,
    month_end,
    next_month,
    parse_day,
    resolve_preset,
    split,
)

days = st.dates(date(1999, 1, 1), date(2100, 12, 31))
ranges = st.builds(lambda first, n: DateRange(first, first + timedelta(days=n)), days,
                   st.integers(0, 1500))  # fmt: skip
BUCKETS = [g for g in Granularity if g is not Granularity.TOTAL]


@given(ranges)
def test_a_range_holds_both_of_its_ends_and_nothing_else(span: DateRange) -> None:
    assert span.first in span
    assert span.last in span
    assert span.after not in span
    assert len(list(span)) == span.length


@given(ranges, st.sampled_from(BUCKETS))
def test_buckets_tile_a_range(span: DateRange, granularity: Granularity) -> None:
    clipped = {bucket_of(day, granularity).clip(span) for day in span}
    parts = sorted(part for part in clipped if part is not None)
    assert sum(part.length for part in parts) == span.length
    assert all(a.after == b.first for a, b in itertools.pairwise(parts))


@given(ranges, st.sampled_from(BUCKETS))
def test_a_split_range_is_its_buckets_clipped(span: DateRange, granularity: Granularity) -> None:
    parts = split(span, granularity)
    assert parts[0].first == span.first
    assert parts[-1].last == span.last
    assert all(b.first == a.after for a, b in itertools.pairwise(parts))
    assert all(bucket_of(part.first, granularity).clip(span) == part for part in parts)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), "1 day"),
        (date(2026, 10, 25), date(2026, 11, 23), "30 days"),
        (date(2026, 11, 2), date(2026, 11, 29), "28 days"),
        (date(2026, 10, 1), date(2026, 10, 31), "1 month"),
        (date(2026, 9, 1), date(2026, 11, 23), "2 months + 1 partial"),
        (date(2026, 8, 30), date(2026, 11, 23), "2 months + 2 partial"),
    ],
)
def test_the_length_of_a_range_in_words(first: date, last: date, words: str) -> None:
    assert length_in_words(DateRange(first, last)) == words


@given(ranges)
def test_the_previous_range_ends_the_day_before_and_is_as_long(span: DateRange) -> None:
    previous = span.previous()
    assert previous.after == span.first
    assert previous.length == span.length


@given(ranges)
def test_months_cover_the_range(span: DateRange) -> None:
    months = span.months()
    assert months[0] <= span.first
    assert month_end(months[-1]) >= span.last
    assert all(next_month(a) == b for a, b in itertools.pairwise(months))


@given(days, st.integers(-200, 200))
def test_adding_months_and_taking_them_back_is_the_month_again(day: date, months: int) -> None:
    assert add_months(add_months(day, months), -months) == day.replace(day=1)


@given(days, st.sampled_from(list(Preset)))
def test_no_preset_reaches_past_today(today: date, preset: Preset) -> None:
    assert resolve_preset(preset, today).last <= today


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        (Preset.LAST_7_DAYS, date(2026, 11, 17), date(2026, 11, 23)),
        (Preset.THIS_MONTH, date(2026, 11, 1), date(2026, 11, 23)),
        (Preset.LAST_MONTH, date(2026, 10, 1), date(2026, 10, 31)),
        (Preset.LAST_3_MONTHS, date(2026, 9, 1), date(2026, 11, 23)),
        (Preset.LAST_12_MONTHS, date(2025, 12, 1), date(2026, 11, 23)),
    ],
)
def test_presets_by_example(preset: Preset, first: date, last: date) -> None:
    assert resolve_preset(preset, date(2026, 11, 23)) == DateRange(first, last)


def test_the_last_month_of_march_is_a_leap_february() -> None:
    span = resolve_preset(Preset.LAST_MONTH, date(2028, 3, 31))
    assert span == DateRange(date(2028, 2, 1), date(2028, 2, 29))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 2, 2), date(2026, 2, 1)),
        (date(1, 1, 1), date(1, 1, 2)),
        (date(9999, 1, 1), date(9999, 1, 2)),
        (date(2020, 1, 1), date(2026, 1, 1)),
    ],
)
def test_a_reversed_distant_or_over_long_range_is_invalid(first: date, last: date) -> None:
    with pytest.raises(Invalid, match="start_date"):
        DateRange(first, last)


@pytest.mark.parametrize(
    "text", ["2025-13-01", "2025-02-30", "20250101", "2025-W01-1", "1/2/2025", "", "2025-01-01T00"]
)
def test_a_day_that_is_not_one_names_the_parameter(text: str) -> None:
    with pytest.raises(Invalid, match="start_date must be a date as YYYY-MM-DD"):
        parse_day(text, "start_date")
