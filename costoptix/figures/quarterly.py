"""The quarterly report: calendar quarters, and who they went to. Pure, over cost reports.

A quarter is full when the range holds all of it and its bills are complete. Others are shown,
marked, and kept out of the average and of comparisons.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from costoptix.costs.answers import CostReport, CostRow
from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.figures.breakdown import Group, amount_of
from costoptix.figures.completeness import known_part
from costoptix.figures.ranking import Ranked, account_names, ranked
from costoptix.figures.summary import ACCOUNT, SERVICE, asked_over
from costoptix.figures.trends import Change, mean, sums_by
from costoptix.money import Amount, total
from costoptix.periods import (
    DateRange,
    Granularity,
    add_months,
    bucket_of,
    quarter_start,
    split,
)

DEFAULT_QUARTERS = 5
"""This quarter and the four before it: a year to compare with."""


@dataclass(frozen=True)
class Quarter:
    """One calendar quarter, clipped to the range. Empty quarters are all zero."""

    days: DateRange
    is_full: bool
    total: Amount
    change: Change | None  # from the quarter before; None unless both are full
    records: int  # charges
    services: tuple[Ranked, ...]  # the dearest first
    accounts: tuple[Ranked, ...]

    @property
    def name(self) -> str:
        """Return how people call it: ``Q3 2026``."""
        return f"Q{(self.days.first.month + 2) // 3} {self.days.first.year}"


@dataclass(frozen=True)
class QuarterlyReport:
    """The quarters of a range in one currency, the earliest first."""

    currency: str
    total: Amount
    average: Amount | None  # per full quarter with data, rounded to 18 places
    quarters_with_data: int
    services: int  # different ones, over the whole range
    accounts: int
    quarters: tuple[Quarter, ...]


def default_range(today: date) -> DateRange:
    """Return the last ``DEFAULT_QUARTERS`` quarters, to today."""
    return DateRange(add_months(quarter_start(today), -3 * (DEFAULT_QUARTERS - 1)), today)


def quarterly_reports(ask: Ask, query: CostQuery, metric: str) -> list[QuarterlyReport]:
    """Work out the quarters that a query's range touches, the largest currency first.

    A change is of a full quarter against the full one before it, None otherwise; its percentage
    is None after a quarter of zero or of credits. The average is over full quarters with
    charges, None without any. Without bills there is no report.
    """
    asked = query.date_range
    services, accounts = (
        ask(
            replace(
                asked_over(query, asked, *group_by, metric=metric),
                granularity=Granularity.QUARTERLY,
            )
        )
        for group_by in (SERVICE, ACCOUNT)
    )
    complete = known_part(asked, services)
    reports = [
        _report(sums.currency, _quarters(services, accounts, sums.currency, complete, metric))
        for sums in services.totals
    ]
    return sorted(reports, key=lambda report: (-abs(report.total), report.currency))


def _quarters(
    services: CostReport,
    accounts: CostReport,
    currency: str,
    complete: DateRange | None,
    metric: str,
) -> list[Quarter]:
    by_service, by_account = (
        _by_start(row for row in report.rows if row.currency == currency)
        for report in (services, accounts)
    )
    names = account_names(accounts.rows)
    quarters: list[Quarter] = []
    for days in split(services.query.date_range, Granularity.QUARTERLY):
        rows = by_service.get(days.first, [])
        spent = total([amount_of(row, metric) or Amount(0) for row in rows])
        is_full = _is_full(days, complete)
        before = quarters[-1] if quarters else None
        quarters.append(
            Quarter(
                days=days,
                is_full=is_full,
                total=spent,
                change=Change(before.total, spent)
                if before is not None and before.is_full and is_full
                else None,
                records=sum(row.charge_count for row in rows),
                services=_ranked(rows, lambda service: service, metric),
                accounts=_ranked(
                    by_account.get(days.first, []),
                    lambda account: (*account[:2], names[account[:2]]),
                    metric,
                ),
            )
        )
    return quarters


def _by_start(rows: Iterable[CostRow]) -> Mapping[date, list[CostRow]]:
    by_start: defaultdict[date, list[CostRow]] = defaultdict(list)
    for row in rows:
        by_start[row.period_start].append(row)
    return by_start


def _ranked(
    rows: Iterable[CostRow], name: Callable[[Group], Group], metric: str
) -> tuple[Ranked, ...]:
    return ranked(sums_by((name(row.group), amount_of(row, metric) or Amount(0)) for row in rows))


def _is_full(days: DateRange, complete: DateRange | None) -> bool:
    whole = bucket_of(days.first, Granularity.QUARTERLY)
    return days == whole and complete is not None and complete.clip(whole) == whole


def _report(currency: str, quarters: Sequence[Quarter]) -> QuarterlyReport:
    with_data = [quarter for quarter in quarters if quarter.records]
    return QuarterlyReport(
        currency=currency,
        total=total([quarter.total for quarter in quarters]),
        average=mean([quarter.total for quarter in with_data if quarter.is_full]),
        quarters_with_data=len(with_data),
        services=_count(quarter.services for quarter in quarters),
        accounts=_count(quarter.accounts for quarter in quarters),
        quarters=tuple(quarters),
    )


def _count(rankings: Iterable[tuple[Ranked, ...]]) -> int:
    return len({entry.group for ranking in rankings for entry in ranking})
