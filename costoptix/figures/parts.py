"""The parts of a change: what made a cost more or less than before. Pure.

Usage is compared line by line. Of a line that both sides have, the earlier cost is carried over
step by step: to the quantity of now, at the list price of now, at the negotiated rate of now, with
as much of it under commitments as now. Each step is a part, and they add up to the change, to the
last digit. A step that the columns do not tell is left out, and its effect is in ``other``, with
the reason. ``docs/figures.md`` has the formulas.

There may be tens of thousands of lines, so that they are split as whole numbers (``Quanta``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from costoptix.costs.answers import USAGE, Priced, PricedKind, PricedLine
from costoptix.costs.rows import together
from costoptix.money import Amount, Quanta, from_quanta, in_proportion

_NOTHING = Amount(0)
_Column = Callable[[Priced], int | None]
_QUANTITY: _Column = attrgetter("quantity")
_LIST_COST: _Column = attrgetter("list_cost")
_CONTRACTED_COST: _Column = attrgetter("contracted_cost")


class Parts(NamedTuple):
    """The parts of a change; they add up to it."""

    new: Amount = _NOTHING
    gone: Amount = _NOTHING
    usage: Amount = _NOTHING
    list_price: Amount = _NOTHING
    negotiated_rate: Amount = _NOTHING
    commitment_coverage: Amount = _NOTHING
    unused_commitment: Amount = _NOTHING
    purchases: Amount = _NOTHING
    credits: Amount = _NOTHING
    tax: Amount = _NOTHING
    other: Amount = _NOTHING


PART_TITLES = {
    "new": "New",
    "gone": "Gone",
    "usage": "Usage",
    "list_price": "List price",
    "negotiated_rate": "Negotiated rate",
    "commitment_coverage": "Commitment coverage",
    "unused_commitment": "Unused commitment",
    "purchases": "Purchases",
    "credits": "Credits",
    "tax": "Tax",
    "other": "Other",
}
"""What each part is called."""


class Untold(StrEnum):
    """Why some of ``other`` cannot be told more precisely."""

    ADJUSTMENTS = "adjustments"
    QUANTITY = "no_quantity"
    LIST_COST = "no_list_cost"
    CONTRACTED_COST = "no_contracted_cost"
    RATES = "rates"

    @property
    def sentence(self) -> str:
        """Say it."""
        return _SENTENCES[self]


_SENTENCES = {
    Untold.ADJUSTMENTS: "Adjustments: they are neither usage, purchase, credit nor tax.",
    Untold.QUANTITY: (
        "Usage without quantities that can be compared (none, not above zero, or in several"
        " units): whether its usage or its price changed cannot be told."
    ),
    Untold.LIST_COST: (
        "Usage without a list cost: whether its list price or its negotiated rate changed cannot"
        " be told."
    ),
    Untold.CONTRACTED_COST: (
        "Usage without a contracted cost: whether its negotiated rate or something else changed"
        " cannot be told."
    ),
    Untold.RATES: (
        "What commitments charge for the usage they cover, and costs that follow neither quantity"
        " nor price."
    ),
}


_REASONS = frozenset(Untold)
_Changes = dict[str, Quanta]
"""By the names of parts, and what is ``other`` by its reasons; what is 0 may miss."""

_KIND_PARTS = {
    PricedKind.OTHER: Untold.ADJUSTMENTS,
    PricedKind.UNUSED: "unused_commitment",
    PricedKind.PURCHASES: "purchases",
    PricedKind.CREDITS: "credits",
    PricedKind.TAX: "tax",
}
COMMITTABLE = ("billed_cost", "effective_cost")
"""The metrics to which it matters how much of the usage a commitment covers."""


class Split:
    """What some lines cost before and now, and the parts of the change, added up as they come."""

    __slots__ = ("_parts", "before", "now")

    def __init__(self) -> None:
        self._parts: _Changes = {}
        self.before: Quanta | None = None
        """None where nothing was there; ``now`` where nothing is."""
        self.now: Quanta | None = None

    @property
    def parts(self) -> Parts:
        """Return the parts."""
        parts = {name: change for name, change in self._parts.items() if name not in _REASONS}
        other = sum(change for name, change in self._parts.items() if name in _REASONS)
        return Parts(
            **{name: from_quanta(part) for name, part in {**parts, "other": other}.items()}
        )

    @property
    def moving(self) -> set[str]:
        """Return the names of the parts in which something changed."""
        return {"other" if name in _REASONS else name for name, part in self._parts.items() if part}

    @property
    def untold(self) -> dict[Untold, Amount]:
        """Return how much of ``other`` is there for which reason."""
        parts = {reason: self._parts.get(reason, 0) for reason in Untold}
        return {reason: from_quanta(part) for reason, part in parts.items() if part}

    @property
    def change(self) -> Quanta:
        """Return how much more it is now."""
        return (self.now or 0) - (self.before or 0)

    def add(self, line: PricedLine, metric: str) -> None:
        """Add a line: the change of its usage, and of each kind of what is none."""
        now, before = _usage(line.now, metric), _usage(line.before, metric)
        if now or before:
            self._add(_of_usage(now, before, metric))
        for kind, priced in line.now.items():
            self.now = (self.now or 0) + priced.amount
            if kind not in USAGE:
                self._add({_KIND_PARTS[kind]: priced.amount})
        for kind, priced in line.before.items():
            self.before = (self.before or 0) + priced.amount
            if kind not in USAGE:
                self._add({_KIND_PARTS[kind]: -priced.amount})

    def add_split(self, other: Split) -> None:
        """Add what was split already."""
        if other.now is not None:
            self.now = (self.now or 0) + other.now
        if other.before is not None:
            self.before = (self.before or 0) + other.before
        self._add(other._parts)

    def _add(self, changes: _Changes) -> None:
        parts = self._parts
        for part, change in changes.items():
            if change:
                parts[part] = parts.get(part, 0) + change


def _of_usage(now: _UsageSums | None, before: _UsageSums | None, metric: str) -> _Changes:
    """Split the change of a line's usage; one of the sides is there."""
    if before is None or now is None:
        return {"new": now.amount} if now else {"gone": -before.amount if before else 0}
    measure = _measure(now, before)
    if measure is None:
        return {Untold.QUANTITY: now.amount - before.amount}
    try:
        return _steps(now, before, measure, metric)
    except ValueError:  # a price so far above the earlier one that no amount holds the product
        return {Untold.RATES: now.amount - before.amount}


