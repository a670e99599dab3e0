"""Groups by size, with their shares of the whole. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from costoptix.costs.answers import CostRow
from costoptix.figures.breakdown import Group
from costoptix.figures.trends import share
from costoptix.money import Amount, total


@dataclass(frozen=True)
class Ranked:
    """A group, its cost, and that in percent of all groups (None when those are nothing)."""

    group: Group
    amount: Amount
    share: Decimal | None


def ranked(amounts: Mapping[Group, Amount]) -> tuple[Ranked, ...]:
    """Rank groups, the dearest first, equals by name; credits come last, with negative shares."""
    whole = total(list(amounts.values()))
    order = sorted(amounts, key=lambda group: (-amounts[group], [part or "" for part in group]))
    return tuple(Ranked(group, amounts[group], share(amounts[group], whole)) for group in order)


def account_names(rows: Iterable[CostRow]) -> dict[Group, str | None]:
    """Name accounts (provider and id) by rows whose groups begin with provider, id and name.

    An account that was renamed in between stays one account, under one of its names.
    """
    names: dict[Group, str | None] = {}
    for row in rows:
        provider, identifier, name, *_ = row.group
        account = (provider, identifier)
        names[account] = names.get(account) or name
    return names
