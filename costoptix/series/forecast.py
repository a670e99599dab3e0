"""What the coming days will cost, with an 80% range of each day and of their sums.

Pure functions on the daily amounts of one currency. What is expected comes from the method of
``costoptix.series.methods`` that was most right on this series. Ranges are multiples of
the mean error of a day in these back-tests. What multiples hold eight in ten was pooled over many
series, for days and for sums apart: days that err together make a sum err more than a formula of
independent days says. With a short history the method says so in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from math import log
from statistics import fmean

from costoptix.money import Amount, total
from costoptix.periods import DateRange, month_end, month_start
from costoptix.series.baseline import DailyAmounts, check, to_money
from costoptix.series.methods import foresee

MIN_LEVEL_DAYS = 14
MIN_PATTERN_DAYS = 28
SUM_DAYS = (7, 30, 90)
"""Of how many coming days the sum has a range of its own."""

_DAYS = {1: (-1.0, 1.25), 8: (-1.05, 1.6), 31: (-1.3, 4.0)}
"""Of a day so many ahead or further: lowest and highest error of eight in ten, in mean errors."""

_SUMS = {
    1: (-1.0, 1.25), 7: (-0.6, 1.0), 30: (-0.65, 2.15), 60: (-0.7, 2.75), 90: (-0.73, 3.9),
}  # fmt: skip
"""The same of sums of so many days, per day; those between are interpolated."""

_CHARGE_SHARE = 0.2  # of a charge: how far the next may lie from it


class Horizon(StrEnum):
    """How far to look: to the end of the running month, or so many days."""

    MONTH_END = "month_end"
    DAYS_30 = "30"
    DAYS_60 = "60"
    DAYS_90 = "90"

    def after(self, last: date) -> DateRange:
        """Return the days to forecast when ``last`` is the last complete day.

        The running month is that of the day after ``last``.
        """
        first = last + timedelta(days=1)
        if self is Horizon.MONTH_END:
            return DateRange(first, month_end(first))
        return DateRange(first, last + timedelta(days=int(self.value)))


class ForecastMethod(StrEnum):
    """How a figure was made, from least to most history."""

    NONE = "none"
    AVERAGE = "average"
    LINEAR = "linear"
    LEVEL = "level"
    PATTERN = "pattern"
    VALUE_AT_RISK = "value_at_risk"


@dataclass(frozen=True)
class ForecastDay:
    """A day to come; eight in ten days should lie from ``low`` to ``high`` (both included)."""

    day: date
    expected: Amount
    low: Amount
    high: Amount


@dataclass(frozen=True)
class ForecastSum:
    """What the first ``days`` days to come will cost together; eight in ten should lie within."""

    days: int
    expected: Amount
    low: Amount
    high: Amount


@dataclass(frozen=True)
class Forecast:
    """Days to come and their sum; all figures None and no days when there is no history.

    ``spent`` is what the running month has cost so far when the horizon is its end, else zero;
    ``expected``, ``low`` and ``high`` include it. The range of the sum is one of its own.
    """

    method: ForecastMethod
    note: str
    days: list[ForecastDay]
    spent: Amount
    expected: Amount | None
    low: Amount | None
    high: Amount | None
    sums: tuple[ForecastSum, ...] = ()  # of as many of ``SUM_DAYS`` as the horizon has
    running: tuple[ForecastSum, ...] = ()  # of the first day, of the first two, … to the horizon


@dataclass(frozen=True)
class _Outlook:
    """Expected value per day, and how far each day and the sums may lie below and above it."""

    expected: list[float]
    days: list[tuple[float, float]]
    sums: list[tuple[float, float]]  # of the first day, of the first two, …


def forecast(amounts: DailyAmounts, horizon: Horizon) -> Forecast:
    """Forecast the days after the last of ``amounts``.

    Fewer than 14 days give their average and their own range, fewer than 28 the level without
    weekday pattern and trend. A series that was never negative is not forecast negative.

    Raises:
        ValueError: days out of order, or an amount that is not finite.
    """
    check(amounts)
    if not amounts:
        note = "Not enough history: there is no complete day yet."
        return Forecast(ForecastMethod.NONE, note, [], Decimal(0), None, None, None)
    days = list(horizon.after(amounts[-1][0]))
    spent = Decimal(0)
    if horizon is Horizon.MONTH_END:
        first = month_start(days[0])
        spent = total([amount for day, amount in amounts if day >= first])
    if len(amounts) < MIN_LEVEL_DAYS:
        outlook = _average(amounts, len(days))
    else:
        outlook = _carry_on(amounts, len(days))
    method, note = _in_words(len(amounts))
    floor = 0.0 if all(amount >= 0 for _, amount in amounts) else float("-inf")
    return _in_money(method, note, days, outlook, spent, floor)


def _average(amounts: DailyAmounts, count: int) -> _Outlook:
    values = [float(amount) for _, amount in amounts]
    mean = fmean(values)
    low, high = min(values) - mean, max(values) - mean
    sums = [(low * days, high * days) for days in range(1, count + 1)]
    return _Outlook([mean] * count, [(low, high)] * count, sums)


def _carry_on(amounts: DailyAmounts, count: int) -> _Outlook:
    ahead = foresee([(day, float(amount)) for day, amount in amounts], count)
    days, sums = [], []
    for index, charge in enumerate(ahead.charges, start=1):
        low, high = _DAYS[max(first for first in _DAYS if first <= index)]
        more = _CHARGE_SHARE * abs(charge)
        days.append((low * ahead.error - more, high * ahead.error + more))
        low, high = _of_sum(index)
        sums.append((low * ahead.error * index, high * ahead.error * index))
    return _Outlook(ahead.expected, days, sums)


def _of_sum(count: int) -> tuple[float, float]:
    """Return the lowest and highest error of a sum of ``count`` days, in mean errors of a day."""
    after = next((days for days in _SUMS if days >= count), max(_SUMS))
    before = max((days for days in _SUMS if days <= count), default=after)
    share = log(count / before) / log(after / before) if after > before else 0.0
    (low, high), (low_after, high_after) = _SUMS[before], _SUMS[after]
    return low + share * (low_after - low), high + share * (high_after - high)


def _in_words(count: int) -> tuple[ForecastMethod, str]:
    if count < MIN_LEVEL_DAYS:
        return ForecastMethod.AVERAGE, (
            f"Only {count} complete days: their average, and their lowest and highest as range. "
            f"A forecast needs {MIN_LEVEL_DAYS} days."
        )
    if count < MIN_PATTERN_DAYS:
        return ForecastMethod.LEVEL, (
            f"Only {count} complete days: the level of the last two weeks, without trend. "
            f"Weekdays and trend need {MIN_PATTERN_DAYS} days."
        )
    return (
        ForecastMethod.PATTERN,
        "The method that was most right on these costs before.",
    )


def _in_money(
    method: ForecastMethod,
    note: str,
    days: Sequence[date],
    outlook: _Outlook,
    spent: Amount,
    floor: float,
) -> Forecast:
    coming = [
        ForecastDay(
            day,
            to_money(max(floor, expected)),
            to_money(max(floor, expected + below)),
            to_money(max(floor, expected + above)),
        )
        for day, expected, (below, above) in zip(days, outlook.expected, outlook.days, strict=True)
    ]
    running = tuple(_running(coming, outlook, floor))
    whole = running[-1]
    return Forecast(
        method,
        note,
        coming,
        spent,
        spent + whole.expected,
        spent + whole.low,
        spent + whole.high,
        tuple(running[count - 1] for count in SUM_DAYS if count <= len(days)),
        running,
    )


def _running(
    coming: Sequence[ForecastDay], outlook: _Outlook, floor: float
) -> Iterator[ForecastSum]:
    """Yield what the first day costs, the first two, and so on, each with a range of its own."""
    expected = Decimal(0)
    for count, (one, ends) in enumerate(zip(coming, outlook.sums, strict=True), start=1):
        expected += one.expected
        below, above = map(to_money, ends)
        low = max(expected + below, Decimal(0)) if floor == 0 else expected + below
        yield ForecastSum(count, expected, low, expected + above)
