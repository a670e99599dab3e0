"""A cost question through time: the largest groups bucket by bucket, the others together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from costoptix.costs.answers import CostReport, CostRow, CurrencyTotal
from costoptix.costs.asking import Ask
from costoptix.costs.query import PERIOD_START, CostQuery, Filter, Order
from costoptix.figures.trends import sums_by
from costoptix.money import EXACT, Amount, total
from costoptix.periods import FIRST_DAY, DateRange, Granularity, split

TOP_GROUPS = 9
"""How many groups are shown by themselves; one more where it is the only other."""

RANKED_GROUPS = 1000
"""Among how many groups the largest are looked for, where there are very many."""

Group = tuple[str | None, ...]


@dataclass(frozen=True)
class BreakdownPart:
    """One group through time, or (``group`` is None) all other groups together."""

    group: Group | None
    amounts: tuple[Amount | None, ...]  # by bucket; None where there are no charges
    group_count: int | None = 1  # None where the others are too many to have been counted


@dataclass(frozen=True)
class Breakdown:
    """The costs of one currency by part and bucket; they add up to ``total`` exactly.

    ``total`` is None when no charge has the metric.
    """

    currency: str
    buckets: tuple[DateRange, ...]
    parts: tuple[BreakdownPart, ...]
    previous: tuple[Amount, ...]  # by bucket, of the range as long right before; or none
    total: Amount | None


def amount_of(row: CostRow | CurrencyTotal, metric: str) -> Amount | None:
    """Return a row's sum of one metric; None when none of its charges has it."""
    amount: Amount | None = getattr(row, metric)
    return amount


def largest_first(metric: str) -> tuple[Order, ...]:
    """Return the ordering by one metric."""
    return (Order(metric, descending=True),)


def breakdowns(
    ask: Ask, query: CostQuery, metric: str, granularity: Granularity, *, with_previous: bool = True
) -> list[Breakdown]:
    """Break a query down by its groups and by buckets; one breakdown per currency.

    The currency with the largest total comes first. ``query`` says the range, the groups and
    the filters; its own granularity and order do not matter.
    """
    whole = replace(query, granularity=Granularity.TOTAL, order_by=largest_first(metric))
    ranked = ask(whole, RANKED_GROUPS)
    tops = _tops(ranked, metric)
    bucketed = replace(whole, granularity=granularity, order_by=(Order(PERIOD_START),))
    in_top = ask(_narrowed(bucketed, tops)).rows if query.group_by and tops else ()
    in_all = ask(replace(bucketed, group_by=())).rows
    earlier = _earlier_days(ask, whole, metric) if with_previous else {}
    buckets = split(query.date_range, granularity)
    by_currency = [
        Breakdown(
            currency=sums.currency,
            buckets=buckets,
            parts=_counted(
                _parts(
                    tops.get(sums.currency, []) if query.group_by else [],
                    (row for row in in_top if row.currency == sums.currency),
                    {r.period_start: r for r in in_all if r.currency == sums.currency},
                    buckets,
                    metric,
                ),
                ranked,
                sums.currency,
            ),
            previous=_shifted(earlier.get(sums.currency, []), buckets),
            total=amount_of(sums, metric),
        )
        for sums in ranked.totals
    ]
    return sorted(by_currency, key=_by_size)


def _by_size(breakdown: Breakdown) -> tuple[Amount, str]:
    return -abs(breakdown.total or Amount(0)), breakdown.currency


def _tops(ranked: CostReport, metric: str) -> dict[str, list[Group]]:
    """Name the largest groups of each currency, by size whatever the sign."""
    by_currency: dict[str, list[tuple[Amount, Group]]] = {}
    for row in ranked.rows:
        size = abs(amount_of(row, metric) or Amount(0))
        by_currency.setdefault(row.currency, []).append((size, row.group))
    tops = {}
    for currency, groups in by_currency.items():
        groups.sort(key=lambda sized: sized[0], reverse=True)  # stable: ties stay in order
        shown = TOP_GROUPS + 1 if len(groups) == TOP_GROUPS + 1 else TOP_GROUPS
        tops[currency] = [group for _, group in groups[:shown]]
    return tops


