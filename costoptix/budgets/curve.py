"""The curve of a budget: spend day by day, added up, to the end of its period. Pure.

Through the last complete day it is what was spent; after it what is expected, with a range that
holds the sum of the days to come eight times in ten. The even pace is the amount spread over the
days of the period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from costoptix.budgets.figures import STALE, Terms, period_of
from costoptix.money import Amount, quotient, scaled, total
from costoptix.periods import DateRange
from costoptix.series.baseline import DailyAmounts
from costoptix.series.forecast import Horizon, forecast

_NOTHING = Amount(0)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class ExpectedSpend:
    """What is expected to be spent by the end of a day; no range beyond 90 days."""

    expected: Amount
    low: Amount | None
    high: Amount | None


@dataclass(frozen=True)
class CurveDay:
    """Where a budget stands at the end of a day of its period, from the first day on."""

    day: date
    pace: Amount
    spent: Amount | None  # None after today
    is_complete: bool
    coming: ExpectedSpend | None  # None through the last complete day, and without a forecast
    has_charges: bool = True


@dataclass(frozen=True)
class Curve:
    """Every day of the running period in order, with the amount and what it stays under."""

    days: tuple[CurveDay, ...]
    amount: Amount
    ceiling: Amount | None  # with 95% confidence; ``Figures.predicted_spend``

    @property
    def end(self) -> ExpectedSpend | None:
        """Return what is expected by the end of the period."""
        return self.days[-1].coming


def curve(
    terms: Terms,
    by_day: Mapping[date, Amount],
    complete: DateRange | None,
    ceiling: Amount | None,
    today: date,
) -> Curve:
    """Add up a budget's costs over the days of its running period; arguments as of ``figures``."""
    days = period_of(terms.period, today)
    amounts = [(day, by_day.get(day, _NOTHING)) for day in complete or ()]
    coming = dict(_coming(amounts, days))
    spent, curve_days = _NOTHING, []
    for number, day in enumerate(days, start=1):
        spent += by_day.get(day, _NOTHING)
        curve_days.append(
            CurveDay(
                day,
                scaled(terms.amount, number, days.length),
                spent if day <= today else None,
                complete is not None and day <= complete.last,
                coming.get(day),
                day in by_day,
            )
        )
    return Curve(tuple(curve_days), terms.amount, ceiling)


def _coming(amounts: DailyAmounts, days: DateRange) -> Iterator[tuple[date, ExpectedSpend]]:
    """Yield the days of a period after the last complete one with what is expected by their end."""
    if not amounts or amounts[-1][0] < days.first - STALE:
        return
    last, ahead = amounts[-1][0], forecast(amounts, Horizon.DAYS_90)
    average = quotient(ahead.running[-1].expected, len(ahead.running))
    base = total([amount for day, amount in amounts if day in days])
    never_falls = all(amount >= 0 for _, amount in amounts)
    skipped = max(0, (days.first - last).days - 1)  # days that no bill holds, before the period
    so_far = base
    for number, day in enumerate(DateRange(max(days.first, last + _DAY), days.last), start=1):
        if skipped + number > len(ahead.days):
            so_far += average
            yield day, ExpectedSpend(so_far, None, None)
            continue
        so_far += ahead.days[skipped + number - 1].expected
        alike = ahead.running[number - 1]  # the range of a sum of as many days
        low = so_far + alike.low - alike.expected
        high = so_far + alike.high - alike.expected
        yield day, ExpectedSpend(so_far, max(low, base) if never_falls else low, high)
