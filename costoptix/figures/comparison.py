"""Which days stand against which: the one rule of pages, API and messages. Pure.

A range that begins on a first of a month stands against as many calendar months before it; where
its last month is cut, the earlier one is cut at the same day number. Any other range stands
against as many days right before it. ``last_year`` is the same dates a year ago. Only complete
days are compared, and only with days that are all known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from costoptix.costs.query import CostQuery, Sides
from costoptix.figures.trends import share
from costoptix.money import EXACT, Amount
from costoptix.periods import (
    FIRST_DAY,
    MAX_RANGE_DAYS,
    DateRange,
    Granularity,
    add_months,
    bucket_of,
    month_end,
    split,
)

_ONE_DAY = timedelta(days=1)
_LEAP_DAY = (2, 29)


class Compare(StrEnum):
    """What a range is compared with."""

    PREVIOUS = "previous"
    LAST_YEAR = "last_year"
    NONE = "none"


class Matching(StrEnum):
    """By what a day finds its counterpart on the other side."""

    DAY_NUMBER = "day_number"  # in the n-th month of each side
    POSITION = "position"  # the n-th day
    DATE = "date"  # a year apart


@dataclass(frozen=True)
class ComparedDays:
    """The days of both sides, complete ones; what else was ``asked`` is not compared."""

    asked: DateRange
    now: DateRange
    before: DateRange
    matching: Matching

    @property
    def left_out(self) -> tuple[DateRange, ...]:
        """Return the days that were asked for and are not compared: in front, behind, or none."""
        parts = []
        if self.asked.first < self.now.first:
            parts.append(DateRange(self.asked.first, self.now.first - _ONE_DAY))
        if self.asked.last > self.now.last:
            parts.append(DateRange(self.now.after, self.asked.last))
        return tuple(parts)

    @property
    def note(self) -> str:
        """Say in a sentence what the sides do not have in common; "" where they are alike."""
        if self.now.length != self.before.length:
            return f"The two have {self.now.length} and {self.before.length} days."
        firsts = [_holds_first(self.now), _holds_first(self.before)]
        if any(firsts) and not all(firsts):
            return "Only one of the two holds a first of a month, when monthly charges come."
        return ""

    def per_day(self, now: Amount, before: Amount) -> Decimal | None:
        """Return by how many percent the cost of a day changed, where the lengths differ."""
        if self.now.length == self.before.length or before <= 0:
            return None
        rise = EXACT.multiply(now, Decimal(self.before.length))
        return share(
            EXACT.subtract(rise, EXACT.multiply(before, Decimal(self.now.length))),
            EXACT.multiply(before, Decimal(self.now.length)),
        )

    def counterpart(self, earlier: date) -> date | None:
        """Return the compared day that an earlier day stands against; None where there is none.

        There is none for 31 January beside a whole February, and for 29 February a year later.
        """
        day = self._same(earlier)
        return day if day is not None and day in self.now else None

    def place(self, earlier: date) -> date:
        """Return the compared day at which an earlier day is counted: its own, or the one before.

        So the earlier days of any buckets add up to those of the whole.
        """
        while (day := self._same(earlier)) is None:
            earlier -= _ONE_DAY
        return min(max(day, self.now.first), self.now.last)

    def buckets(self, granularity: Granularity) -> tuple[tuple[date, date], ...]:
        """Pair the first day of each earlier bucket with that of the bucket it stands against.

        Days and months by the rule; where that goes by position, the n-th month, or the last.
        First days are those of whole buckets, not clipped to the range.
        """
        earlier = split(self.before, granularity)
        if granularity is Granularity.DAILY:
            return tuple((part.first, self.place(part.first)) for part in earlier)
        now = [bucket_of(part.first, granularity).first for part in split(self.now, granularity)]
        if self.matching is not Matching.POSITION:
            places = [bucket_of(self.place(part.first), granularity).first for part in earlier]
        else:
            places = [now[min(index, len(now) - 1)] for index in range(len(earlier))]
        firsts = [bucket_of(part.first, granularity).first for part in earlier]
        return tuple(zip(firsts, places, strict=True))

    def _same(self, earlier: date) -> date | None:
        if self.matching is Matching.POSITION:
            return self.now.first + (earlier - self.before.first)
        months = 12
        if self.matching is Matching.DAY_NUMBER:
            months = _months_between(self.before.first, self.now.first)
        month = add_months(earlier, months)
        return month.replace(day=earlier.day) if earlier.day <= month_end(month).day else None


def compared_days(
    asked: DateRange, since: date | None, through: date | None, compare: Compare
) -> ComparedDays | None:
    """Work out which days of a range are compared with which; None where there is nothing to.

    Args:
        asked: the range.
        since: the first day with charges of the organization; what came before is unknown.
        through: the day that the data are complete through.
        compare: with what.
    """
    if compare is Compare.NONE or since is None or through is None:
        return None
    if asked.first < since or asked.first > through:
        return None
    now = DateRange(asked.first, min(asked.last, through))
    if compare is Compare.LAST_YEAR:
        sides = _year_apart(now)
    elif now.first.day == 1:
        sides = _months_apart(now)
    else:
        sides = now, now.first - timedelta(days=now.length), now.first - _ONE_DAY
    if sides is None or not _is_range(*sides[1:], since):
        return None
    matching = Matching.DATE if compare is Compare.LAST_YEAR else Matching.POSITION
    if compare is Compare.PREVIOUS and now.first.day == 1:
        matching = Matching.DAY_NUMBER
    return ComparedDays(asked, sides[0], DateRange(*sides[1:]), matching)


COMPARABLE = (Granularity.TOTAL, Granularity.DAILY, Granularity.MONTHLY)
"""The granularities of which buckets stand against each other."""


def against(query: CostQuery, compared: ComparedDays | None) -> CostQuery:
    """Ask a question with both sides of a comparison, whose ``asked`` is the question's range."""
    if compared is None:
        return query
    granularity = query.granularity
    places = () if granularity is Granularity.TOTAL else compared.buckets(granularity)
    return replace(query, sides=Sides(compared.now, compared.before, places))


def _months_apart(now: DateRange) -> tuple[DateRange, date, date]:
    """Return what is compared of whole months (the last one may be cut), and with which days."""
    count = len(now.months())
    last_month = add_months(now.last, -count)
    whole = month_end(last_month)
    if now.last == month_end(now.last):
        last = whole
    else:
        last = last_month.replace(day=min(now.last.day, whole.day))
        now = DateRange(now.first, now.last.replace(day=last.day))
    return now, add_months(now.first, -count), last


def _year_apart(now: DateRange) -> tuple[DateRange, date, date] | None:
    """Return what is compared by date, and with which days; 29 February begins and ends nothing."""
    first, last = now.first, now.last
    if (first.month, first.day) == _LEAP_DAY:
        first += _ONE_DAY
    if (last.month, last.day) == _LEAP_DAY:
        last -= _ONE_DAY
    if first > last:
        return None
    return DateRange(first, last), _year_before(first), _year_before(last)


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1)


def _is_range(first: date, last: date, since: date) -> bool:
    """Tell whether earlier days are all known, and no more than a range may hold."""
    return first >= max(since, FIRST_DAY) and (last - first).days < MAX_RANGE_DAYS


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _holds_first(days: DateRange) -> bool:
    return days.first.day == 1 or len(days.months()) > 1