def _narrowed(query: CostQuery, tops: Mapping[str, list[Group]]) -> CostQuery:
    """Ask for little more than the top groups: each dimension has one of their values."""
    chosen = []
    for position, dimension in enumerate(query.group_by):
        values = {group[position] for groups in tops.values() for group in groups}
        ordered = sorted(values, key=lambda value: (value is not None, value or ""))
        chosen.append(Filter(dimension, tuple(ordered)))
    kept = [condition for condition in query.filters if condition.dimension not in query.group_by]
    return replace(query, filters=tuple(sorted([*kept, *chosen], key=lambda f: f.dimension)))


def _parts(
    tops: Sequence[Group],
    rows: Iterable[CostRow],
    whole: Mapping[date, CostRow],
    buckets: Sequence[DateRange],
    metric: str,
) -> tuple[BreakdownPart, ...]:
    """Lay out the top groups by bucket, and what the ``whole`` has beside them."""
    all_groups = [
        amount_of(whole[bucket.first], metric) if bucket.first in whole else None
        for bucket in buckets
    ]
    if not tops:
        return (BreakdownPart((), tuple(all_groups)),)
    cells = {(row.group, row.period_start): amount_of(row, metric) for row in rows}
    parts = [
        BreakdownPart(group, tuple(cells.get((group, bucket.first)) for bucket in buckets))
        for group in tops
    ]
    others = [
        None if spent is None else EXACT.subtract(spent, total(_known(parts, i)))
        for i, spent in enumerate(all_groups)
    ]
    return (*parts, BreakdownPart(None, tuple(others), None))


def _known(parts: Iterable[BreakdownPart], bucket: int) -> list[Amount]:
    return [part.amounts[bucket] or Amount(0) for part in parts]


def _counted(
    parts: tuple[BreakdownPart, ...], ranked: CostReport, currency: str
) -> tuple[BreakdownPart, ...]:
    """Say how many groups the others are; leave them out when there are none."""
    others = parts[-1]
    if others.group is not None or ranked.row_count > len(ranked.rows):
        return parts
    count = sum(row.currency == currency for row in ranked.rows) - (len(parts) - 1)
    return (*parts[:-1], replace(others, group_count=count)) if count else parts[:-1]


def _earlier_days(ask: Ask, whole: CostQuery, metric: str) -> dict[str, list[Amount]]:
    """Return the totals of each day of the range right before, by currency."""
    if (whole.date_range.first - FIRST_DAY).days < whole.date_range.length:
        return {}
    days = whole.date_range.previous()
    daily = replace(
        whole,
        date_range=days,
        preset=None,
        granularity=Granularity.DAILY,
        group_by=(),
        order_by=(Order(PERIOD_START),),
    )
    rows = ask(daily).rows
    by_currency: dict[str, list[Amount]] = {}
    for row in rows:
        amounts = by_currency.setdefault(row.currency, [Amount(0)] * days.length)
        amounts[(row.period_start - days.first).days] = amount_of(row, metric) or Amount(0)
    return by_currency


def _shifted(amounts: Sequence[Amount], buckets: Sequence[DateRange]) -> tuple[Amount, ...]:
    """Add earlier days up to the buckets that lie over them when the range is laid on them."""
    if not amounts:
        return ()
    first = buckets[0].first
    return tuple(
        total(list(amounts[(b.first - first).days : (b.after - first).days])) for b in buckets
    )


def sums_by_group(rows: Iterable[CostRow], metric: str) -> dict[str, dict[Group, Amount]]:
    """Add up rows by currency and group, leaving out the groups that lack the metric."""
    amounts: dict[str, list[tuple[Group, Amount]]] = {}
    for row in rows:
        amount = amount_of(row, metric)
        if amount is not None:
            amounts.setdefault(row.currency, []).append((row.group, amount))
    return {currency: sums_by(pairs) for currency, pairs in amounts.items()}
