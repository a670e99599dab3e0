"""The figures of a budget: pure functions over what its costs were day by day.

What is spent is the sum of all days of the period through today, exactly what the cost explorer
says for the same filters. What is predicted rests on complete days only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from costoptix.budgets.drafts import BudgetPeriod
from costoptix.figures.trends import share
from costoptix.models import BudgetState
from costoptix.money import EXACT, Amount, scaled, times_over, total
from costoptix.periods import DateRange, add_months, month_end, quarter_start
from costoptix.series.baseline import DailyAmounts
from costoptix.series.ceiling import value_at_risk
from costoptix.series.forecast import (
    ForecastDay,
    ForecastMethod,
    Horizon,
    forecast,
)

MONTHS = {BudgetPeriod.MONTHLY: 1, BudgetPeriod.QUARTERLY: 3, BudgetPeriod.YEARLY: 12}
PAST_PERIODS = {BudgetPeriod.MONTHLY: 12, BudgetPeriod.QUARTERLY: 4, BudgetPeriod.YEARLY: 2}
"""How many periods before the running one are looked back on."""

STALE = timedelta(days=31)
"""Data that end so long before a period say nothing about it."""

_NOTHING = Amount(0)
_ENDED_BEFORE = "Not enough history: the complete days end long before this period."


@dataclass(frozen=True)
class Terms:
    """What a budget's figures depend on: its amount (above zero), period and thresholds."""

    amount: Amount
    period: BudgetPeriod
    warning_threshold: Decimal  # percent
    critical_threshold: Decimal

    def state(self, spent: Amount) -> BudgetState:
        """Return the state at some spend; a threshold that is reached is crossed."""
        crossed = self.crossed(spent)
        return crossed[-1] if crossed else BudgetState.OK

    def crossed(self, spent: Amount) -> list[BudgetState]:
        """List the thresholds that some spend has reached, the lowest first."""
        levels = (
            (BudgetState.WARNING, self.warning_threshold),
            (BudgetState.CRITICAL, self.critical_threshold),
            (BudgetState.EXCEEDED, Decimal(100)),
        )
        scaled = EXACT.multiply(spent, Decimal(100))
        return [
            state for state, percent in levels if scaled >= EXACT.multiply(self.amount, percent)
        ]


@dataclass(frozen=True)
class PastPeriod:
    """How a period before the running one ended; ``is_whole`` when all of its days are known."""

    days: DateRange
    spend: Amount
    utilization_percent: Decimal | None
    state: BudgetState
    crossed_on: date | None  # the day on which the amount was reached
    is_whole: bool

    @property
    def is_kept(self) -> bool:
        """Tell whether the amount was not reached."""
        return self.state is not BudgetState.EXCEEDED


@dataclass(frozen=True)
class Figures:
    """How a budget stands today."""

    days: DateRange  # the running period
    current_spend: Amount
    predicted_spend: Amount | None  # the period stays under it with 95% confidence
    predicted_by: ForecastMethod
    predicted_note: str
    utilization_percent: Decimal | None  # None beyond all measure
    state: BudgetState
    days_remaining: int  # after today
    pace_percent: Decimal  # how much of the period is over, today included
    crosses_on: date | None  # when the amount was reached, or is expected to be; None: not in it
    history: tuple[PastPeriod, ...]  # newest first


def period_of(period: BudgetPeriod, day: date) -> DateRange:
    """Return the calendar month, quarter or year of a day."""
    if period is BudgetPeriod.MONTHLY:
        first = day.replace(day=1)
    elif period is BudgetPeriod.QUARTERLY:
        first = quarter_start(day)
    else:
        first = date(day.year, 1, 1)
    return DateRange(first, month_end(add_months(first, MONTHS[period] - 1)))


def pace_percent(days: DateRange, today: date) -> Decimal:
    """Return how much of a period is over, today included, in percent."""
    return scaled(Decimal((today - days.first).days + 1), 100, days.length, places=2)