class _UsageSums(NamedTuple):
    """Usage of one side; at least one of the two is there."""

    on_demand: Priced | None
    covered: Priced | None

    @property
    def amount(self) -> Quanta:
        return _amount(self.on_demand) + _amount(self.covered)


def _usage(side: Mapping[PricedKind, Priced], metric: str) -> _UsageSums | None:
    """Return the usage of a side; None without any.

    Where it does not matter to the metric what a commitment covers, all of it is on demand.
    """
    on_demand, covered = side.get(PricedKind.ON_DEMAND), side.get(PricedKind.COVERED)
    if covered is None:
        return _UsageSums(on_demand, None) if on_demand else None
    if metric in COMMITTABLE:
        return _UsageSums(on_demand, covered)
    return _UsageSums(together(on_demand, covered) if on_demand else covered, None)


class _Ratio(NamedTuple):
    """By what something grew: what it is now, at least 0, and what it was, above 0."""

    now: int
    before: int

    def times(self, other: _Ratio) -> _Ratio:
        return _Ratio(self.now * other.now, self.before * other.before)

    def of(self, amount: Quanta) -> Quanta:
        return in_proportion(amount, self.now, self.before)


_SAME = _Ratio(1, 1)


def _steps(now: _UsageSums, before: _UsageSums, measure: _Column, metric: str) -> _Changes:
    """Carry the earlier cost over to the quantity, the prices and the shares of now."""
    growth = _Ratio(_size(now, measure), _size(before, measure))
    price, rate, reason = _prices(now, before, measure, metric)
    on_demand = _amount(before.on_demand)
    grown = growth.of(on_demand)
    at_price = grown if price is _SAME else growth.times(price).of(on_demand)
    prices = price if rate is _SAME else price.times(rate)
    at_rate = at_price if rate is _SAME else growth.times(prices).of(on_demand)
    committed, at_shares = 0, at_rate
    if now.covered or before.covered:
        committed = growth.of(_amount(before.covered))
        at_shares = _at_share(now.on_demand, before.on_demand, measure, prices) + _at_share(
            now.covered, before.covered, measure, _SAME
        )
    return {
        # list costs grow by usage or by price
        "usage" if measure is _QUANTITY else Untold.QUANTITY: grown + committed - before.amount,
        "list_price": at_price - grown,
        "negotiated_rate": at_rate - at_price,
        "commitment_coverage": at_shares - at_rate - committed,
        reason: now.amount - at_shares,
    }


