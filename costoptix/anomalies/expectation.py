"""What was expected of an anomaly day by day, and of the days around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy.orm import Session

from costoptix.anomalies.causes import Subject
from costoptix.anomalies.detect import Settings, verdicts
from costoptix.anomalies.episodes import (
    DIMENSIONS,
    METRIC,
    Series,
    Valuation,
    added_up,
    every_day,
    with_history,
)
from costoptix.clock import utc_today
from costoptix.costs import report
from costoptix.costs.answers import CostStore
from costoptix.lake.live import complete_days
from costoptix.models import Organization
from costoptix.money import Amount, total
from costoptix.periods import FIRST_DAY, DateRange
from costoptix.series.baseline import DailyAmounts, to_money

DAYS_BEFORE, DAYS_AFTER = 28, 7
"""How many days around an anomaly are told of."""

JUDGED_PARTS = 100
"""Of an anomaly with more parts than these only the cost is told: judging each takes its time."""


@dataclass(frozen=True)
class ExpectedDay:
    """What all parts together cost on a day, and what the days before let expect.

    ``expected``, ``low`` and ``high`` are None where there were too few days before.
    """

    day: date
    actual: Amount
    expected: Amount | None
    low: Amount | None
    high: Amount | None
    is_unusual: bool  # it is one of the anomaly


def around(days: DateRange) -> DateRange:
    """Return the days of an anomaly with those around it, as far as they have been."""
    first = max(FIRST_DAY, days.first - timedelta(days=DAYS_BEFORE))
    last = max(days.last, min(days.last + timedelta(days=DAYS_AFTER), utc_today()))
    return DateRange(first, last)


def expected_days(
    session: Session,
    organization: Organization,
    subject: Subject,
    days: DateRange,
    last_judged: date,
    settings: Settings,
    store: CostStore,
) -> list[ExpectedDay]:
    """Judge the complete days around an anomaly again, by the method that found it.

    ``days`` are those of the anomaly, ``last_judged`` is the last day of the run that would find
    it now: verdicts rest on the days before that.
    """
    shown = around(days)
    history = with_history(DateRange(shown.first, max(shown.last, last_judged)))
    complete = complete_days(session, organization, history)
    judged_days = complete.clip(shown) if complete else None
    if complete is None or judged_days is None:
        return []
    by_day: dict[date, list[tuple[Amount, Valuation | None]]] = {day: [] for day in judged_days}
    for amounts in _series(session, organization, subject, complete, store):
        for day, actual, valuation in _judged(amounts, subject, settings):
            if day in by_day:
                by_day[day].append((actual, valuation))
    return [_day_of(day, parts, day in days) for day, parts in by_day.items() if parts]


def _series(
    session: Session,
    organization: Organization,
    subject: Subject,
    complete: DateRange,
    store: CostStore,
) -> Iterator[DailyAmounts]:
    """Yield what each series of a subject cost on every day."""
    query = replace(subject.query(complete), group_by=DIMENSIONS)
    for costs in report.daily_series(session, organization, query, METRIC, store):
        provider, service, account = costs.group
        if Series(provider, service, account, costs.currency) in subject.series:
            yield every_day(costs, complete)


def _judged(
    amounts: DailyAmounts, subject: Subject, settings: Settings
) -> Iterator[tuple[date, Amount, Valuation | None]]:
    if len(subject.series) > JUDGED_PARTS:
        yield from ((day, actual, None) for day, actual in amounts)
        return
    for (day, actual), verdict in zip(amounts, verdicts(amounts, settings), strict=True):
        bounds = verdict and (verdict.expected, verdict.low, verdict.high)
        yield day, actual, Valuation(actual, *map(to_money, bounds)) if bounds else None


def _day_of(
    day: date, parts: Sequence[tuple[Amount, Valuation | None]], is_unusual: bool
) -> ExpectedDay:
    actual = total([actual for actual, _ in parts])
    valuations = [valuation for _, valuation in parts if valuation is not None]
    if len(valuations) < len(parts):
        return ExpectedDay(day, actual, None, None, None, is_unusual)
    whole = added_up(valuations)
    return ExpectedDay(day, actual, whole.expected, whole.low, whole.high, is_unusual)
