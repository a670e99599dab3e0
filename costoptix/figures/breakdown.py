"""A cost question through time: the largest groups bucket by bucket, the others together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from costoptix.costs.answers import CostReport, CostRow, CurrencyTotal
from costoptix.costs.asking import Ask
from costoptix.costs.query import PERIOD_START, CostQuery, Filter, Order
from costoptix.figures.comparison import ComparedDays
from costoptix.figures.trends import sums_by
from costoptix.money import EXACT, Amount, total
from costoptix.periods import DateRange, Granularity, split

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
class Earlier:
    """What the earlier side of a comparison cost, laid over the buckets of the later one.

    ``amounts`` is None in buckets without a compared day. Day by day, ``total`` is also of the
    days that have no counterpart (31 January beside February).
    """

    days: DateRange
    amounts: tuple[Amount | None, ...]
    total: Amount


@dataclass(frozen=True)
class Breakdown:
    """The costs of one currency by part and bucket; they add up to ``total`` exactly.

    ``total`` is None when no charge has the metric.
    """

    currency: str
    buckets: tuple[DateRange, ...]
    parts: tuple[BreakdownPart, ...]
    total: Amount | None
    earlier: Earlier | None = None


def amount_of(row: CostRow | CurrencyTotal, metric: str) -> Amount | None:
    """Return a row's sum of one metric; None when none of its charges has it."""
    amount: Amount | None = getattr(row, metric)
    return amount


def largest_first(metric: str) -> tuple[Order, ...]:
    """Return the ordering by one metric."""
    return (Order(metric, descending=True),)


def breakdowns(
    ask: Ask,
    query: CostQuery,
    metric: str,
    granularity: Granularity,
    compared: ComparedDays | None = None,
) -> list[Breakdown]:
    """Break a query down by its groups and by buckets; one breakdown per currency.

    The currency with the largest total comes first. ``query`` says the range, the groups and
    the filters; its own granularity and order do not matter. ``compared`` are the days of its
    range that an earlier side is laid over.
    """
    whole = replace(query, granularity=Granularity.TOTAL, order_by=largest_first(metric))
    ranked = ask(whole, RANKED_GROUPS)
    tops = _tops(ranked, metric)
    bucketed = replace(whole, granularity=granularity, order_by=(Order(PERIOD_START),))
    in_top = ask(_narrowed(bucketed, tops)).rows if query.group_by and tops else ()
    in_all = ask(replace(bucketed, group_by=())).rows
    buckets = split(query.date_range, granularity)
    earlier = _earlier_sides(ask, bucketed, metric, compared, buckets) if compared else {}
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
            total=amount_of(sums, metric),
            earlier=earlier.get(sums.currency),
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


def _earlier_sides(
    ask: Ask,
    bucketed: CostQuery,
    metric: str,
    compared: ComparedDays,
    buckets: Sequence[DateRange],
) -> dict[str, Earlier]:
    """Lay the earlier side over the buckets, by currency: month by month, else day by day."""
    granularity = bucketed.granularity
    finest = Granularity.MONTHLY if granularity is Granularity.MONTHLY else Granularity.DAILY
    asked = replace(
        bucketed, date_range=compared.before, preset=None, granularity=finest, group_by=()
    )
    sides: dict[str, list[CostRow]] = {}
    for row in ask(asked).rows:
        sides.setdefault(row.currency, []).append(row)
    index = {day: number for number, bucket in enumerate(buckets) for day in bucket}
    places = {
        earlier: None if day is None else index[day]
        for earlier, day in _places(compared, granularity).items()
    }
    return {
        currency: _earlier(rows, metric, compared.before, places, len(buckets))
        for currency, rows in sides.items()
    }


def _places(compared: ComparedDays, granularity: Granularity) -> dict[date, date | None]:
    """Map the first day of each earlier bucket to a day of the bucket that it is drawn in."""
    if granularity is Granularity.DAILY:
        return {day: compared.counterpart(day) for day in compared.before}
    if granularity is Granularity.MONTHLY:
        months = compared.buckets(granularity)
        before, now = compared.before.first, compared.now.first
        return {max(earlier, before): max(later, now) for earlier, later in months}
    return {day: compared.place(day) for day in compared.before}


def _earlier(
    rows: Sequence[CostRow],
    metric: str,
    days: DateRange,
    places: Mapping[date, int | None],
    count: int,
) -> Earlier:
    drawn = set(places.values())
    amounts = [Amount(0) if number in drawn else None for number in range(count)]
    for row in rows:
        number = places[row.period_start]
        if number is not None:
            spent = amount_of(row, metric) or Amount(0)
            amounts[number] = EXACT.add(amounts[number] or Amount(0), spent)
    whole = total([amount_of(row, metric) or Amount(0) for row in rows])
    return Earlier(days, tuple(amounts), whole)


def sums_by_group(rows: Iterable[CostRow], metric: str) -> dict[str, dict[Group, Amount]]:
    """Add up rows by currency and group, leaving out the groups that lack the metric."""
    amounts: dict[str, list[tuple[Group, Amount]]] = {}
    for row in rows:
        amount = amount_of(row, metric)
        if amount is not None:
            amounts.setdefault(row.currency, []).append((row.group, amount))
    return {currency: sums_by(pairs) for currency, pairs in amounts.items()}
