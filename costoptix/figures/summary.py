"""The figures of the dashboard and the explorer: compositions of cost reports, by currency.

Every function takes ``ask``, which answers a query for one organization, so that each number is
the API's number for the same question. Comparisons use complete days only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.figures.breakdown import Group, amount_of, largest_first, sums_by_group
from costoptix.figures.completeness import earlier_part, full_months, known_part, known_whole
from costoptix.figures.trends import (
    Change,
    Health,
    MonthlyFigures,
    health,
    monthly_figures,
    movers,
    projected,
    scaled,
)
from costoptix.money import Amount, total
from costoptix.periods import (
    DateRange,
    Granularity,
    add_months,
    month_end,
    month_range,
    month_start,
)

SERVICE = ("service_name", "provider_name")
"""A service and its namesake at another provider are two."""

ACCOUNT = ("provider_name", "sub_account_id", "sub_account_name")

_NOTHING = Amount(0)


@dataclass(frozen=True)
class MonthSoFar:
    """This month in one currency: what is spent, against last month, and where it leads.

    What compares is None where last month is not known whole; the last three are None before
    the first complete day.
    """

    spent: Amount  # through today
    last_month: Amount | None
    same_days: Change | None  # the complete days of this month, against those of last month
    projected: Amount | None  # by the month's end, at the rate of the complete days
    health: Health | None

    @property
    def against_last_month(self) -> Change | None:
        """Compare what is spent so far with the whole of last month."""
        return None if self.last_month is None else Change(self.last_month, self.spent)

    @property
    def projected_change(self) -> Change | None:
        """Compare the projected month with the whole of last month."""
        if self.last_month is None or self.projected is None:
            return None
        return Change(self.last_month, self.projected)


@dataclass(frozen=True)
class ThisMonth:
    """This month in every currency, and the days that ``same_days`` compares."""

    last_month: DateRange
    days: DateRange | None
    earlier_days: DateRange | None
    by_currency: dict[str, MonthSoFar]


@dataclass(frozen=True)
class ChangedGroup:
    """A group and how its cost changed."""

    currency: str
    group: Group
    change: Change


def asked_over(query: CostQuery, days: DateRange, *group_by: str, metric: str) -> CostQuery:
    """Ask the same question over other days and groups, as totals, the largest first."""
    return replace(
        query,
        date_range=days,
        preset=None,
        granularity=Granularity.TOTAL,
        group_by=group_by,
        order_by=largest_first(metric),
    )


def totals(ask: Ask, query: CostQuery, days: DateRange, metric: str) -> dict[str, Amount]:
    """Return the cost of some days by currency, the largest first."""
    report = ask(asked_over(query, days, metric=metric))
    amounts = {sums.currency: amount_of(sums, metric) for sums in report.totals}
    present = {currency: amount for currency, amount in amounts.items() if amount is not None}
    return dict(sorted(present.items(), key=lambda pair: -abs(pair[1])))


def changes(
    ask: Ask, query: CostQuery, metric: str, now: DateRange, before: DateRange, *group_by: str
) -> list[ChangedGroup]:
    """Rank groups by how much money they moved between two ranges, currency by currency."""
    after, earlier = (
        sums_by_group(ask(asked_over(query, days, *group_by, metric=metric)).rows, metric)
        for days in (now, before)
    )
    return [
        ChangedGroup(currency, group, change)
        for currency in {**after, **earlier}
        for group, change in movers(after.get(currency, {}), earlier.get(currency, {}))
    ]


def this_month(ask: Ask, query: CostQuery, metric: str, today: date) -> ThisMonth:
    """Work out this month: spent so far, against last month, projected, and services' health.

    What is compared with days that are not known is None, as is what needs a complete day.
    """
    first = month_start(today)
    so_far, last_month = DateRange(first, today), month_range(add_months(first, -1))
    report = ask(asked_over(query, so_far, metric=metric))
    spent = {sums.currency: amount_of(sums, metric) or _NOTHING for sums in report.totals}
    whole = totals(ask, query, last_month, metric)
    days = known_part(so_far, report)
    is_known = known_whole(last_month, report)
    earlier = _same_days(days, last_month) if days and is_known else None
    done = totals(ask, query, days, metric) if days else {}
    by_service = changes(ask, query, metric, days, earlier, *SERVICE) if days and earlier else []
    moved = {
        currency: [mover.change for mover in by_service if mover.currency == currency]
        for currency in {**spent, **whole}
    }
    return ThisMonth(
        last_month,
        days,
        earlier,
        {
            currency: MonthSoFar(
                spent=spent.get(currency, _NOTHING),
                last_month=whole.get(currency, _NOTHING) if is_known else None,
                same_days=summed(parts) if earlier else None,
                projected=projected(done.get(currency, _NOTHING), days.length, month_end(first).day)
                if days
                else None,
                health=health(parts) if earlier else None,
            )
            for currency, parts in moved.items()
        },
    )


def _same_days(days: DateRange, month: DateRange) -> DateRange:
    """Return as many days of a month as ``days`` holds of its own, at most all."""
    return DateRange(month.first, min(month.first + (days.last - days.first), month.last))


@dataclass(frozen=True)
class Spend:
    """What a range cost in one currency; the average and the change are of complete days."""

    currency: str
    total: Amount | None  # None when no charge has the metric
    average: Amount | None  # per day, rounded to 18 places
    change: Change | None  # against as many days right before


@dataclass(frozen=True)
class RangeSummary:
    """What a range cost, the largest currency first, and which of its days are compared."""

    days: DateRange
    complete: DateRange | None
    earlier: DateRange | None
    spends: tuple[Spend, ...]


def range_summary(ask: Ask, query: CostQuery, metric: str) -> RangeSummary:
    """Sum up a query's range, and compare its complete days with as many right before."""
    days = query.date_range
    report = ask(asked_over(query, days, metric=metric))
    complete = known_part(days, report)
    earlier = earlier_part(complete, report) if complete else None
    now = totals(ask, query, complete, metric) if complete else {}
    before = totals(ask, query, earlier, metric) if earlier else {}
    spends = [
        Spend(
            sums.currency,
            amount_of(sums, metric),
            scaled(now.get(sums.currency, _NOTHING), Decimal(1), Decimal(complete.length))
            if complete
            else None,
            Change(before.get(sums.currency, _NOTHING), now.get(sums.currency, _NOTHING))
            if earlier
            else None,
        )
        for sums in report.totals
    ]
    spends.sort(key=lambda spend: (-abs(spend.total or _NOTHING), spend.currency))
    return RangeSummary(days, complete, earlier, tuple(spends))


def summed(parts: Iterable[Change]) -> Change:
    """Add up changes."""
    all_changes = list(parts)
    return Change(
        total([change.before for change in all_changes]),
        total([change.now for change in all_changes]),
    )


def monthly_table(
    ask: Ask, query: CostQuery, metric: str
) -> dict[tuple[str, Group], MonthlyFigures]:
    """Work out the monthly figures of each group, by currency and group."""
    report = ask(
        replace(
            asked_over(query, query.date_range, *query.group_by, metric=metric),
            granularity=Granularity.MONTHLY,
        )
    )
    months: dict[tuple[str, Group], dict[date, Amount]] = {}
    for row in report.rows:
        amount = amount_of(row, metric)
        if amount is not None:
            by_month = months.setdefault((row.currency, row.group), {})
            by_month[month_start(row.period_start)] = amount
    full = full_months(query.date_range, known_part(query.date_range, report))
    count = len(query.date_range.months())
    return {key: monthly_figures(by_month, full, count) for key, by_month in months.items()}
