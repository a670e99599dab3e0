"""Days, months, quarters, billing periods and the ranges made of days. Pure; all days are UTC.

Ranges are inclusive of both ends at the doors (``DateRange``); stores that want half-open
intervals ask for ``DateRange.after``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from costoptix.errors import Invalid

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ONE_DAY = timedelta(days=1)
MAX_RANGE_YEARS = 5
MAX_RANGE_DAYS = MAX_RANGE_YEARS * 366
"""What any range stays within; what is asked for, within as many calendar years."""
_TOO_LONG = f"The range from start_date to end_date must not exceed {MAX_RANGE_YEARS} years."
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2199, 12, 31)


class Granularity(StrEnum):
    """How wide a bucket is. Weeks are ISO weeks, quarters calendar quarters."""

    TOTAL = "total"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"


class Preset(StrEnum):
    """A range that moves with the calendar, so that a bookmark stays alive."""

    LAST_7_DAYS = "last_7_days"
    LAST_14_DAYS = "last_14_days"
    LAST_30_DAYS = "last_30_days"
    LAST_60_DAYS = "last_60_days"
    LAST_90_DAYS = "last_90_days"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    LAST_3_MONTHS = "last_3_months"
    LAST_6_MONTHS = "last_6_months"
    LAST_12_MONTHS = "last_12_months"
    LAST_6_FULL_MONTHS = "last_6_full_months"
    LAST_12_FULL_MONTHS = "last_12_full_months"


_DAYS = {
    Preset.LAST_7_DAYS: 7,
    Preset.LAST_14_DAYS: 14,
    Preset.LAST_30_DAYS: 30,
    Preset.LAST_60_DAYS: 60,
    Preset.LAST_90_DAYS: 90,
}
_MONTHS = {Preset.LAST_3_MONTHS: 3, Preset.LAST_6_MONTHS: 6, Preset.LAST_12_MONTHS: 12}
_FULL_MONTHS = {Preset.LAST_6_FULL_MONTHS: 6, Preset.LAST_12_FULL_MONTHS: 12}


@dataclass(frozen=True, order=True)
class DateRange:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Invalid("end_date must not be before start_date.")
        if self.first < FIRST_DAY or self.last > LAST_DAY:
            raise Invalid(f"start_date and end_date must lie between {FIRST_DAY} and {LAST_DAY}.")
        if self.length > MAX_RANGE_DAYS:
            raise Invalid(_TOO_LONG)

    @classmethod
    def asked(cls, first: date, last: date) -> DateRange:
        """Return the range that somebody asks for.

        Raises:
            Invalid: it is reversed, over five calendar years, or out of the calendar.
        """
        days = cls(first, last)
        if last >= _years_later(first, MAX_RANGE_YEARS):
            raise Invalid(_TOO_LONG)
        return days

    @property
    def length(self) -> int:
        """Count the days, both ends included."""
        return (self.last - self.first).days + 1

    @property
    def after(self) -> date:
        """Return the first day after the range (its exclusive end)."""
        return self.last + timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        for offset in range(self.length):
            yield self.first + timedelta(days=offset)

    def clip(self, other: DateRange) -> DateRange | None:
        """Return the days that lie in both, or None when there are none."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return DateRange(first, last) if first <= last else None

    def months(self) -> list[date]:
        """List the first days of the calendar months that the range touches, in order."""
        months = [month_start(self.first)]
        while (following := next_month(months[-1])) <= self.last:
            months.append(following)
        return months


def _years_later(day: date, years: int) -> date:
    """Return the same date some years later; of a 29 February, the 1 March of a common year."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def month_start(day: date) -> date:
    """Return the first day of the month of ``day``."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """Return the first day of the month after that of ``day``."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def month_end(day: date) -> date:
    """Return the last day of the month of ``day``."""
    return next_month(day) - timedelta(days=1)


def month_range(day: date) -> DateRange:
    """Return the calendar month of ``day``."""
    return DateRange(month_start(day), month_end(day))


