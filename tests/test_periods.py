"""Days and the ranges made of them."""

from __future__ import annotations

import itertools
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.errors import Invalid
from costoptix.periods import (
    BillingPeriod,
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


DAY = timedelta(days=1)
jitter = st.timedeltas(-DAY, DAY)
offsets = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timedelta(minutes=15 * quarters))


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())


@given(days, jitter, jitter)
def test_what_begins_and_ends_within_a_day_of_a_month_is_that_month(
    day: date, early: timedelta, late: timedelta
) -> None:
    month = BillingPeriod.month(day)
    start, end = midnight(month.first) + early, midnight(next_month(day)) + late
    assert BillingPeriod.between(start, end) == month
    assert month.is_month


@given(days, offsets, offsets, st.sampled_from([0, 1, 1_000_000]))
def test_a_month_of_any_zone_is_that_month_over_a_change_of_clocks_too(
    day: date, at_start: timedelta, at_end: timedelta, before_the_end: int
) -> None:
    start, end = midnight(day.replace(day=1)) - at_start, midnight(next_month(day)) - at_end
    end -= timedelta(microseconds=before_the_end)
    assert BillingPeriod.between(start, end) == BillingPeriod.month(day)


@given(days, offsets, st.lists(st.integers(1, 20), min_size=2, max_size=5), st.booleans())
def test_periods_that_follow_each_other_in_a_zone_have_each_day_once(
    day: date, offset: timedelta, lengths: list[int], is_inclusive: bool
) -> None:
    bounds = [midnight(day) - offset + n * DAY for n in itertools.accumulate(lengths, initial=0)]
    periods = [
        BillingPeriod.between(start, end - timedelta(seconds=is_inclusive))
        for start, end in itertools.pairwise(bounds)
    ]
    assert all(b.first == a.last + DAY for a, b in itertools.pairwise(periods))
    assert all(a.overlap_days(b) == 0 for a, b in itertools.pairwise(periods))
    assert [period.overlap_days(period) for period in periods] == lengths


@given(st.builds(lambda first, n: BillingPeriod(first, first + n * DAY), days, st.integers(0, 99)))
def test_a_period_is_read_back_from_its_text_and_from_what_is_stored(period: BillingPeriod) -> None:
    assert BillingPeriod.parse(period.text) == period
    assert BillingPeriod.stored(period.first, period.stored_last) == period
    assert (len(period.text) == 7) == period.is_month == (period.stored_last is None)


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2025-10-31T16:00:00", "2025-11-30T15:59:59", "2025-11"),
        ("2025-11-30T16:00:00", "2025-12-31T15:59:59.999", "2025-12"),
        ("2025-03-01T08:00:00", "2025-03-31T07:00:00", "2025-03"),  # the last day, in Los Angeles
        ("2024-02-01", "2024-02-29", "2024-02"),
        ("2024-02-01", "2024-03-01", "2024-02"),
        ("2023-02-01", "2023-02-28T23:59:59", "2023-02"),
        ("2025-03-08", "2025-04-08", "2025-03-08/2025-04-07"),
        ("2025-03-07T16:00:00", "2025-04-07T15:59:59", "2025-03-08/2025-04-07"),
        ("2025-03-08T08:00:00", "2025-04-08T07:59:59", "2025-03-08/2025-04-07"),
        ("2025-03-07T12:00:00", "2025-03-14T11:59:59", "2025-03-08/2025-03-14"),
        ("2025-03-03", "2025-03-10", "2025-03-03/2025-03-09"),
        ("2025-03-01", "2025-05-01", "2025-03-01/2025-04-30"),
        ("2025-03-01", "2025-03-02T00:00:01", "2025-03-01/2025-03-01"),
        ("2025-03-08", "2025-03-08T23:59:59", "2025-03-08/2025-03-08"),
        ("2025-03-08T01:00:00", "2025-03-08T02:00:00", "2025-03-08/2025-03-08"),
        ("2025-03-08", "2025-03-08", "2025-03"),
        ("2025-03-08", "2025-03-01", "2025-03"),
        ("2025-10-31T16:00:00", None, "2025-11"),
        ("2025-10-31", None, "2025-10"),
        ("2025-11-17T09:30:00", None, "2025-11"),
        ("1970-01-01", "1970-02-01", "1970-01"),
        ("2199-12-31T16:00:00", None, "2200-01"),
    ],
)
def test_two_instants_of_a_bill_are_a_billing_period(
    start: str, end: str | None, text: str
) -> None:
    instants = datetime.fromisoformat(start), None if end is None else datetime.fromisoformat(end)
    assert BillingPeriod.between(*instants).text == text


def test_what_was_kept_of_a_month_before_is_still_read() -> None:
    assert BillingPeriod.parse("2025-11-01") == BillingPeriod.month(date(2025, 11, 30))
    assert BillingPeriod.parse("2025-11-01/2025-11-30").text == "2025-11"
    for nonsense in ("", "2025", "2025-13", "2025-11/", "2025-11-01/x"):
        with pytest.raises(ValueError, match=r"isoformat|month"):
            BillingPeriod.parse(nonsense)


def test_overlaps_are_counted_in_days() -> None:
    month, week = BillingPeriod.parse("2025-03"), BillingPeriod.parse("2025-03-28/2025-04-03")
    assert month.overlap_days(week) == week.overlap_days(month) == 4
    assert month.overlap_days(month) == 31
    assert month.overlap_days(BillingPeriod.parse("2025-05")) == 0


@pytest.mark.parametrize(
    ("first", "last"),
    [("2020-01-01", "2024-12-31"), ("2019-03-01", "2024-02-29"), ("2020-02-29", "2025-02-28")],
)
def test_five_years_may_be_asked_for_and_not_a_day_more(first: str, last: str) -> None:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    assert DateRange.asked(begin, end) == DateRange(begin, end)
    with pytest.raises(Invalid, match="5 years"):
        DateRange.asked(begin, end + timedelta(days=1))
