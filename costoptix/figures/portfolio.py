"""The portfolio: all cloud accounts beside each other. Pure functions over cost reports.

Totals hold the whole range. Averages and the projection hold its complete days only, the change
and the health of services its compared ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from costoptix.costs.answers import CostRow
from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.figures.breakdown import Group, amount_of
from costoptix.figures.comparison import Compare
from costoptix.figures.completeness import compared_part, known_part
from costoptix.figures.daily import count_for_most
from costoptix.figures.ranking import Ranked, account_names, ranked
from costoptix.figures.summary import ACCOUNT, SERVICE, always, asked_over, changes, summed
from costoptix.figures.trends import Change, Health, health, projected, share, sums_by
from costoptix.money import EXACT, Amount, quotient, rounded, scaled, total
from costoptix.periods import DateRange, Preset

DEFAULT_RANGE = Preset.LAST_30_DAYS
DAYS_OF_A_MONTH = 30
"""The days of the projected month, whatever month it is."""

MEDIUM_SHARE, HIGH_SHARE = Decimal(30), Decimal(50)
"""From these shares of the largest account, in percent, concentration is a medium, a high risk."""

CONCENTRATION_POINTS, GROWTH_POINTS, SERVICE_POINTS = Decimal(40), Decimal(30), Decimal(30)
FULL_GROWTH = Decimal(50)
"""The rise, in percent, that costs all points of growth."""

HEALTH_FORMULA = (
    f"100 less up to {CONCENTRATION_POINTS} points for the largest account's share above"
    f" {MEDIUM_SHARE}%, up to {GROWTH_POINTS} for a rise of up to {FULL_GROWTH}% against the"
    f" days before, and up to {SERVICE_POINTS} for services that are critical (watch counts half)."
)


class Risk(StrEnum):
    """How much hangs on the largest account."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class Concentration:
    """The largest account, and its share of what is not credit, in percent."""

    account: Group
    share: Decimal
    risk: Risk


@dataclass(frozen=True)
class PortfolioHealth:
    """From 0 to 100, and the points taken off, to one place; 0 where nothing could be compared."""

    score: int
    concentration: Decimal
    growth: Decimal
    services: Decimal


@dataclass(frozen=True)
class AccountFigures:
    """What one account cost. ``group`` is provider, id and name."""

    group: Group
    total: Amount
    share: Decimal | None  # in percent of all accounts
    daily_average: Amount | None  # over complete days
    services: int
    cost_per_service: Amount


@dataclass(frozen=True)
class ServiceFigures:
    """What services of one name cost, in all accounts and at all providers."""

    name: str | None
    total: Amount
    share: Decimal | None
    accounts: int
    providers: tuple[str | None, ...]


@dataclass(frozen=True)
class Portfolio:
    """All accounts of one currency."""

    currency: str
    total: Amount
    daily_average: Amount | None
    projected_monthly: Amount | None  # the daily average times ``DAYS_OF_A_MONTH``
    change: Change | None  # on compared days
    providers: tuple[Ranked, ...]
    accounts: tuple[AccountFigures, ...]
    services: tuple[ServiceFigures, ...]
    concentration: Concentration | None  # None where nothing costs more than it credits
    service_health: Health | None
    health: PortfolioHealth
    compare: Compare = Compare.PREVIOUS

    @property
    def not_compared(self) -> Amount | None:
        """Return what the days cost that are not compared; None where none are."""
        return None if self.change is None else EXACT.subtract(self.total, self.change.now)


@dataclass(frozen=True)
class _Cells:
    """What each service of each account (provider and id) cost, in one currency."""

    amounts: Mapping[tuple[Group, str | None], Amount]
    names: Mapping[Group, str | None]  # of accounts

    @classmethod
    def of(cls, rows: Iterable[CostRow], metric: str) -> _Cells:
        """Gather rows grouped by ACCOUNT and service."""
        cells = list(rows)
        amounts = (
            (((row.group[0], row.group[1]), row.group[3]), amount_of(row, metric) or Amount(0))
            for row in cells
        )
        return cls(sums_by(amounts), account_names(cells))

    def by(self, key: Callable[[Group, str | None], Group]) -> dict[Group, Amount]:
        """Add up by what ``key`` makes of account and service."""
        return sums_by((key(*cell), amount) for cell, amount in self.amounts.items())


