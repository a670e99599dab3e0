"""What makes up the cost of one group, by several dimensions side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from costoptix.costs.answers import CostReport, CostRow, CurrencyTotal
from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.figures.breakdown import amount_of, largest_first
from costoptix.figures.comparison import ComparedDays, against
from costoptix.figures.trends import Change
from costoptix.money import EXACT, Amount, total
from costoptix.periods import Granularity

DIMENSIONS = ("resource_id", "sku_id", "region_id", "service_name", "sub_account_id")
"""What a group is looked at by, where it is not of one value of it by definition."""

LISTS = 3
"""How many of these stand side by side; the tag key comes beside them."""

SHOWN = 5
"""How many values of each are named, the dearest."""

RANKED = 500
"""Among how many values of all currencies these are looked for."""

MAX_TAGS = 5
"""How many tag keys are tried: each is a question of its own."""


@dataclass(frozen=True)
class DriverValue:
    """A value of a dimension and what it cost; None is "has none"."""

    value: str | None
    amount: Amount | None
    change: Change | None


@dataclass(frozen=True)
class DriverList:
    """The dearest values of a dimension in one currency, and what all others cost together.

    They add up to what the group cost. ``rest`` is None where there are no others.
    """

    dimension: str
    currency: str
    values: tuple[DriverValue, ...]
    rest: DriverValue | None


def side_by_side(
    ask: Ask, query: CostQuery, metric: str, compared: ComparedDays | None, tags: Sequence[str]
) -> dict[str, list[DriverList]]:
    """Break what a query selects down by what it does not fix, by currency.

    ``tags`` are dimensions as ``tag:<key>``; of the first few, the one that most cost has.
    """
    fixed = {condition.dimension for condition in query.filters if len(condition.values) == 1}
    whole = replace(query, granularity=Granularity.TOTAL, order_by=largest_first(metric))
    free = [dimension for dimension in DIMENSIONS if dimension not in fixed][:LISTS]
    reports = [_by(ask, whole, dimension, compared) for dimension in free]
    best = _best_covered(ask, whole, metric, [tag for tag in tags if tag not in fixed])
    if best:
        reports.append(_by(ask, whole, best, compared))
    lists: dict[str, list[DriverList]] = {}
    for report in reports:
        for sums in report.totals:
            lists.setdefault(sums.currency, []).append(_list(report, sums, metric))
    return lists


def _by(ask: Ask, query: CostQuery, dimension: str, compared: ComparedDays | None) -> CostReport:
    return ask(against(replace(query, group_by=(dimension,)), compared), RANKED)


def _best_covered(ask: Ask, query: CostQuery, metric: str, tags: Sequence[str]) -> str:
    """Return the tag that the largest part of the cost has; "" where none has any."""
    covered = {}
    for tag in tags[:MAX_TAGS]:
        rows = ask(replace(query, group_by=(tag,)), RANKED).rows
        covered[tag] = total([abs(_amount(row, metric)) for row in rows if row.group[0]])
    best = max(covered, key=lambda tag: covered[tag], default="")
    return best if best and covered[best] else ""


def _amount(row: CostRow, metric: str) -> Amount:
    return amount_of(row, metric) or Amount(0)


def _list(report: CostReport, sums: CurrencyTotal, metric: str) -> DriverList:
    rows = [row for row in report.rows if row.currency == sums.currency]
    shown = tuple(_value(row.group[0], row, metric) for row in rows[:SHOWN])
    is_more = len(rows) > SHOWN or report.row_count > len(report.rows)
    rest = _rest(_value(None, sums, metric), shown) if is_more else None
    return DriverList(report.query.group_by[0], sums.currency, shown, rest)


def _value(value: str | None, row: CostRow | CurrencyTotal, metric: str) -> DriverValue:
    now, before = (side and side.of(metric) for side in (row.compared, row.before))
    change = None if now is None or before is None else Change(before, now)
    return DriverValue(value, amount_of(row, metric), change)


def _rest(whole: DriverValue, shown: Iterable[DriverValue]) -> DriverValue:
    parts = list(shown)
    change = None
    if whole.change:
        change = Change(
            _less(whole.change.before, (part.change.before for part in parts if part.change)),
            _less(whole.change.now, (part.change.now for part in parts if part.change)),
        )
    spent = whole.amount
    if spent is not None:
        spent = _less(spent, (part.amount for part in parts if part.amount is not None))
    return DriverValue(None, spent, change)


def _less(whole: Amount, parts: Iterable[Amount]) -> Amount:
    return EXACT.subtract(whole, total(list(parts)))
