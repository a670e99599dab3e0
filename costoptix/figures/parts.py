"""The parts of a change: what made a cost more or less than before. Pure.

Usage is compared line by line. Of a line that both sides have, the earlier cost is carried over
step by step: to the quantity of now, at the list price of now, at the negotiated rate of now, with
as much of it under commitments as now. Each step is a part, and they add up to the change, to the
last digit. A step that the columns do not tell is left out, and its effect is in ``other``, with
the reason. ``docs/figures.md`` has the formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from costoptix.costs.answers import Priced, PricedKind, PricedLine
from costoptix.costs.rows import together
from costoptix.money import EXACT, Amount, cancel, in_proportion

_NOTHING = Amount(0)
_NONE = Priced(_NOTHING)
_Column = Callable[[Priced], Decimal | None]
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

    @classmethod
    def sum_of(cls, all_parts: Iterable[Parts]) -> Parts:
        """Add up parts, each by itself."""
        return cls(*(sum(column, _NOTHING) for column in zip(*all_parts, strict=True)))


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


class Split(NamedTuple):
    """The parts of a change, and how much of ``other`` is there for which reason."""

    parts: Parts
    untold: Mapping[Untold, Amount]


_KIND_PARTS = {
    PricedKind.UNUSED: "unused_commitment",
    PricedKind.PURCHASES: "purchases",
    PricedKind.CREDITS: "credits",
    PricedKind.TAX: "tax",
    PricedKind.OTHER: "other",
}
COMMITTABLE = ("billed_cost", "effective_cost")
"""The metrics to which it matters how much of the usage a commitment covers."""


def splits(line: PricedLine, metric: str) -> Iterator[Split]:
    """Yield the parts of a line's change: of its usage, and of each kind of what is none."""
    now, before = _usage(line.now, metric), _usage(line.before, metric)
    if now and before:
        yield _usage_split(now, before, metric)
    elif now:
        yield Split(Parts(new=now.amount), {})
    elif before:
        yield Split(Parts(gone=EXACT.minus(before.amount)), {})
    for kind in _KIND_PARTS:
        if kind in line.now or kind in line.before:
            after, earlier = line.now.get(kind, _NONE), line.before.get(kind, _NONE)
            change = EXACT.subtract(after.amount, earlier.amount)
            is_other = kind is PricedKind.OTHER and change
            yield Split(
                Parts(**{_KIND_PARTS[kind]: change}),
                {Untold.ADJUSTMENTS: change} if is_other else {},
            )


class _UsageSums(NamedTuple):
    """Usage of one side; at least one of the two is there."""

    on_demand: Priced | None
    covered: Priced | None

    @property
    def amount(self) -> Amount:
        one, other = self
        if one is None or other is None:
            return _amount(one or other)
        return EXACT.add(one.amount, other.amount)


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


_Ratios = tuple[tuple[Decimal, Decimal], ...]
"""What an amount is multiplied by: parts and wholes."""


def _usage_split(now: _UsageSums, before: _UsageSums, metric: str) -> Split:
    measure = _measure(now, before)
    if measure is None:
        return _left(EXACT.subtract(now.amount, before.amount), Untold.QUANTITY)
    try:
        split = _steps(now, before, measure, metric)
    except ValueError:  # a price so far above the earlier one that nothing holds the product
        return _left(EXACT.subtract(now.amount, before.amount), Untold.RATES)
    return split if measure is _QUANTITY else _without_usage(split)


def _steps(now: _UsageSums, before: _UsageSums, measure: _Column, metric: str) -> Split:
    """Carry the earlier cost over to the quantity, the prices and the shares of now."""
    growth = ((_size(now, measure), _size(before, measure)),)
    price, rate, untold = _prices(now, before, measure, metric)
    on_demand, covered = _amount(before.on_demand), _amount(before.covered)
    grown = in_proportion(on_demand, growth)
    at_price = in_proportion(on_demand, growth + price) if price else grown
    at_rate = in_proportion(on_demand, growth + price + rate) if rate else at_price
    committed, at_shares = _NOTHING, at_rate
    if now.covered or before.covered:
        committed = in_proportion(covered, growth)
        at_shares = EXACT.add(
            _at_share(now.on_demand, before.on_demand, measure, price + rate),
            _at_share(now.covered, before.covered, measure, ()),
        )
    rest = EXACT.subtract(now.amount, at_shares)
    parts = Parts(
        usage=EXACT.subtract(EXACT.add(grown, committed), before.amount),
        list_price=EXACT.subtract(at_price, grown) if price else _NOTHING,
        negotiated_rate=EXACT.subtract(at_rate, at_price) if rate else _NOTHING,
        commitment_coverage=EXACT.subtract(at_shares, EXACT.add(at_rate, committed)),
        other=rest,
    )
    return Split(parts, {untold: rest} if rest else {})


