"""What the coming days will cost, with an 80% range, and what a period will hardly exceed.

Pure functions on the daily amounts of one currency. The forecast is the baseline of
``costoptix.series.baseline`` carried on: its level and weekday pattern, the trend of the last
twelve weeks as far as it stands out from the noise (and fading, since no trend lasts), and the
usual charge on the first of a month. With a short history the method says so in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from math import exp, sqrt
from statistics import fmean, median

from costoptix.money import Amount, total
from costoptix.periods import DateRange, month_end, month_start
from costoptix.series.baseline import DailyAmounts, Follower, check, to_money

MIN_LEVEL_DAYS = 14
MIN_PATTERN_DAYS = 28
SUM_DAYS = (7, 30, 90)
"""Of how many coming days the sum has a range of its own."""

_TREND_DAYS = 84
_WEEK = 7
_LEVEL_DAYS = 14
_TREND_FADES = 30.0  # days: in all a trend is carried on for about a month
_TREND_DOUBT = 3.0  # a slope counts as far as it exceeds three times its standard error
_TO_SIGMA = 1.4826
_RANGE_SHARE = 0.85  # 80% of days to come: a twentieth of them lie beyond a level shift
_RANGE_GROWS = 20.0  # days until the level has wandered as far as the days scatter around it


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
    ``expected``, ``low`` and ``high`` include it. The range of the sum is narrower than the sum
    of the ranges, because errors of single days cancel out.
    """

    method: ForecastMethod
    note: str
    days: list[ForecastDay]
    spent: Amount
    expected: Amount | None
    low: Amount | None
    high: Amount | None
    sums: tuple[ForecastSum, ...] = ()  # of as many of ``SUM_DAYS`` as the horizon has


@dataclass(frozen=True)
class _Outlook:
    """Expected value per day, and the half widths of the ranges of each day and of the sums."""

    expected: list[float]
    below: list[float]
    above: list[float]
    sum_widths: list[float]  # of the sum of the first day, of the first two, …


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
        outlook = _carry_on(amounts, days)
    method, note = _in_words(len(amounts))
    floor = 0.0 if all(amount >= 0 for _, amount in amounts) else float("-inf")
    return _in_money(method, note, days, outlook, spent, floor)


def _average(amounts: DailyAmounts, count: int) -> _Outlook:
    values = [float(amount) for _, amount in amounts]
    mean = fmean(values)
    below, above = mean - min(values), max(values) - mean
    widths = [max(below, above) * days for days in range(1, count + 1)]
    return _Outlook([mean] * count, [below] * count, [above] * count, widths)


def _carry_on(amounts: DailyAmounts, days: Sequence[date]) -> _Outlook:
    follower = Follower()
    for day, amount in amounts:
        follower.step(day, float(amount))
    follower.settle()
    slope = _trend(follower.without_weekdays(_TREND_DAYS))
    # the level is that of the middle of its days
    level = follower.level() + slope * (_LEVEL_DAYS - 1) / 2
    usual, charges = follower.month_start_charge(), follower.charges
    expected, below, above = [], [], []
    scatter = follower.typical_error(_RANGE_SHARE)
    for ahead, day in enumerate(days, start=1):
        starts = day.day == 1
        faded = slope * _TREND_FADES * (1 - exp(-ahead / _TREND_FADES))
        width = scatter * sqrt(1 + ahead / _RANGE_GROWS)
        expected.append(level + faded + follower.offset(day) + usual * starts)
        below.append(width + max(0.0, usual - min([0.0, *charges])) * starts)
        above.append(width + max(0.0, max([0.0, *charges]) - usual) * starts)
    widths = [_width_of_sum(scatter, count) for count in range(1, len(days) + 1)]
    return _Outlook(expected, below, above, widths)


def _trend(values: Sequence[float]) -> float:
    """Return the change per day: Theil and Sen's median slope of the weeks' medians.

    Shrunk by its own uncertainty, to zero when it does not exceed three standard errors, and
    zero below four weeks.
    """
    count = len(values) // _WEEK
    if count < MIN_PATTERN_DAYS // _WEEK:
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


def _width_of_sum(scatter: float, count: int) -> float:
    """Return the half width of the range of a sum of ``count`` days.

    The days' own errors are independent (variances add); the wandering of the level is shared
    by all days after it (a sum of a random walk).
    """
    wandering = count * (count + 1) * (2 * count + 1) / 6 / _RANGE_GROWS
    return scatter * sqrt(count + wandering)


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
    return ForecastMethod.PATTERN, "Level, weekday pattern, trend and month-start charges."


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
            to_money(max(floor, expected - below)),
            to_money(max(floor, expected + above)),
        )
        for day, expected, below, above in zip(
            days, outlook.expected, outlook.below, outlook.above, strict=True
        )
    ]
    whole = _sum_of(coming, len(coming), outlook, floor)
    return Forecast(
        method,
        note,
        coming,
        spent,
        spent + whole.expected,
        spent + whole.low,
        spent + whole.high,
        tuple(_sum_of(coming, count, outlook, floor) for count in SUM_DAYS if count <= len(days)),
    )


def _sum_of(
    coming: Sequence[ForecastDay], count: int, outlook: _Outlook, floor: float
) -> ForecastSum:
    expected = total([one.expected for one in coming[:count]])
    width = to_money(outlook.sum_widths[count - 1])
    low = max(expected - width, Decimal(0)) if floor == 0 else expected - width
    return ForecastSum(count, expected, low, expected + width)
