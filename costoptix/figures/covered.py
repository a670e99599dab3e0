"""Commitment coverage by account: which accounts gained what others lost. Pure.

Measured in list cost, so that usage of any unit counts alike: covered list cost ÷ list cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from operator import attrgetter

from costoptix.costs.answers import CostRow
from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery, Filter
from costoptix.figures.breakdown import Group
from costoptix.figures.sides import Comparison
from costoptix.figures.summary import SERVICE, asked_over
from costoptix.figures.trends import scaled, share
from costoptix.money import EXACT, Amount

_STATUS = ("commitment_discount_status", "pricing_category")
_USAGE = Filter("charge_category", ("Usage", None))
_NOTHING = Amount(0)


@dataclass
class Covered:
    """The list cost of usage on one side, and how much of it ran under a commitment."""

    listed: Amount = _NOTHING
    covered: Amount = _NOTHING

    @property
    def percent(self) -> Decimal | None:
        """Return the share that was covered; None without usage."""
        return share(self.covered, self.listed)


@dataclass(frozen=True)
class AccountCoverage:
    """How much of one service's usage in one account ran under commitments, before and now."""

    account: Group  # provider and id
    before: Covered
    now: Covered

    @property
    def gained(self) -> Amount:
        """Return the list cost that is covered beyond the share of before; negative is lost."""
        if self.before.listed <= 0:
            return self.now.covered
        kept = scaled(self.now.listed, self.before.covered, self.before.listed)
        return EXACT.subtract(self.now.covered, kept or _NOTHING)


@dataclass(frozen=True)
class CoverageShift:
    """A service whose coverage moved: its accounts that gained or lost, the most first."""

    service: Group  # name and provider
    accounts: tuple[AccountCoverage, ...]

    @property
    def size(self) -> Amount:
        """Return the list cost that came under commitments or left them."""
        return sum((abs(account.gained) for account in self.accounts), _NOTHING)


def coverage_shifts(ask: Ask, asked: Comparison) -> dict[str, tuple[CoverageShift, ...]]:
    """Return by currency the services whose commitment coverage moved, the most first.

    Usage without a list cost is left out. Nothing where two accounts are compared.
    """
    if asked.is_of_accounts or not any(_has_any(ask, query) for query in (asked.now, asked.before)):
        return {}
    accounts: dict[tuple[str, Group, Group], tuple[Covered, Covered]] = {}
    for side, query in enumerate((asked.before, asked.now)):
        for row in _rows(ask, query):
            service, account = row.group[:2], row.group[1:3]
            key = row.currency, service, account
            _add(accounts.setdefault(key, (Covered(), Covered()))[side], row)
    return _by_currency(accounts)


def _has_any(ask: Ask, query: CostQuery) -> bool:
    """Tell whether any usage ran under a commitment: mostly none, and a small file says so."""
    asked = asked_over(query, query.date_range, *_STATUS, metric="list_cost")
    return any(_is_covered(row.group) for row in ask(asked).rows)


def _is_covered(status: Group) -> bool:
    return status[0] == "Used" or (status[0] != "Unused" and status[1] == "Committed")


def _rows(ask: Ask, query: CostQuery) -> Iterator[CostRow]:
    of_usage = replace(query, filters=(*query.filters, _USAGE))
    groups = (*SERVICE, "sub_account_id", *_STATUS)
    for row in ask(asked_over(of_usage, query.date_range, *groups, metric="list_cost")).rows:
        if row.group[3] != "Unused" and row.list_cost is not None and not row.list_cost_missing:
            yield row


def _add(side: Covered, row: CostRow) -> None:
    listed = row.list_cost or _NOTHING
    side.listed = EXACT.add(side.listed, listed)
    if _is_covered(row.group[3:]):
        side.covered = EXACT.add(side.covered, listed)


def _by_currency(
    accounts: Mapping[tuple[str, Group, Group], tuple[Covered, Covered]],
) -> dict[str, tuple[CoverageShift, ...]]:
    by_service: dict[str, dict[Group, list[AccountCoverage]]] = {}
    for (currency, service, account), sides in accounts.items():
        coverage = AccountCoverage(account, *sides)
        if coverage.gained:
            by_service.setdefault(currency, {}).setdefault(service, []).append(coverage)
    return {
        currency: tuple(
            sorted(
                (CoverageShift(name, _ranked(parts)) for name, parts in services.items()),
                key=attrgetter("size"),
                reverse=True,
            )
        )
        for currency, services in by_service.items()
    }


def _ranked(accounts: list[AccountCoverage]) -> tuple[AccountCoverage, ...]:
    order = sorted(accounts, key=lambda one: (-abs(one.gained), one.account[1] or ""))
    return tuple(order)
