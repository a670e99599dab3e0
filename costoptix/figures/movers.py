"""What moved the costs between two questions, and why. Pure functions over cost reports.

A change is split by lines: the SKUs and charge categories within a group. What only one side has
is ``new`` or ``gone``. Where both sides know quantities in one unit, the line's change is what
the other quantity would have cost at the earlier price (``volume``), and the rest (``price``).
Lines without quantities (tax, support, credits) are ``other``. The five parts add up to the
change, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import NamedTuple, Protocol

from costoptix.costs.answers import CostReport, PricedRow
from costoptix.costs.query import ACCOUNT as ACCOUNT_FILTER
from costoptix.costs.query import CostQuery, Filter, parse_account
from costoptix.errors import Invalid
from costoptix.figures.breakdown import Group
from costoptix.figures.comparison import Compare
from costoptix.figures.completeness import compared_part, known_part, known_whole
from costoptix.figures.ranking import account_names
from costoptix.figures.summary import ACCOUNT, SERVICE, asked_over, summed
from costoptix.figures.trends import Change, scaled
from costoptix.money import EXACT, Amount, total
from costoptix.periods import DateRange, Preset, parse_day

DEFAULT_RANGE = Preset.LAST_30_DAYS

NOTHING_TO_COMPARE = (
    "Nothing to compare: no day of the range is complete, or days of the earlier range lie before"
    " the first bill."
)
NOT_ASKED = "Nothing is compared: compare is none."

LINE = ("sku_id", "charge_category")
"""The dimensions of the lines within a group."""

_NOTHING = Amount(0)


def nothing_to_compare(compare: Compare) -> str:
    """Say why nothing is compared."""
    return NOT_ASKED if compare is Compare.NONE else NOTHING_TO_COMPARE


class AskPriced(Protocol):
    """Adds up a metric and what was priced for one organization."""

    def __call__(self, query: CostQuery, metric: str) -> tuple[PricedRow, ...]:
        """Return one row per group and currency."""


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


@dataclass(frozen=True)
class Causes:
    """The parts of a change; they add up to it."""

    new: Amount = _NOTHING
    gone: Amount = _NOTHING
    volume: Amount = _NOTHING
    price: Amount = _NOTHING
    other: Amount = _NOTHING

    @classmethod
    def sum_of(cls, parts: Iterable[Causes]) -> Causes:
        """Add up causes, each by itself."""
        all_parts = list(parts)
        if len(all_parts) == 1:
            return all_parts[0]
        return cls(
            *(total([getattr(part, field.name) for part in all_parts]) for field in fields(cls))
        )


@dataclass(frozen=True)
class Mover:
    """A group and how its cost changed, and why."""

    currency: str
    group: Group
    state: MoverState
    change: Change
    causes: Causes

    @property
    def key(self) -> tuple[str, Group]:
        """Return the key of the mover: its currency and group."""
        return self.currency, self.group


@dataclass(frozen=True)
class Comparison:
    """Two questions of which the first is judged by the second."""

    now: CostQuery
    before: CostQuery


@dataclass(frozen=True)
class Sum:
    """What all groups of one currency changed, and why."""

    currency: str
    change: Change
    causes: Causes


def days_to_compare(first: str | None, last: str | None) -> DateRange | None:
    """Read the parameters ``compare_start_date`` and ``compare_end_date``; None without them.

    Raises:
        Invalid: one is missing or wrong.
    """
    if not first and not last:
        return None
    if not first or not last:
        raise Invalid("compare_start_date and compare_end_date must be given together.")
    start, end = parse_day(first, "compare_start_date"), parse_day(last, "compare_end_date")
    if end < start:
        raise Invalid("compare_end_date must not be before compare_start_date.")
    return DateRange.asked(start, end)


def account_to_compare(text: str | None) -> str | None:
    """Read the parameter ``compare_account``; None without it.

    Raises:
        Invalid: it is not ``slug:sub_account_id``.
    """
    return parse_account(text, "compare_account") if text else None


def comparison(
    report: CostReport,
    *,
    before: DateRange | None = None,
    account: str | None = None,
    compare: Compare | None = None,
) -> Comparison | None:
    """Compare the complete days of a report's range with others; None where that says nothing.

    With ``account``, another account over the same days; with ``before``, those days; else by
    the one rule (``figures.comparison``). There is nothing to compare with where no day is
    complete, or where days of the earlier range lie before the first day with charges.

    Raises:
        Invalid: two of them were given.
    """
    if before is not None and account is not None:
        raise Invalid("compare_account and compare_start_date cannot be combined.")
    if compare is not None and (before is not None or account is not None):
        other = "compare_start_date" if account is None else "compare_account"
        raise Invalid(f"compare and {other} cannot be combined.")
    if before is None and account is None:
        return _by_rule(report, compare or Compare.PREVIOUS)
    days = known_part(report.query.date_range, report)
    if days is None:
        return None
    now = replace(report.query, date_range=days, preset=None)
    if account is not None:
        others = [condition for condition in now.filters if condition.dimension != ACCOUNT_FILTER]
        chosen = sorted([*others, Filter(ACCOUNT_FILTER, (account,))])
        return Comparison(now, replace(now, filters=tuple(chosen)))
    if before is None or not known_whole(before, report):
        return None
    return Comparison(now, replace(now, date_range=before))


def _by_rule(report: CostReport, compare: Compare) -> Comparison | None:
    days = compared_part(report, compare)
    if days is None:
        return None
    now = replace(report.query, date_range=days.now, preset=None)
    return Comparison(now, replace(now, date_range=days.before))


def movers(ask: AskPriced, asked: Comparison, metric: str, level: Level) -> list[Mover]:
    """Rank the groups of both sides by how much money they moved, either way; ties by name."""
    sides = [_rows(ask, query, metric, level) for query in (asked.now, asked.before)]
    names = account_names(chain.from_iterable(sides)) if level is Level.ACCOUNT else {}
    now, before = (_lines(rows, len(level.group_by), names) for rows in sides)
    ranking = [
        _mover(currency, group, now.get((currency, group), {}), before.get((currency, group), {}))
        for currency, group in {**now, **before}
    ]
    return sorted(ranking, key=_rank)


def sums(ranked: Iterable[Mover]) -> list[Sum]:
    """Add movers up by currency, in the order in which they come."""
    by_currency: dict[str, list[Mover]] = {}
    for mover in ranked:
        by_currency.setdefault(mover.currency, []).append(mover)
    return [
        Sum(
            currency,
            summed(mover.change for mover in parts),
            Causes.sum_of(mover.causes for mover in parts),
        )
        for currency, parts in by_currency.items()
    ]


def _rank(mover: Mover) -> tuple[Amount, str, list[str]]:
    return -abs(mover.change.amount), mover.currency, [name or "" for name in mover.group]


class _Line(NamedTuple):
    """What one line of a group cost, and how much of it there was, where that is known."""

    amount: Amount
    quantity: Decimal | None
    unit: str | None


_Lines = dict[Group, _Line]
"""By the values of the other dimensions of ``LINE``."""


def _rows(ask: AskPriced, query: CostQuery, metric: str, level: Level) -> list[PricedRow]:
    """Ask for the lines of one side, by the groups of a level first."""
    names = level.group_by
    line_names = tuple(name for name in LINE if name not in names)
    asked = asked_over(query, query.date_range, *names, *line_names, metric=metric)
    return sorted(ask(asked, metric), key=lambda row: [name or "" for name in row.group])


def _lines(
    rows: Iterable[PricedRow], depth: int, names: Mapping[Group, str | None]
) -> dict[tuple[str, Group], _Lines]:
    """Return the lines of one side by currency and group, which are the first ``depth`` names.

    An account that has several names in the bills is one group, called as in ``names``.
    """
    side: dict[tuple[str, Group], _Lines] = {}
    for row in rows:
        if row.amount is not None:
            group, line_name = row.group[:depth], row.group[depth:]
            if (account := group[:2]) in names:
                group = (*account, names[account])
            lines = side.setdefault((row.currency, group), {})
            line = _Line(row.amount, row.quantity, row.unit)
            lines[line_name] = _together(lines[line_name], line) if line_name in lines else line
    return side


def _together(one: _Line, other: _Line) -> _Line:
    amount = EXACT.add(one.amount, other.amount)
    if one.quantity is None or other.quantity is None or one.unit != other.unit:
        return _Line(amount, None, None)
    return _Line(amount, EXACT.add(one.quantity, other.quantity), one.unit)


def _mover(currency: str, group: Group, now: _Lines, before: _Lines) -> Mover:
    state = MoverState.CHANGED if now and before else MoverState.NEW if now else MoverState.GONE
    after, earlier = (total([line.amount for line in side.values()]) for side in (now, before))
    causes = Causes.sum_of(_causes(now.get(name), before.get(name)) for name in {**now, **before})
    return Mover(currency, group, state, Change(earlier, after), causes)


def _causes(now: _Line | None, before: _Line | None) -> Causes:
    if before is None or now is None:
        new = now.amount if now else _NOTHING
        return Causes(new=new, gone=EXACT.minus(before.amount) if before else _NOTHING)
    at_earlier_price = None
    if before.quantity and now.quantity is not None and now.unit == before.unit:
        at_earlier_price = scaled(before.amount, now.quantity, before.quantity)
    if at_earlier_price is None:
        return Causes(other=EXACT.subtract(now.amount, before.amount))
    return Causes(
        volume=EXACT.subtract(at_earlier_price, before.amount),
        price=EXACT.subtract(now.amount, at_earlier_price),
    )
