"""How the coming days of a series are foreseen: six methods, chosen by their own back-test.

Each has its reason: the level with the weekday pattern, the same with a fading trend, the mean of
four and the median of eight same weekdays of the cleaned history (for patterns that the level
smooths too much), the bare mean of four (for series whose spikes are usual) and last week (for
those that never stay). Every 14 days of the past each says what it would have said of the next
30; the one with the least errors speaks. Pure; values are floats.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, sqrt
from statistics import fmean, median

from costoptix.series.baseline import Follower

MIN_BACK_TEST = 42
"""Days from which on a method is asked what it would have said."""

_EVERY, _AHEAD, _KEPT = 14, 30, 8  # days between back-tests, days foreseen, back-tests that count
_MIN_CAME = 10
_WEEK = 7
_MONTH, _PATTERN = 28, 56
_TREND_DAYS = 84
_LEVEL_DAYS = 14
_TREND_FADES = 30.0  # days: in all a trend is carried on for about a month
_TREND_DOUBT = 3.0  # a slope counts as far as it exceeds three times its standard error
_TO_SIGMA = 1.4826
_WORST = 3.0  # of the middle method's error: one bad month is no verdict
_STANDING = {
    "level": 0.85, "trend": 0.8, "mean4": 1.0, "median8": 1.0, "bare4": 1.03, "last_week": 1.3,
}  # fmt: skip
"""What a method's errors are taken for before there are any, and for how many back-tests."""
_STANDS_FOR = 4.0
_USUAL_NOISE, _USUAL_SHARE = 0.7, 0.08  # the usual error of a day: of its sigma, and of the level
_USUAL_STANDS_FOR = 2
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Foreseen:
    """Expected values of days to come, the charges in them, and the usual error of a day."""

    expected: list[float]
    charges: list[float]
    error: float


@dataclass(frozen=True)
class _BackTest:
    """What each method said of the days that came."""

    came: list[float]
    by_method: Mapping[str, Sequence[float]]

    def errors(self) -> dict[str, float]:
        return {name: _error(values, self.came) for name, values in self.by_method.items()}


def foresee(amounts: Sequence[tuple[date, float]], count: int) -> Foreseen:
    """Foresee ``count`` days after the last of ``amounts``."""
    follower, notes = Follower(), {}
    values = [value for _, value in amounts]
    for index, (day, value) in enumerate(amounts, start=1):
        follower.step(day, value)
        ago = len(amounts) - index
        is_due = ago % _EVERY == 0 and _MIN_CAME <= ago <= _EVERY * (_KEPT + 1)
        if is_due and index >= MIN_BACK_TEST:
            notes[index] = _candidates(follower, values[:index], day, _AHEAD)[0]
    tests = [_BackTest(values[at : at + _AHEAD], note) for at, note in notes.items()]
    tests = tests[-_KEPT:]
    by_method, charges = _candidates(follower, values, amounts[-1][0], count)
    name = _best(tests, by_method.keys())
    notes_of = [test.by_method.get(name, test.by_method["level"]) for test in tests]
    errors = [_error(note, test.came) for note, test in zip(notes_of, tests, strict=True)]
    return Foreseen(by_method[name], charges, _usual_error(follower, errors))


def _candidates(
    follower: Follower, values: Sequence[float], last: date, count: int
) -> tuple[dict[str, list[float]], list[float]]:
    """Say what each method expects, and the charges that all but the bare ones add."""
    settled = copy(follower)  # settling replaces lists and never changes them
    settled.settle()
    days = [last + timedelta(days=ahead) for ahead in range(1, count + 1)]
    charges = settled.foreseen(days)
    slope = trend(settled.without_weekdays(_TREND_DAYS))
    level = settled.level()
    offsets = [settled.offset(day) for day in days]
    faded = [
        slope * ((_LEVEL_DAYS - 1) / 2 + _TREND_FADES * (1 - exp(-ahead / _TREND_FADES)))
        for ahead in range(1, count + 1)
    ]
    mean4 = [fmean(settled.same_weekday(k, _MONTH) or [level]) for k in range(_WEEK)]
    median8 = [median(settled.same_weekday(k, _PATTERN) or [level]) for k in range(_WEEK)]
    clean = {
        "level": [level + offset for offset in offsets],
        "trend": [level + more + offset for more, offset in zip(faded, offsets, strict=True)],
        "mean4": [mean4[day.weekday()] for day in days],
        "median8": [median8[day.weekday()] for day in days],
    }
    by_method = {
        name: [value + charge for value, charge in zip(expected, charges, strict=True)]
        for name, expected in clean.items()
    }
    if len(values) >= _MONTH:
        recent = values[-_MONTH:]
        by_method["bare4"] = [fmean(recent[k % _WEEK :: _WEEK]) for k in range(count)]
        by_method["last_week"] = [values[len(values) - _WEEK + k % _WEEK] for k in range(count)]
    return by_method, charges


def _best(tests: Sequence[_BackTest], names: Collection[str]) -> str:
    """Return the method that was least wrong; each begins with what is usual of it."""
    errors = {name: _STANDS_FOR * _STANDING[name] for name in names}
    for test in tests:
        mine = test.errors()
        middle = median(mine.values())
        if middle > 0:
            share = len(test.came) / _AHEAD
            for name, error in mine.items():
                errors[name] += share * min(_WORST, error / middle)
    return min(errors, key=lambda name: errors[name])


def _usual_error(follower: Follower, errors: Sequence[float]) -> float:
    """Return the mean error of a day in the back-tests, tempered by what is usual of series."""
    noise, level = follower.noise(), abs(follower.level())
    if max([noise, *errors]) <= _ROUNDING * level:
        return 0.0
    usual = _USUAL_NOISE * noise + _USUAL_SHARE * level
    most = 4 * (median(errors) if errors else 0.0) + usual
    whole = _USUAL_STANDS_FOR * usual + sum(min(error, most) for error in errors)
    return whole / (_USUAL_STANDS_FOR + len(errors))


def _error(values: Sequence[float], came: Sequence[float]) -> float:
    return fmean(abs(one - value) for one, value in zip(values, came, strict=False))


def trend(values: Sequence[float]) -> float:
    """Return the change per day: Theil and Sen's median slope of the weeks' medians.

    Shrunk by its own uncertainty, to zero when it does not exceed three standard errors, and
    zero below four weeks.
    """
    count = len(values) // _WEEK
    if count < _MONTH // _WEEK:
        return 0.0
    start = len(values) - count * _WEEK
    weeks = [median(values[start + _WEEK * k : start + _WEEK * (k + 1)]) for k in range(count)]
    slope = median(
        (weeks[later] - weeks[earlier]) / (later - earlier)
        for earlier in range(count)
        for later in range(earlier + 1, count)
    )
    if slope == 0:
        return 0.0
    errors = [week - slope * k for k, week in enumerate(weeks)]
    centre = median(errors)
    scatter = _TO_SIGMA * median(abs(error - centre) for error in errors)
    doubt = _TREND_DOUBT * scatter * sqrt(12 / (count**3 - count))
    return slope / _WEEK * max(0.0, 1 - (doubt / slope) ** 2)