def days_needed(period: BudgetPeriod, today: date) -> DateRange:
    """Return the days whose costs the figures are made of: past periods, and this to today."""
    first = period_of(period, today).first
    return DateRange(add_months(first, -MONTHS[period] * PAST_PERIODS[period]), today)


def figures(
    terms: Terms, by_day: Mapping[date, Amount], complete: DateRange | None, today: date
) -> Figures:
    """Work out how a budget stands.

    ``by_day`` holds the costs of ``days_needed`` (days without are absent); ``complete`` is the
    part of them whose bills are all in.
    """
    days = period_of(terms.period, today)
    spent = total([by_day.get(day, _NOTHING) for day in DateRange(days.first, today)])
    amounts = [(day, by_day.get(day, _NOTHING)) for day in complete or ()]
    predicted, method, note = _predicted(amounts, days, spent)
    return Figures(
        days=days,
        current_spend=spent,
        predicted_spend=predicted,
        predicted_by=method,
        predicted_note=note,
        utilization_percent=share(spent, terms.amount),
        state=terms.state(spent),
        days_remaining=(days.last - today).days,
        pace_percent=pace_percent(days, today),
        crosses_on=_crosses_on(terms, by_day, amounts, days, today),
        history=tuple(_past_periods(terms, by_day, complete, days)),
    )


def _predicted(
    amounts: DailyAmounts, days: DateRange, spent: Amount
) -> tuple[Amount | None, ForecastMethod, str]:
    if amounts and amounts[-1][0] < days.first - STALE:
        return None, ForecastMethod.NONE, _ENDED_BEFORE
    ceiling = value_at_risk(amounts, days)
    if ceiling.amount is None:
        return None, ceiling.method, ceiling.note
    return max(ceiling.amount, spent), ceiling.method, ceiling.note


def _crosses_on(
    terms: Terms,
    by_day: Mapping[date, Amount],
    amounts: DailyAmounts,
    days: DateRange,
    today: date,
) -> date | None:
    """Return the day on which the amount was, or is expected to be, reached."""
    reached = _reached_on(terms.amount, by_day, DateRange(days.first, today))
    if reached is not None or not amounts or amounts[-1][0] < days.first - STALE:
        return reached
    coming = forecast(amounts, Horizon.DAYS_90).days
    so_far = total([amount for day, amount in amounts if day in days])
    for one in coming:
        if one.day in days:
            so_far = EXACT.add(so_far, one.expected)
            if so_far >= terms.amount:
                return max(one.day, today)
    return _carried_on(terms.amount - so_far, coming, days.last)


def _carried_on(missing: Amount, coming: Sequence[ForecastDay], last: date) -> date | None:
    """Return the day on which the average of the coming days makes up for what is missing.

    None where that is after ``last``.
    """
    expected, after = total([day.expected for day in coming]), coming[-1].day
    if expected <= 0:
        return None
    days = times_over(missing * len(coming), expected)
    return after + timedelta(days=days) if days <= (last - after).days else None


def _past_periods(
    terms: Terms, by_day: Mapping[date, Amount], complete: DateRange | None, now: DateRange
) -> Iterator[PastPeriod]:
    """Yield the periods before the running one that are known at least in part."""
    months = MONTHS[terms.period]
    for back in range(1, PAST_PERIODS[terms.period] + 1):
        days = period_of(terms.period, add_months(now.first, -months * back))
        part = complete.clip(days) if complete else None
        if part is None:
            return
        spent = total([by_day.get(day, _NOTHING) for day in days])
        yield PastPeriod(
            days,
            spent,
            share(spent, terms.amount),
            terms.state(spent),
            _reached_on(terms.amount, by_day, days),
            part == days,
        )


def _reached_on(amount: Amount, by_day: Mapping[date, Amount], days: DateRange) -> date | None:
    """Return the first day on which the costs so far reached an amount, unless undone later."""
    so_far, reached = _NOTHING, None
    for day in days:
        so_far = EXACT.add(so_far, by_day.get(day, _NOTHING))
        if so_far < amount:
            reached = None
        elif reached is None:
            reached = day
    return reached