def portfolios(
    ask: Ask, query: CostQuery, metric: str, compare: Compare = Compare.PREVIOUS
) -> list[Portfolio]:
    """Work out the portfolio of a query's range, one per currency, the largest first.

    Its health always compares: with the days before where ``compare`` is none.
    """
    asked = query.date_range
    report = ask(asked_over(query, asked, *ACCOUNT, "service_name", metric=metric))
    complete_range = known_part(asked, report)
    complete = _complete_amounts(ask, query, metric, complete_range)
    compared = compared_part(report, always(compare))
    moved = changes(ask, query, metric, compared, *SERVICE)
    by_currency = [
        _portfolio(
            sums.currency,
            _Cells.of((row for row in report.rows if row.currency == sums.currency), metric),
            complete.get(sums.currency, {}),
            complete_range.length if complete_range else 0,
            [mover.change for mover in moved if mover.currency == sums.currency]
            if compared
            else None,
        )
        for sums in report.totals
    ]
    by_currency = [replace(portfolio, compare=compare) for portfolio in by_currency]
    if compare is Compare.NONE:
        by_currency = [replace(portfolio, change=None) for portfolio in by_currency]
    return sorted(by_currency, key=lambda portfolio: (-abs(portfolio.total), portfolio.currency))


def _complete_amounts(
    ask: Ask, query: CostQuery, metric: str, complete_range: DateRange | None
) -> dict[str, dict[Group, Amount]]:
    """Return what accounts cost on complete days, by currency, provider and id."""
    if complete_range is None:
        return {}
    rows = ask(asked_over(query, complete_range, *ACCOUNT[:2], metric=metric)).rows
    amounts: dict[str, dict[Group, Amount]] = {}
    for row in rows:
        amounts.setdefault(row.currency, {})[row.group] = amount_of(row, metric) or Amount(0)
    return amounts


def _portfolio(
    currency: str,
    cells: _Cells,
    complete: Mapping[Group, Amount],
    complete_days: int,
    moved: Sequence[Change] | None,
) -> Portfolio:
    accounts = _accounts(cells, complete, complete_days)
    services = _services(cells)
    average = _per_day(total(list(complete.values())), complete_days)
    largest = concentration(accounts)
    change = None if moved is None else summed(moved)
    service_health = None if moved is None else health(moved)
    return Portfolio(
        currency=currency,
        total=total([account.total for account in accounts]),
        daily_average=average,
        projected_monthly=None if average is None else projected(average, 1, DAYS_OF_A_MONTH),
        change=change,
        providers=ranked(cells.by(lambda account, _: account[:1])),
        accounts=accounts,
        services=services,
        concentration=largest,
        service_health=service_health,
        health=portfolio_health(largest.share if largest else None, change, service_health),
    )


def _per_day(amount: Amount, days: int) -> Amount | None:
    return quotient(amount, days) if days else None


def _accounts(
    cells: _Cells, complete: Mapping[Group, Amount], complete_days: int
) -> tuple[AccountFigures, ...]:
    counts = Counter(account for account, _ in cells.amounts)
    return tuple(
        AccountFigures(
            group=(*entry.group, cells.names[entry.group]),
            total=entry.amount,
            share=entry.share,
            daily_average=_per_day(complete.get(entry.group, Amount(0)), complete_days),
            services=counts[entry.group],
            cost_per_service=quotient(entry.amount, counts[entry.group]),
        )
        for entry in ranked(cells.by(lambda account, _: account))
    )


