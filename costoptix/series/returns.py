"""What returns: charges, credits and jobs that come again on a day of the month or the week.

Keeps of each day that stood out from its baseline by how much, and tells of another such day
whether the like has come in the same slot before. Pure; amounts are floats.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from statistics import median

ALIKE_ONCE = 0.85
"""The smaller of two amounts in the larger: the like of one that has been seen once."""

ALIKE_TWICE = 0.5
"""The same for one that has been seen at least twice."""

ALIKE_FORESEEN = 0.4
"""The same for what is expected again."""

_MISSED = 34  # days after which a monthly charge has stayed out
_LOOK_BACK = 3  # the last three times a charge can have come tell whether it returns
_MONTH_ENDS = 5  # so many days before the end of a month also count from the end
_NEAR_END = 2  # days by which the last business day moves
_WEEKEND = 2  # days by which a weekend moves a charge
_SATURDAY = 5
_YOUNG = 35  # days in which a job was seen at most four times: once is enough


class Returns:
    """Deviations that stood out, by day, and what they say of the days to come."""

    def __init__(self) -> None:
        self._deviations: dict[int, float] = {}
        self._first: int | None = None

    def see(self, day: date, deviation: float, *, stands_out: bool) -> None:
        """Learn one more day; only what stood out is kept.

        Keeping all would let a weekday's noise excuse real spikes.
        """
        self._first = day.toordinal() if self._first is None else self._first
        if stands_out and deviation:
            self._deviations[day.toordinal()] = deviation

    def has_seen(self, day: date, deviation: float) -> bool:
        """Tell whether the like of a deviation came in the slots of ``day`` before.

        On such a day of the month or two weeks apart: twice of the last three times by alike
        amounts, or in a month once by an amount that is almost the same.
        """
        for slot in _month_slots(day):
            seen = [self._nearest(deviation, *days) for days in slot]
            if self._returns(seen, deviation, ALIKE_TWICE if day.day == 1 else ALIKE_ONCE):
                return True
        return self._is_job(day, deviation, 2, 1.0)

    def is_weekly(self, day: date, deviation: float) -> bool:
        """Tell whether the like came on the same weekday of the weeks before."""
        young = self._first is not None and day.toordinal() - self._first < _YOUNG
        return self._is_job(day, deviation, 1, ALIKE_TWICE if young else 1.0)

    def _is_job(self, day: date, deviation: float, weeks: int, once: float) -> bool:
        ordinals = [day.toordinal() - 7 * weeks * k for k in range(1, _LOOK_BACK + 1)]
        seen = [self._nearest(deviation, one, one) for one in ordinals]
        return self._returns(seen, deviation, once)

    def usual(self, day: date) -> float:
        """Return what comes on such a day of the month: zero unless it came at least twice.

        The median of those of the last three months that are alike.
        """
        for slot in _month_slots(day):
            seen = [self._largest(*days) for days in slot]
            for newest in filter(None, seen):
                alike = [one for one in seen if one and _alike(one, newest) >= ALIKE_TWICE]
                if len(alike) > 1:
                    return median(alike)
        return 0.0

    def foreseen(self, days: Sequence[date]) -> list[float]:
        """Return what returns on days to come: charges that came twice and were not missed since.

        Of the rules that could have put a charge on its days, the one that explains most of them
        says when it comes again.
        """
        amounts, used = [0.0] * len(days), set[int]()
        last = days[0].toordinal() - 1
        for ordinal in sorted(self._deviations, reverse=True):
            if ordinal <= last - _MISSED:
                break
            seen = [] if ordinal in used else self._sightings(ordinal, last)
            if seen:
                used.update(seen)
                is_due = _rule([date.fromordinal(one) for one in seen])
                amount = median(self._deviations[one] for one in seen)
                amounts = [
                    so_far or (amount if is_due(day) else 0.0)
                    for so_far, day in zip(amounts, days, strict=True)
                ]
        return amounts

    def _sightings(self, newest: int, last: int) -> list[int]:
        """Return the days on which a charge came in four months, none when it does not return."""
        amount, seen = self._deviations[newest], [newest]
        slots = list(_month_slots(date.fromordinal(newest)))
        for spans in zip(*slots, strict=True):
            days = {day for first, end in spans for day in range(first, end + 1)}
            alike = [day for day in days & self._deviations.keys() if self._is_like(day, amount)]
            alike.sort(key=lambda day: _alike(self._deviations[day], amount))
            seen += alike[-1:]
        months = min(_LOOK_BACK, (last - (self._first or last)) // 30)
        return seen if len(seen) > 1 and len(seen) >= months else []

    def _is_like(self, day: int, amount: float) -> bool:
        return _alike(self._deviations[day], amount) >= ALIKE_FORESEEN

    def _returns(self, seen: list[float | None], deviation: float, once: float) -> bool:
        alike = sum(_alike(one, deviation) >= ALIKE_TWICE for one in seen if one is not None)
        newest = next((one for one in seen if one is not None), None)
        return alike > 1 or (newest is not None and once < 1 and _alike(newest, deviation) >= once)

    def _largest(self, first: int, last: int) -> float:
        days = range(first, last + 1)
        return max((self._deviations.get(one, 0.0) for one in days), key=abs, default=0.0)

    def _nearest(self, deviation: float, first: int, last: int) -> float | None:
        """Return the deviation of that sign in some days which is most alike."""
        same_sign = [
            self._deviations[one]
            for one in range(first, last + 1)
            if one in self._deviations and self._deviations[one] * deviation > 0
        ]
        return max(same_sign, key=lambda one: _alike(one, deviation), default=None)


def _alike(one: float, other: float) -> float:
    """Return the smaller of two amounts in the larger; negative when their signs differ."""
    return min(one / other, other / one)


def _month_slots(day: date) -> Iterator[list[tuple[int, int]]]:
    """Yield the days of earlier months where what comes on ``day`` could have come.

    The same day of the month, and two days beside it where a weekend may have moved one of the
    two; near the end of a month also as many days before it.
    """
    months = [_month_before(day, back) for back in range(1, _LOOK_BACK + 1)]
    same = [first + timedelta(days=min(day.day, length) - 1) for first, length in months]
    yield [_around(one, _WEEKEND if _can_move(day, one) else 0, day) for one in same]
    left = monthrange(day.year, day.month)[1] - day.day
    if left <= _MONTH_ENDS:
        ends = [first + timedelta(days=length - 1 - left) for first, length in months]
        yield [_around(one, _NEAR_END, day) for one in ends]


def _month_before(day: date, back: int) -> tuple[date, int]:
    """Return the first day and the length of a month before that of ``day``."""
    index = day.year * 12 + day.month - 1 - back
    year, month = index // 12, index % 12 + 1
    return date(year, month, 1), monthrange(year, month)[1]


def _can_move(day: date, other: date) -> bool:
    return day.weekday() in (0, 4) or other.weekday() in (0, 4, 5, 6)


def _around(centre: date, beside: int, before: date) -> tuple[int, int]:
    ordinal = centre.toordinal()
    return ordinal - beside, min(ordinal + beside, before.toordinal() - 1)


def _rule(seen: Sequence[date]) -> Callable[[date], bool]:
    """Return the rule that explains most of the days on which a charge came."""
    due = max(day.day for day in seen)
    rules: list[Callable[[date], bool]] = [lambda day: _is_day(day, due), _is_last_business_day]
    rules += [lambda day, due=one: _is_rolled(day, due) for one in range(max(1, due - 2), due + 1)]  # type: ignore[misc]
    return max(rules, key=lambda rule: sum(map(rule, seen)))


def _is_day(day: date, due: int) -> bool:
    return day.day == min(due, monthrange(day.year, day.month)[1])


def _is_rolled(day: date, due: int) -> bool:
    """Tell whether a charge of some day of the month comes on this one: Monday for weekends."""
    back = 3 if day.weekday() == 0 else 1
    days = (day - timedelta(days=offset) for offset in range(back))
    return day.weekday() < _SATURDAY and any(_is_day(one, due) for one in days)


def _is_last_business_day(day: date) -> bool:
    left = monthrange(day.year, day.month)[1] - day.day
    return day.weekday() < _SATURDAY and (left == 0 or (day.weekday() == 4 and left <= _WEEKEND))