def _measure(now: _UsageSums, before: _UsageSums) -> _Column | None:
    """Return by what the sizes of both sides are compared: quantities, else list costs."""
    rows = [row for row in (*now, *before) if row is not None]
    if _is_one_unit(rows) and _is_size(rows, before, _QUANTITY):
        return _QUANTITY
    return _LIST_COST if _is_size(rows, before, _LIST_COST) else None


def _is_one_unit(rows: Sequence[Priced]) -> bool:
    for row in rows:  # noqa: SIM110 - a generator takes several times as long
        if row.unit != rows[0].unit:
            return False
    return True


def _is_size(rows: Sequence[Priced], before: _UsageSums, measure: _Column) -> bool:
    """Tell whether all rows have a size, none below zero, and the earlier side one above it."""
    for row in rows:
        size = measure(row)
        if size is None or size < 0:
            return False
    return _size(before, measure) > 0


def _size(usage: _UsageSums, measure: _Column) -> int:
    on_demand, covered = usage
    size = (measure(on_demand) or 0) if on_demand else 0
    return size + (measure(covered) or 0) if covered else size


def _prices(
    now: _UsageSums, before: _UsageSums, measure: _Column, metric: str
) -> tuple[_Ratio, _Ratio, Untold]:
    """Return by what list price and negotiated rate of what no commitment covers moved.

    And what a difference comes from that is left after them.
    """
    one, other = now.on_demand, before.on_demand
    if one is None or other is None:
        return _SAME, _SAME, Untold.RATES
    price = _unit_price(one, other, _LIST_COST, _QUANTITY) if measure is _QUANTITY else _SAME
    if price is None:
        return _SAME, _SAME, Untold.LIST_COST
    if metric == "list_cost":
        return price, _SAME, Untold.RATES
    rate = _unit_price(one, other, _CONTRACTED_COST, _LIST_COST)
    return (price, _SAME, Untold.CONTRACTED_COST) if rate is None else (price, rate, Untold.RATES)


def _unit_price(now: Priced, before: Priced, sum_of: _Column, per: _Column) -> _Ratio | None:
    """Return by what one sum per another moved; None where the columns do not tell."""
    after, per_after, earlier, per_earlier = sum_of(now), per(now), sum_of(before), per(before)
    if after is None or per_after is None or earlier is None or per_earlier is None:
        return None
    if not per_after or not per_earlier or (not after and not earlier):
        return _SAME  # nothing is priced on a side: no price can have moved
    if after < 0 or earlier <= 0 or per_after < 0 or per_earlier < 0:
        return None
    ratio = _Ratio(after * per_earlier, earlier * per_after)
    return _SAME if ratio.now == ratio.before else ratio


def _at_share(
    now: Priced | None, before: Priced | None, measure: _Column, prices: _Ratio
) -> Quanta:
    """Return what a row cost before at the size and the prices of now.

    What was not there before counts as what it costs now.
    """
    if now is None:
        return 0
    size = measure(before) if before else None
    if before is None or not size:
        return now.amount
    return _Ratio(measure(now) or 0, size).times(prices).of(before.amount)


def _amount(priced: Priced | None) -> Quanta:
    return 0 if priced is None else priced.amount
