"""Groups by buckets: what each group cost in each bucket, and all groups together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from costoptix.costs.answers import CostRow
from costoptix.costs.asking import Ask
from costoptix.costs.query import PERIOD_START, CostQuery, Filter, Order
from costoptix.figures.breakdown import Group, amount_of
from costoptix.money import Amount
from costoptix.periods import DateRange, Granularity, split

MAX_BUCKETS = 31
"""How many buckets stand side by side; more stand below each other, a row per bucket and group."""

Amounts = tuple[Amount | None, ...]
"""By bucket; None where there are no charges."""


@dataclass(frozen=True)
class Pivot:
    """The amounts of groups by currency and group, and of all groups by currency."""

    buckets: tuple[DateRange, ...]
    groups: Mapping[tuple[str, Group], Amounts]
    totals: Mapping[str, Amounts]

    @property
    def nothing(self) -> Amounts:
        """Return the amounts of a group without charges."""
        return (None,) * len(self.buckets)


def is_pivot(query: CostQuery, days: DateRange) -> bool:
    """Tell whether a question has groups, and buckets that can stand side by side."""
    has_buckets = query.granularity is not Granularity.TOTAL
    return (
        has_buckets and bool(query.group_by) and len(split(days, query.granularity)) <= MAX_BUCKETS
    )


def pivot(
    ask: Ask, query: CostQuery, metric: str, groups: Collection[Group] | None = None
) -> Pivot:
    """Break a question down by its groups and its buckets.

    ``groups`` are those to answer for, all when None.
    """
    by_bucket = replace(query, order_by=(Order(PERIOD_START),), sides=None)
    buckets = split(query.date_range, query.granularity)
    asked = by_bucket if groups is None else _narrowed(by_bucket, groups)
    parts = ask(asked).rows if groups is None or groups else ()
    whole = ask(replace(by_bucket, group_by=())).rows
    return Pivot(
        buckets,
        amounts_by(parts, metric, buckets),
        {currency: sums for (currency, _), sums in amounts_by(whole, metric, buckets).items()},
    )


def amounts_by(
    rows: Iterable[CostRow], metric: str, buckets: tuple[DateRange, ...]
) -> dict[tuple[str, Group], Amounts]:
    """Put the rows of each currency and group side by side, by bucket."""
    place = {bucket.first: number for number, bucket in enumerate(buckets)}
    amounts: dict[tuple[str, Group], list[Amount | None]] = {}
    for row in rows:
        cells = amounts.setdefault((row.currency, row.group), [None] * len(buckets))
        cells[place[row.period_start]] = amount_of(row, metric)
    return {key: tuple(cells) for key, cells in amounts.items()}


def _narrowed(query: CostQuery, groups: Collection[Group]) -> CostQuery:
    """Ask for little more than some groups: each dimension has one of their values."""
    kept = [condition for condition in query.filters if condition.dimension not in query.group_by]
    chosen = []
    for position, dimension in enumerate(query.group_by):
        values = {group[position] for group in groups}
        ordered = sorted(values, key=lambda value: (value is not None, value or ""))
        chosen.append(Filter(dimension, tuple(ordered)))
    return replace(query, filters=tuple(sorted([*kept, *chosen], key=lambda f: f.dimension)))
