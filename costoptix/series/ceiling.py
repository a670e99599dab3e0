"""What a period will hardly exceed: the ceiling that it stays under with 95% confidence.

Pure functions on the daily amounts of one currency, apart from the forecast: earlier months say
by how much their rest differed from their pace, with all that happens in months.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import fmean, stdev

from costoptix.money import Amount, scaled, total
from costoptix.periods import DateRange, add_months, month_end
from costoptix.series.baseline import DailyAmounts, check, to_money
from costoptix.series.forecast import ForecastMethod

MIN_RISK_MONTHS = 3
RISK_MONTHS = 11

_PACE_DAYS = 28
# Student's t, 95% one-sided, for 1 to 10 degrees of freedom
_T95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812)


@dataclass(frozen=True)
class Ceiling:
    """What a period stays under with 95% confidence; None when there is no history."""

    amount: Amount | None
    method: ForecastMethod
    note: str
    months: int


def value_at_risk(amounts: DailyAmounts, period: DateRange) -> Ceiling:
    """Return what ``period`` stays under with 95% confidence, by its last complete day.

    For each of up to 11 months back, what came from the same day of the month to the same end of
    the period is compared with the pace of the month before. The 95% prediction limit of these
    ratios (Student's t), times the present pace and the days left, is added to what is spent.
    Fewer than 3 such months, or a pace of zero or of credits: linear, the spend so far divided
    by the days it took, times the days of the period. None before the first complete day.

    Raises:
        ValueError: days out of order, or an amount that is not finite.
    """
    check(amounts)
    if not amounts:
        note = "Not enough history: there is no complete day yet."
        return Ceiling(None, ForecastMethod.NONE, note, 0)
    last = amounts[-1][0]
    spent = total([amount for day, amount in amounts if day in period])
    if last >= period.last:
        return Ceiling(spent, ForecastMethod.NONE, "The period is complete.", 0)
    left = DateRange(max(last + timedelta(days=1), period.first), period.last)
    values = {day: float(amount) for day, amount in amounts}
    pace = _pace(values, last)
    ratios = _past_ratios(values, last, left)
    if len(ratios) < MIN_RISK_MONTHS or pace is None or pace <= 0:
        return _linear(amounts, period, spent, left.length)
    limit = fmean(ratios) + _T95[len(ratios) - 2] * stdev(ratios) * sqrt(1 + 1 / len(ratios))
    note = f"From the same days of {len(ratios)} months."
    ceiling = spent + to_money(max(0.0, limit) * pace * left.length)
    return Ceiling(ceiling, ForecastMethod.VALUE_AT_RISK, note, len(ratios))


def _pace(values: dict[date, float], last: date) -> float | None:
    """Return the mean of a month's days to ``last``, or None when one of them is unknown.

    From the day after the same day a month before, so that what is charged on a day of the month
    is in every pace, and once.
    """
    before = add_months(last, -1)
    before = min(before + timedelta(days=last.day - 1), month_end(before))
    days = DateRange(before + timedelta(days=1), last)
    return fmean(values[day] for day in days) if all(day in values for day in days) else None


def _past_ratios(values: dict[date, float], last: date, left: DateRange) -> list[float]:
    """Compare, month by month back, what came in the same days with what the pace made likely.

    The same days end with their own month: "four days left" of a February that has one more day
    would take in the charges of the first of March. Days that one month has and the other has
    not are put at the pace, so that a charge weighs once whatever the length of its month.
    """
    ratios = []
    for back in range(1, RISK_MONTHS + 1):
        first = _same_day(left.first, back)
        if first is None:
            continue
        days = DateRange(first, month_end(add_months(left.last, -back)))
        pace = _pace(values, first - (left.first - last))
        if pace is not None and pace > 0 and all(day in values for day in days):
            came = sum(values[day] for day in days) + pace * (left.length - days.length)
            ratios.append(came / (pace * left.length))
    return ratios


def _same_day(day: date, months: int) -> date | None:
    """Return the day of the same number so many months before; None when there is no such day."""
    first = add_months(day, -months)
    same = first + timedelta(days=day.day - 1)
    return same if same <= month_end(first) else None


def _linear(amounts: DailyAmounts, period: DateRange, spent: Amount, left: int) -> Ceiling:
    elapsed = sum(day in period for day, _ in amounts)
    if elapsed:
        coming = scaled(spent, left, elapsed)
        note = "Too little history for a worst case: the pace of the period so far, carried on."
    else:
        recent = [amount for _, amount in amounts[-_PACE_DAYS:]]
        coming = scaled(total(recent), left, len(recent))
        note = "Too little history for a worst case: the pace of the last days, carried on."
    return Ceiling(spent + coming, ForecastMethod.LINEAR, note, 0)
