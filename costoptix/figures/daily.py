"""Daily spend: the days of a range, and what they say. Pure functions over cost reports.

A day is complete when all bills that cover it are in: from the first day with charges of the
organization through ``complete_through``. Other days count in the total and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.errors import Invalid
from costoptix.figures.breakdown import amount_of
from costoptix.figures.completeness import known_part
from costoptix.figures.summary import SERVICE, asked_over
from costoptix.figures.trends import Change, Trend, direction, mean
from costoptix.money import EXACT, Amount, total
from costoptix.periods import DateRange, Granularity, Preset

DEFAULT_RANGE = Preset.LAST_30_DAYS
MAX_DAYS = 90
WEEK = 7
MOST = Decimal("0.8")
"""The share of the cost that the largest services are counted for."""

STABLE_PERCENT = Decimal(5)
"""Whole weeks that differ by less than this, in percent, are stable."""

_SATURDAY = 5


@dataclass(frozen=True)
class Day:
    """What one day cost; 0 when it has no charges."""

    date: date
    amount: Amount
    is_complete: bool
    has_charges: bool = True


@dataclass(frozen=True)
class DailySpend:
    """The days of a range in one currency. What is None needs more complete days."""

    currency: str
    days: tuple[Day, ...]  # every day of the range, in order
    total: Amount  # of all days, those that are not complete too
    complete_days: int
    average: Amount | None  # per complete day, rounded to 18 places
    peak: Day | None  # the dearest complete day; of equals the latest
    lowest: Day | None  # the cheapest complete day that is not zero; of equals the latest
    day_over_day: Change | None  # the last two complete days
    trend: Trend | None  # by whole weeks, so that weekends do not look like a trend
    weekday_average: Amount | None  # Monday to Friday
    weekend_average: Amount | None
    services: int  # with charges in the range
    services_for_most: int  # how few of them make 80% of what is not credit


def daily_spend(ask: Ask, query: CostQuery, metric: str) -> list[DailySpend]:
    """Work out the days of a query's range, the currency with the largest total first.

    Raises:
        Invalid: the range is longer than ``MAX_DAYS``.
    """
    asked = query.date_range
    if asked.length > MAX_DAYS:
        raise Invalid(f"The range of daily spend must not exceed {MAX_DAYS} days.")
    whole = asked_over(query, asked, metric=metric)
    report = ask(replace(whole, granularity=Granularity.DAILY))
    complete = known_part(asked, report)
    amounts: dict[str, dict[date, Amount]] = {}
    for row in report.rows:
        amounts.setdefault(row.currency, {})[row.period_start] = amount_of(row, metric) or Amount(0)
    services: dict[str, list[Amount]] = {}
    for row in ask(asked_over(query, asked, *SERVICE, metric=metric)).rows:
        services.setdefault(row.currency, []).append(amount_of(row, metric) or Amount(0))
    spends = [
        figures(currency, _days(asked, by_day, complete), services.get(currency, []))
        for currency, by_day in amounts.items()
    ]
    return sorted(spends, key=lambda spend: (-abs(spend.total), spend.currency))


def _days(
    asked: DateRange, by_day: dict[date, Amount], complete: DateRange | None
) -> tuple[Day, ...]:
    return tuple(
        Day(
            day,
            by_day.get(day, Amount(0)),
            complete is not None and day in complete,
            day in by_day,
        )
        for day in asked
    )


def figures(currency: str, days: tuple[Day, ...], services: Sequence[Amount]) -> DailySpend:
    """Work out the figures of some days and of the services that they went to.

    The total is of all days, everything else of complete ones. Average is their sum ÷ their
    number, days of zero included. The peak may be a credit when all days are; the lowest is
    the least that is not zero, so that a day of credit counts. Without complete days these are
    None; day over day needs two, the trend fourteen; weekday and weekend averages need such
    days.
    """
    complete = [day for day in days if day.is_complete]
    amounts = [day.amount for day in complete]
    spending = [day for day in complete if day.amount]
    return DailySpend(
        currency=currency,
        days=days,
        total=total([day.amount for day in days]),
        complete_days=len(complete),
        average=mean(amounts),
        peak=max(complete, key=lambda day: (day.amount, day.date), default=None),
        lowest=min(spending, key=lambda day: (day.amount, -day.date.toordinal()), default=None),
        day_over_day=Change(amounts[-2], amounts[-1]) if len(amounts) > 1 else None,
        trend=weekly_trend(amounts),
        weekday_average=mean([day.amount for day in complete if day.date.weekday() < _SATURDAY]),
        weekend_average=mean([day.amount for day in complete if day.date.weekday() >= _SATURDAY]),
        services=len(services),
        services_for_most=count_for_most(services),
    )


def weekly_trend(amounts: Sequence[Amount]) -> Trend | None:
    """Compare the later half of the days with the earlier one, in whole weeks each.

    Both halves have every weekday equally often. Stable below ``STABLE_PERCENT`` of the earlier
    half's size; from zero any change counts, and a smaller credit is an increase. None for fewer
    than two weeks.
    """
    weeks = len(amounts) // (2 * WEEK) * WEEK
    if not weeks:
        return None
    earlier, later = amounts[-2 * weeks : -weeks], amounts[-weeks:]
    return direction(Change(total(list(earlier)), total(list(later))), STABLE_PERCENT)


def count_for_most(amounts: Sequence[Amount]) -> int:
    """Count how few amounts make ``MOST`` of the sum; those below zero are left out of both."""
    positive = sorted((amount for amount in amounts if amount > 0), reverse=True)
    enough, so_far = EXACT.multiply(total(positive), MOST), Amount(0)
    for count, amount in enumerate(positive, start=1):
        so_far = EXACT.add(so_far, amount)
        if so_far >= enough:
            return count
    return 0
