"""Commitment coverage by account: which accounts gained what others lost. Pure.

Measured in list cost, so that usage of any unit counts alike: covered list cost ÷ list cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from operator import attrgetter

from costoptix.costs.answers import BothSums
from costoptix.costs.query import Filter
from costoptix.figures.asks import Asks
from costoptix.figures.breakdown import Group
from costoptix.figures.sides import Comparison
from costoptix.figures.summary import SERVICE
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


def coverage_shifts(asks: Asks, asked: Comparison) -> dict[str, tuple[CoverageShift, ...]]:
    """Return by currency the services whose commitment coverage moved, the most first.

    Usage without a list cost is left out. Nothing where two accounts are compared.
    """
    if asked.is_of_accounts or not _has_any(asks, asked):
        return {}
    accounts: dict[tuple[str, Group, Group], tuple[Covered, Covered]] = {}
    for row in _usage(asks, asked):
        key = row.currency, row.group[:2], row.group[1:3]
        before, now = accounts.setdefault(key, (Covered(), Covered()))
        is_covered = _is_covered(row.group[3:])
        _add(before, row.before, row.before_missing, is_covered=is_covered)
        _add(now, row.now, row.now_missing, is_covered=is_covered)
    return _by_currency(accounts)


def _has_any(asks: Asks, asked: Comparison) -> bool:
    """Tell whether any usage ran under a commitment: mostly none, and a small file says so."""
    sides = asked.over_groups(*_STATUS, metric="list_cost")
    return any(_is_covered(row.group) for row in asks.both(sides, "list_cost"))


def _is_covered(status: Group) -> bool:
    return status[0] == "Used" or (status[0] != "Unused" and status[1] == "Committed")


def _usage(asks: Asks, asked: Comparison) -> Iterator[BothSums]:
    """Yield what usage costs at list prices, by service, account and commitment status."""
    of_usage = Comparison(
        *(replace(query, filters=(*query.filters, _USAGE)) for query in (asked.now, asked.before))
    )
    sides = of_usage.over_groups(*SERVICE, "sub_account_id", *_STATUS, metric="list_cost")
    return (row for row in asks.both(sides, "list_cost") if row.group[3] != "Unused")


def _add(side: Covered, listed: Amount | None, missing: int, *, is_covered: bool) -> None:
    if listed is None or missing:
        return
    side.listed = EXACT.add(side.listed, listed)
    if is_covered:
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