def add_months(day: date, months: int) -> date:
    """Return the first day of the month ``months`` after that of ``day`` (may be negative)."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


@dataclass(frozen=True, order=True)
class BillingPeriod:
    """The days that a bill is for, both ends included: a calendar month, or any others."""

    first: date
    last: date

    @classmethod
    def month(cls, day: date) -> BillingPeriod:
        """Return the calendar month of ``day``."""
        return cls(month_start(day), month_end(day))

    @classmethod
    def stored(cls, first: date, last: date | None) -> BillingPeriod:
        """Return the period that begins on ``first``; without ``last`` it is the calendar month."""
        return cls.month(first) if last is None else cls(first, last)

    @classmethod
    def between(cls, start: datetime, end: datetime | None) -> BillingPeriod:
        """Return the period that a bill writes as two instants (UTC, without a zone).

        Providers write midnights of their own zone, and some the last second instead of the end.
        Within a day of a calendar month's begin and end it is that month; else both are rounded
        to the nearest midnight. An end that is missing, or not after the start, says nothing:
        then it is the month of the start, rounded so.
        """
        if end is None or end <= start:
            return cls.month(_nearest_day(start))
        end = _exclusive(end)
        month = month_start((start + _ONE_DAY).date())
        if _is_near(start, month) and _is_near(end, next_month(month)):
            return cls.month(month)
        first = _nearest_day(start)
        return cls(first, max(first, _nearest_day(end) - _ONE_DAY))

    @classmethod
    def parse(cls, text: str) -> BillingPeriod:
        """Read what ``text`` writes; also the first day of a month, as it was kept before.

        Raises:
            ValueError: it is neither.
        """
        first, is_range, last = text.partition("/")
        if is_range:
            return cls(date.fromisoformat(first), date.fromisoformat(last))
        return cls.month(date.fromisoformat(first if _DAY.fullmatch(first) else f"{first}-01"))

    @property
    def is_month(self) -> bool:
        """Tell whether it is a calendar month."""
        return self == BillingPeriod.month(self.first)

    @property
    def stored_last(self) -> date | None:
        """Return the last day where it is kept beside the first: not of a calendar month."""
        return None if self.is_month else self.last

    @property
    def text(self) -> str:
        """Write it: ``2025-11``, or ``2025-03-08/2025-04-07``."""
        return f"{self.first:%Y-%m}" if self.is_month else f"{self.first}/{self.last}"

    def overlap_days(self, other: BillingPeriod) -> int:
        """Count the days that lie in both."""
        days = min(self.last, other.last) - max(self.first, other.first)
        return max(0, days.days + 1)


def _exclusive(end: datetime) -> datetime:
    """Return the end of a period that may be written as its last second."""
    return (end + timedelta(seconds=1)).replace(microsecond=0) if end.second == 59 else end


def _nearest_day(instant: datetime) -> date:
    """Return the day whose begin is nearest; noon is nearer to the next one."""
    return (instant + _ONE_DAY / 2).date()


def _is_near(instant: datetime, day: date) -> bool:
    return abs(instant - datetime.combine(day, time())) <= _ONE_DAY


def quarter_start(day: date) -> date:
    """Return the first day of the calendar quarter of ``day``."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def bucket_of(day: date, granularity: Granularity) -> DateRange:
    """Return the whole bucket that ``day`` lies in (for TOTAL, the day's own bounds are unknown).

    Raises:
        ValueError: ``granularity`` is TOTAL, which has no bucket of its own.
    """
    if granularity is Granularity.DAILY:
        return DateRange(day, day)
    if granularity is Granularity.WEEKLY:
        first = day - timedelta(days=day.weekday())
        return DateRange(first, first + timedelta(days=6))
    if granularity is Granularity.MONTHLY:
        return month_range(day)
    if granularity is Granularity.QUARTERLY:
        first = quarter_start(day)
        return DateRange(first, month_end(add_months(first, 2)))
    raise ValueError("a total has no bucket")


def split(days: DateRange, granularity: Granularity) -> tuple[DateRange, ...]:
    """Cut a range into its buckets, in order; the first and the last are clipped to the range."""
    if granularity is Granularity.TOTAL:
        return (days,)
    buckets, first = [], days.first
    while first <= days.last:
        bucket = bucket_of(first, granularity)
        buckets.append(DateRange(first, min(bucket.last, days.last)))
        first = bucket.after
    return tuple(buckets)


def length_in_words(days: DateRange) -> str:
    """Write how long a range is: ``30 days``, ``1 month``, ``2 months + 1 partial``."""
    months = days.months()
    partial = (days.first != months[0]) + (days.last != month_end(months[-1]))
    if len(months) == 1:
        partial = min(partial, 1)
    whole = len(months) - partial
    if not whole:
        return f"{days.length} day{'s' if days.length > 1 else ''}"
    words = f"{whole} month{'s' if whole > 1 else ''}"
    return f"{words} + {partial} partial" if partial else words


def resolve_preset(preset: Preset, today: date) -> DateRange:
    """Turn a preset into days.

    ``last_N_days`` ends today and holds N days. ``this_month`` runs from the first to today.
    ``last_month`` is the whole calendar month before. ``last_N_months`` is the N-1 whole
    calendar months before this one, and this month to today; ``last_N_full_months`` is the N
    whole calendar months before this one.
    """
    if preset in _DAYS:
        return DateRange(today - timedelta(days=_DAYS[preset] - 1), today)
    if preset is Preset.THIS_MONTH:
        return DateRange(month_start(today), today)
    if preset is Preset.LAST_MONTH:
        return month_range(add_months(today, -1))
    if preset in _FULL_MONTHS:
        first = add_months(today, -_FULL_MONTHS[preset])
        return DateRange(first, month_end(add_months(today, -1)))
    return DateRange(add_months(today, 1 - _MONTHS[preset]), today)


def parse_day(text: str, name: str) -> date:
    """Read ``YYYY-MM-DD``; ``name`` is the parameter that the refusal names.

    Raises:
        Invalid: any other form, or a day that does not exist.
    """
    try:
        if not _DAY.fullmatch(text):  # fromisoformat knows week dates and other forms, too
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{name} must be a date as YYYY-MM-DD.") from None
