"""The figures of the dashboard and the explorer: compositions of cost reports, by currency.

Every function takes ``ask``, which answers a query for one organization, so that each number is
the API's number for the same question. Comparisons use complete days only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from costoptix.costs.answers import CostRow
from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.figures.breakdown import Group, amount_of, largest_first
from costoptix.figures.comparison import Compare, ComparedDays, against
from costoptix.figures.completeness import compared_part, full_months, known_part, known_whole
from costoptix.figures.trends import (
    Change,
    Health,
    MonthlyFigures,
    health,
    monthly_figures,
    projected,
    scaled,
)
from costoptix.money import EXACT, Amount, total
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

    What compares is None where the earlier days are not all known; the last three are None
    before the first complete day.
    """

    spent: Amount  # through today
    last_month: Amount | None
    same_days: Change | None  # the compared days of this month, against the earlier ones
    projected: Amount | None  # by the month's end, at the rate of the complete days
    health: Health | None

    @property
    def not_compared(self) -> Amount | None:
        """Return what the days cost that are not compared; None where none are."""
        return None if self.same_days is None else EXACT.subtract(self.spent, self.same_days.now)

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
    """This month in every currency, and the days that ``same_days`` and ``health`` compare."""

    last_month: DateRange
    days: DateRange | None  # complete ones
    compared: ComparedDays | None
    by_currency: dict[str, MonthSoFar]

    @property
    def compared_days(self) -> DateRange | None:
        """Return the days of this month that are compared."""
        return self.compared.now if self.compared else None

    @property
    def earlier_days(self) -> DateRange | None:
        """Return the days that this month is compared with."""
        return self.compared.before if self.compared else None


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
        sides=None,
    )


def totals(ask: Ask, query: CostQuery, days: DateRange, metric: str) -> dict[str, Amount]:
    """Return the cost of some days by currency, the largest first."""
    report = ask(asked_over(query, days, metric=metric))
    amounts = {sums.currency: amount_of(sums, metric) for sums in report.totals}
    present = {currency: amount for currency, amount in amounts.items() if amount is not None}
    return dict(sorted(present.items(), key=lambda pair: -abs(pair[1])))


def changes(
    ask: Ask, query: CostQuery, metric: str, compared: ComparedDays | None, *group_by: str
) -> list[ChangedGroup]:
    """Rank groups by how much money they moved on compared days, currency by currency."""
    if compared is None:
        return []
    over_now = asked_over(query, compared.now, *group_by, metric=metric)
    moved = [
        ChangedGroup(row.currency, row.group, Change(*sums))
        for row in ask(against(over_now, compared)).rows
        if (sums := _both_sums(row, metric)) is not None
    ]
    currencies = dict.fromkeys(group.currency for group in moved)
    moved.sort(key=lambda group: abs(group.change.amount), reverse=True)
    return [group for currency in currencies for group in moved if group.currency == currency]


def _both_sums(row: CostRow, metric: str) -> tuple[Amount, Amount] | None:
    """Return what a row cost before and now; what lacks the metric on one side is 0 there."""
    before, now = (side and side.of(metric) for side in (row.before, row.compared))
    if before is None and now is None:
        return None
    return before or _NOTHING, now or _NOTHING


def this_month(
    ask: Ask, query: CostQuery, metric: str, today: date, compare: Compare = Compare.PREVIOUS
) -> ThisMonth:
    """Work out this month: spent so far, against last month, projected, and services' health.

    Its days are always compared: with last month's where ``compare`` is none. What is compared
    with days that are not known is None, as is what needs a complete day.
    """
    first = month_start(today)
    so_far, last_month = DateRange(first, today), month_range(add_months(first, -1))
    report = ask(asked_over(query, so_far, metric=metric))
    spent = {sums.currency: amount_of(sums, metric) or _NOTHING for sums in report.totals}
    whole = totals(ask, query, last_month, metric)
    days = known_part(so_far, report)
    is_known = known_whole(last_month, report)
    compared = compared_part(report, always(compare))
    done = totals(ask, query, days, metric) if days else {}
    by_service = changes(ask, query, metric, compared, *SERVICE)
    moved = {
        currency: [mover.change for mover in by_service if mover.currency == currency]
        for currency in {**spent, **whole}
    }
    return ThisMonth(
        last_month,
        days,
        compared,
        {
            currency: MonthSoFar(
                spent=spent.get(currency, _NOTHING),
                last_month=whole.get(currency, _NOTHING) if is_known else None,
                same_days=summed(parts) if compared else None,
                projected=projected(done.get(currency, _NOTHING), days.length, month_end(first).day)
                if days
                else None,
                health=health(parts) if compared else None,
            )
            for currency, parts in moved.items()
        },
    )


def always(compare: Compare) -> Compare:
    """Return what a figure that always compares is compared with."""
    return Compare.PREVIOUS if compare is Compare.NONE else compare


@dataclass(frozen=True)
class Spend:
    """What a range cost in one currency; the average is of complete, the change of compared days.

    ``total`` is that of compared days and of those that are ``not_compared``.
    """

    currency: str
    total: Amount | None  # None when no charge has the metric
    average: Amount | None  # per day, rounded to 18 places
    change: Change | None
    not_compared: Amount | None
    health: Health | None  # of its services, on compared days


@dataclass(frozen=True)
class RangeSummary:
    """What a range cost, the largest currency first, and which of its days are compared."""

    days: DateRange
    complete: DateRange | None
    compared: ComparedDays | None
    spends: tuple[Spend, ...]

    @property
    def compared_days(self) -> DateRange | None:
        """Return the days of the range that are compared."""
        return self.compared.now if self.compared else None

    @property
    def earlier(self) -> DateRange | None:
        """Return the days that the range is compared with."""
        return self.compared.before if self.compared else None


def range_summary(
    ask: Ask, query: CostQuery, metric: str, compare: Compare = Compare.PREVIOUS
) -> RangeSummary:
    """Sum up a query's range, and compare its days by the one rule."""
    days = query.date_range
    report = ask(asked_over(query, days, metric=metric))
    complete = known_part(days, report)
    compared = compared_part(report, compare)
    done = totals(ask, query, complete, metric) if complete else {}
    moved: dict[str, list[Change]] = {}
    for group in changes(ask, query, metric, compared, *SERVICE):
        moved.setdefault(group.currency, []).append(group.change)
    spent = {sums.currency: amount_of(sums, metric) for sums in report.totals}
    spends = [
        _spend(currency, spent.get(currency, _NOTHING), done, complete, moved.get(currency))
        for currency in {**spent, **moved}
    ]
    spends.sort(key=lambda spend: (-abs(spend.total or _NOTHING), spend.currency))
    return RangeSummary(days, complete, compared, tuple(spends))


def _spend(
    currency: str,
    spent: Amount | None,
    done: dict[str, Amount],
    complete: DateRange | None,
    moved: list[Change] | None,
) -> Spend:
    amount = done.get(currency, _NOTHING)
    average = scaled(amount, Decimal(1), Decimal(complete.length)) if complete else None
    if moved is None:
        return Spend(currency, spent, average, None, None, None)
    change = summed(moved)
    rest = None if spent is None else EXACT.subtract(spent, change.now)
    return Spend(currency, spent, average, change, rest, health(moved))


def whole_changes(
    ask: Ask, query: CostQuery, metric: str, compared: ComparedDays | None
) -> dict[str, Change]:
    """Return by currency how the cost of compared days changed; nothing where there are none."""
    return {moved.currency: moved.change for moved in changes(ask, query, metric, compared)}


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