def _left(rest: Amount, reason: Untold) -> Split:
    return Split(Parts(other=rest), {reason: rest} if rest else {})


def _without_usage(split: Split) -> Split:
    """Count what list costs grew by as ``other``: it is usage or price."""
    parts = split.parts
    if not parts.usage:
        return split
    other = EXACT.add(parts.other, parts.usage)
    reasons = {**split.untold, Untold.QUANTITY: parts.usage}
    return Split(parts._replace(usage=_NOTHING, other=other), reasons)


def _measure(now: _UsageSums, before: _UsageSums) -> _Column | None:
    """Return by what the sizes of both sides are compared: quantities, else list costs."""
    rows = [row for row in (*now, *before) if row is not None]
    is_one_unit = len({row.unit for row in rows}) == 1
    if is_one_unit and _is_size(rows, before, _QUANTITY):
        return _QUANTITY
    return _LIST_COST if _is_size(rows, before, _LIST_COST) else None


def _is_size(rows: Iterable[Priced], before: _UsageSums, measure: _Column) -> bool:
    """Tell whether all rows have a size, none below zero, and the earlier side one above it."""
    for row in rows:
        size = measure(row)
        if size is None or size < 0:
            return False
    return _size(before, measure) > 0


def _size(usage: _UsageSums, measure: _Column) -> Decimal:
    one, other = usage
    if one is None or other is None:
        return measure(one or other or _NONE) or _NOTHING
    return EXACT.add(measure(one) or _NOTHING, measure(other) or _NOTHING)


def _prices(
    now: _UsageSums, before: _UsageSums, measure: _Column, metric: str
) -> tuple[_Ratios, _Ratios, Untold]:
    """Return by what list price and negotiated rate of what no commitment covers moved.

    And what a difference comes from that is left after them.
    """
    one, other = now.on_demand, before.on_demand
    if one is None or other is None:
        return (), (), Untold.RATES
    price = _unit_price(one, other, _LIST_COST, _QUANTITY) if measure is _QUANTITY else ()
    if price is None:
        return (), (), Untold.LIST_COST
    if metric == "list_cost":
        return price, (), Untold.RATES
    rate = _unit_price(one, other, _CONTRACTED_COST, _LIST_COST)
    return (price, (), Untold.CONTRACTED_COST) if rate is None else (price, rate, Untold.RATES)


def _unit_price(now: Priced, before: Priced, sum_of: _Column, per: _Column) -> _Ratios | None:
    """Return by what one sum per another moved; None where the columns do not tell."""
    after, per_after, earlier, per_earlier = sum_of(now), per(now), sum_of(before), per(before)
    if after is None or per_after is None or earlier is None or per_earlier is None:
        return None
    if not per_after or not per_earlier or (not after and not earlier):
        return ()  # nothing is priced on a side: no price can have moved
    if after < 0 or earlier <= 0 or per_after < 0 or per_earlier < 0:
        return None
    ratios = (after, earlier), (per_earlier, per_after)
    return () if cancel(*ratios) else ratios


def _at_share(
    now: Priced | None, before: Priced | None, measure: _Column, prices: _Ratios
) -> Amount:
    """Return what a row cost before at the size and the prices of now.

    What was not there before counts as what it costs now.
    """
    if now is None:
        return _NOTHING
    size = measure(before) if before else None
    if before is None or not size:
        return now.amount
    return in_proportion(before.amount, ((measure(now) or _NOTHING, size), *prices))


def _amount(priced: Priced | None) -> Amount:
    return _NOTHING if priced is None else priced.amount
