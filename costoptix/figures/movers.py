"""What moved the costs between two questions, and why. Pure functions over cost reports.

A change is split by lines, the services and SKUs within a group, into the parts of
``figures.parts``; they add up to the change, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from costoptix.collector import resting
from costoptix.figures.asks import Asks
from costoptix.figures.breakdown import Group
from costoptix.figures.parts import Parts, Split, Untold
from costoptix.figures.sides import Comparison
from costoptix.figures.summary import ACCOUNT, SERVICE, asked_over
from costoptix.figures.trends import Change
from costoptix.money import Amount, Quanta, from_quanta
from costoptix.periods import DateRange, Preset

DEFAULT_RANGE = Preset.LAST_30_DAYS

LINE = ("service_name", "sku_id")
"""The dimensions of the lines within a group, as far as the group does not name them."""

_NOTHING = Amount(0)


class Level(StrEnum):
    """How closely to look: each level is a part of the one before."""

    SERVICE = "service"
    ACCOUNT = "account"
    REGION = "region"
    SKU = "sku"
    RESOURCE = "resource"

    @property
    def group_by(self) -> tuple[str, ...]:
        """Return the dimensions that name a group of this level."""
        return _GROUPS[self]


_GROUPS = {
    Level.SERVICE: SERVICE,
    Level.ACCOUNT: ACCOUNT,
    Level.REGION: ("region_id", "provider_name"),
    Level.SKU: ("sku_id", "service_name", "provider_name"),
    Level.RESOURCE: ("resource_id", "service_name", "provider_name"),
}


class MoverState(StrEnum):
    """Whether a group was there on both sides."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


class Mover(NamedTuple):
    """A group and how its cost changed, and why."""

    currency: str
    group: Group
    split: Split

    @property
    def key(self) -> tuple[str, Group]:
        """Return the key of the mover: its currency and group."""
        return self.currency, self.group

    @property
    def state(self) -> MoverState:
        """Tell whether the group was there on both sides."""
        if self.split.before is None:
            return MoverState.NEW
        return MoverState.GONE if self.split.now is None else MoverState.CHANGED

    @property
    def change(self) -> Change:
        """Return what the group cost before and now."""
        return _change(self.split)

    @property
    def parts(self) -> Parts:
        """Return what the change is made of."""
        return self.split.parts

    @property
    def untold(self) -> Mapping[Untold, Amount]:
        """Return how much of ``parts.other`` cannot be told for which reason."""
        return self.split.untold


@dataclass(frozen=True)
class Sum:
    """What all groups of one currency changed, and why."""

    currency: str
    change: Change
    parts: Parts
    untold: Mapping[Untold, Amount]


def movers(asks: Asks, asked: Comparison, metric: str, level: Level) -> list[Mover]:
    """Rank the groups of both sides by how much money they moved, either way; ties by name."""
    group_by = level.group_by
    if level is not Level.ACCOUNT:
        return sorted(moved(asks, asked, metric, group_by), key=_rank)
    names = account_names(asks, asked, metric)
    accounts = moved(asks, asked, metric, group_by[:2])
    named = (mover._replace(group=(*mover.group, names.get(mover.group))) for mover in accounts)
    return sorted(named, key=_rank)


def moved(
    asks: Asks, asked: Comparison, metric: str, group_by: tuple[str, ...]
) -> tuple[Mover, ...]:
    """Work out how the groups of both sides changed, and why; in no order."""
    with resting():  # until the lines are gone, too: then there is less to look through
        return asks.worked_out(
            ("moved", asked.now, asked.before, metric, group_by),
            lambda: _moved(asks, asked, metric, group_by),
        )


def _moved(asks: Asks, asked: Comparison, metric: str, group_by: tuple[str, ...]) -> list[Mover]:
    lines = tuple(name for name in LINE if name not in group_by)
    now, before = (
        asked_over(query, query.date_range, *group_by, *lines, metric=metric)
        for query in (asked.now, asked.before)
    )
    splits: dict[tuple[str, Group], Split] = {}
    for line in asks.priced((now, before), metric):
        if line.now or line.before:
            key = line.currency, line.group[: len(group_by)]
            split = splits.get(key)
            if split is None:
                split = splits[key] = Split()
            split.add(line, metric)
    return [Mover(*key, split) for key, split in splits.items()]


def sums(ranked: Iterable[Mover]) -> list[Sum]:
    """Add movers up by currency, in the order in which they come."""
    splits: dict[str, Split] = {}
    for mover in ranked:
        splits.setdefault(mover.currency, Split()).add_split(mover.split)
    return [
        Sum(currency, _change(split), split.parts, split.untold)
        for currency, split in splits.items()
    ]


def _change(split: Split) -> Change:
    return Change(from_quanta(split.before or 0), from_quanta(split.now or 0))


def _rank(mover: Mover) -> tuple[Quanta, str, list[str]]:
    return -abs(mover.split.change), mover.currency, [name or "" for name in mover.group]


def account_names(asks: Asks, asked: Comparison, metric: str) -> dict[Group, str | None]:
    """Name accounts, provider and id, by the bills: by their name of the last day, else of before.

    An account that was renamed in between stays one account.
    """
    questions = [
        asked_over(query, query.date_range, *ACCOUNT, metric=metric)
        for query in (asked.now, asked.before)
    ]
    of_ranges = ([row.group for row in asks.ask(question).rows] for question in questions)
    return first_names([last_accounts(asks, asked, metric), *of_ranges])


def last_accounts(asks: Asks, asked: Comparison, metric: str) -> list[Group]:
    """List provider, id and name of the accounts of the last day."""
    last = asked.now.date_range.last
    question = asked_over(asked.now, DateRange(last, last), *ACCOUNT, metric=metric)
    return [row.group for row in asks.ask(question).rows]


def first_names(of_ranges: Iterable[Iterable[Group]]) -> dict[Group, str | None]:
    """Name accounts by the first range, lists of provider, id and name, in which they have a name.

    Of several of one range it is the last in order.
    """
    names: dict[Group, str | None] = {}
    for accounts in of_ranges:
        of_range: dict[Group, str] = {}
        for *account, name in accounts:
            key = tuple(account)
            of_range[key] = max(of_range.get(key, ""), name or "")
        for key, last_name in of_range.items():
            names[key] = names.get(key) or last_name or None
    return names
