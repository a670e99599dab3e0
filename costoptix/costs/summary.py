"""The figures of the dashboard and the explorer: compositions of cost reports, by currency.

Every function takes ``ask``, which answers a query for one organization, so that each number is
the API's number for the same question. Comparisons use complete days only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from costoptix.costs.breakdown import Ask, Group, amount_of, largest_first, sums_by_group
from costoptix.costs.query import CostQuery
from costoptix.costs.trends import (
    Change,
    Health,
    MonthlyFigures,
    health,
    monthly_figures,
    movers,
    projected,
)
from costoptix.money import Amount, total
from costoptix.periods import (
    FIRST_DAY,
    DateRange,
    Granularity,
    add_months,
    month_end,
    month_range,
    month_start,
)

SERVICE = ("service_name", "provider_name")
"""A service is told apart from its namesake at another provider."""

ACCOUNT = ("provider_name", "sub_account_id", "sub_account_name")

_NOTHING = Amount(0)


@dataclass(frozen=True)
class MonthSoFar:
    """This month in one currency: what is spent, against last month, and where it leads.

    The last three are None before the first complete day.
    """

    spent: Amount  # through today
    last_month: Amount
    same_days: Change | None  # the complete days of this month, against those of last month
    projected: Amount | None  # by the month's end, at the rate of the complete days
    health: Health | None

    @property
    def against_last_month(self) -> Change:
        """Compare what is spent so far with the whole of last month."""
        return Change(self.last_month, self.spent)

    @property
    def projected_change(self) -> Change | None:
        """Compare the projected month with the whole of last month."""
        return Change(self.last_month, self.projected) if self.projected is not None else None


@dataclass(frozen=True)
class ThisMonth:
    """This month in every currency, and the days that ``same_days`` compares."""

    last_month: DateRange
    days: DateRange | None
    earlier_days: DateRange | None
    by_currency: dict[str, MonthSoFar]


@dataclass(frozen=True)
class Mover:
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


def complete_part(days: DateRange, through: date | None) -> DateRange | None:
    """Return the days of a range that are complete; None when none is."""
    if through is None or through < days.first:
        return None
    return DateRange(days.first, min(days.last, through))


def previous_range(days: DateRange) -> DateRange | None:
    """Return the range as long right before; None where no bill can be that old."""
    return days.previous() if (days.first - FIRST_DAY).days >= days.length else None


def totals(ask: Ask, query: CostQuery, days: DateRange, metric: str) -> dict[str, Amount]:
    """Return the cost of some days by currency, the largest first."""
    report = ask(asked_over(query, days, metric=metric))
    known = {sums.currency: amount_of(sums, metric) for sums in report.totals}
    found = {currency: amount for currency, amount in known.items() if amount is not None}
    return dict(sorted(found.items(), key=lambda pair: -abs(pair[1])))


def changes(
    ask: Ask, query: CostQuery, metric: str, now: DateRange, before: DateRange, *group_by: str
) -> list[Mover]:
    """Rank groups by how much money they moved between two ranges, currency by currency."""
    after, earlier = (
        sums_by_group(ask(asked_over(query, days, *group_by, metric=metric)).rows, metric)
        for days in (now, before)
    )
    return [
        Mover(currency, group, change)
        for currency in {**after, **earlier}
        for group, change in movers(after.get(currency, {}), earlier.get(currency, {}))
    ]


def this_month(ask: Ask, query: CostQuery, metric: str, today: date) -> ThisMonth:
    """Work out this month: spent so far, against last month, projected, and services' health."""
    first = month_start(today)
    so_far = DateRange(first, today)
    report = ask(asked_over(query, so_far, metric=metric))
    spent = {sums.currency: amount_of(sums, metric) or _NOTHING for sums in report.totals}
    last_month = month_range(add_months(first, -1))
    whole = totals(ask, query, last_month, metric)
    days = complete_part(so_far, report.data_as_of.complete_through)
    if days is None:
        earlier_days, by_service = None, []
    else:
        last = min(last_month.first + (days.last - first), last_month.last)
        earlier_days = DateRange(last_month.first, last)
        by_service = changes(ask, query, metric, days, earlier_days, *SERVICE)
    return ThisMonth(
        last_month,
        days,
        earlier_days,
        {
            currency: _month_so_far(
                spent.get(currency, _NOTHING),
                whole.get(currency, _NOTHING),
                days,
                [mover.change for mover in by_service if mover.currency == currency],
            )
            for currency in {**spent, **whole}
        },
    )


def _month_so_far(
    spent: Amount, last_month: Amount, days: DateRange | None, by_service: list[Change]
) -> MonthSoFar:
    if days is None:
        return MonthSoFar(spent, last_month, None, None, None)
    same_days = summed(by_service)
    length = month_end(days.first).day
    return MonthSoFar(
        spent, last_month, same_days, projected(same_days.now, days.length, length),
        health(by_service),
    )  # fmt: skip


def summed(parts: Iterable[Change]) -> Change:
    """Add up changes."""
    known = list(parts)
    return Change(total([each.before for each in known]), total([each.now for each in known]))


def full_months(days: DateRange, through: date | None) -> list[date]:
    """List the months (their first days) that lie in the range whole and are complete."""
    return [
        month
        for month in days.months()
        if month >= days.first and month_end(month) <= min(days.last, through or FIRST_DAY)
    ]


def partial_months(days: DateRange, through: date | None) -> list[tuple[date, int, int]]:
    """List the other months: first day, complete days in the range, days of the month."""
    full = set(full_months(days, through))
    found = []
    for month in days.months():
        if month not in full:
            part = complete_part(days, through)
            part = part.clip(month_range(month)) if part else None
            found.append((month, part.length if part else 0, month_end(month).day))
    return found


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
    full = full_months(query.date_range, report.data_as_of.complete_through)
    count = len(query.date_range.months())
    return {key: monthly_figures(by_month, full, count) for key, by_month in months.items()}