def _services(cells: _Cells) -> tuple[ServiceFigures, ...]:
    accounts: dict[str | None, list[Group]] = {}
    for account, service in cells.amounts:
        accounts.setdefault(service, []).append(account)
    return tuple(
        ServiceFigures(
            name=name,
            total=entry.amount,
            share=entry.share,
            accounts=len(accounts[name]),
            providers=tuple(sorted({a[0] for a in accounts[name]}, key=lambda n: n or "")),
        )
        for entry in ranked(cells.by(lambda _, service: (service,)))
        for name in entry.group
    )


def concentration(accounts: Sequence[AccountFigures]) -> Concentration | None:
    """Return the largest account's total ÷ the sum of the totals above zero, in percent.

    High from ``HIGH_SHARE``, medium from ``MEDIUM_SHARE``, else low. Accounts in credit are left
    out of the sum; one account has 100%. None without accounts or when none is above zero.
    """
    spending = total([account.total for account in accounts if account.total > 0])
    largest = share(accounts[0].total, spending) if accounts else None
    if largest is None:
        return None
    risk = Risk.HIGH if largest >= HIGH_SHARE else Risk.MEDIUM if largest >= MEDIUM_SHARE else None
    return Concentration(accounts[0].group, largest, risk or Risk.LOW)


def portfolio_health(
    largest_share: Decimal | None, change: Change | None, services: Health | None
) -> PortfolioHealth:
    """Work out the score by ``HEALTH_FORMULA``; what is unknown takes nothing off.

    ``largest_share`` is the largest account's, in percent of what is not credit. A fall, or a
    rise from zero or from credits, takes nothing off; without services none are ailing.
    """
    above = max(Decimal(0), (largest_share or Decimal(0)) - MEDIUM_SHARE)
    rise = (change.percent if change else None) or Decimal(0)
    count = services.critical + services.watch + services.healthy if services else 0
    twice_ailing = 2 * services.critical + services.watch if services else 0
    points = [
        scaled(CONCENTRATION_POINTS, above, 100 - MEDIUM_SHARE, places=1),
        scaled(GROWTH_POINTS, min(max(rise, Decimal(0)), FULL_GROWTH), FULL_GROWTH, places=1),
        scaled(SERVICE_POINTS, twice_ailing, 2 * count or 1, places=1),
    ]
    return PortfolioHealth(int(rounded(100 - total(points), 0)), *points)


def insights(portfolio: Portfolio) -> list[str]:
    """Say what stands out, one sentence each."""
    sentences = []
    if portfolio.concentration is not None and len(portfolio.accounts) > 1:
        share_ = rounded(portfolio.concentration.share, 1)
        name = account_name(portfolio.concentration.account)
        sentences.append(f"{name} alone accounts for {share_}% of the cost.")
    if few := count_for_most([service.total for service in portfolio.services]):
        verb = "makes" if few == 1 else "make"
        sentences.append(f"{few} of {len(portfolio.services)} services {verb} 80% of the cost.")
    if rise := portfolio.change.percent if portfolio.change else None:
        moved = "rose" if rise > 0 else "fell"
        days = "a year ago" if portfolio.compare is Compare.LAST_YEAR else "the days before"
        sentences.append(f"Spend {moved} by {rounded(abs(rise), 1)}% against {days}.")
    if portfolio.service_health and (ailing := portfolio.service_health.critical):
        verb = "service rose" if ailing == 1 else "services rose"
        sentences.append(f"{ailing} {verb} by half or more.")
    if wide := [service for service in portfolio.services if service.accounts > 1]:
        sentences.append(
            f"{wide[0].name or 'Cost without a service'} runs in {wide[0].accounts} accounts, for"
            f" {rounded(wide[0].share or Decimal(0), 1)}% of the cost."
        )
    return sentences


def account_name(account: Group) -> str:
    """Return how people call an account, given provider, id and name."""
    provider, identifier, name = account
    return f"{name or identifier or 'What has no account'} ({provider or 'no provider'})"
