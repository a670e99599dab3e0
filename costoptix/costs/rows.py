"""The rows and totals of a cost question, read from what the engine answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from costoptix.costs import sql
from costoptix.costs.answers import (
    USAGE,
    BothSums,
    CostRow,
    CostStore,
    CurrencyTotal,
    Priced,
    PricedKind,
    PricedLine,
    SideSums,
)
from costoptix.costs.engine import TOO_LARGE
from costoptix.costs.parts import parts_of
from costoptix.costs.plan import QueryPart
from costoptix.costs.query import CostQuery
from costoptix.costs.sql_priced import CELL_END, FIELD_END, KINDS
from costoptix.errors import Invalid
from costoptix.lake.layout import METRICS, MISSING
from costoptix.lake.live import LiveData
from costoptix.money import Amount, to_amount, total
from costoptix.periods import DateRange, Granularity, bucket_of

_METRICS = len(METRICS)
_NOTHING = Decimal(0)
_SUMS = _METRICS + len(MISSING)
_FIELDS_BEFORE_UNIT = 6


def rows_of(
    query: CostQuery, live: LiveData, store: CostStore, limit: int | None, offset: int
) -> Iterator[tuple[CostRow, int]]:
    """Yield each row, and with each the count of all rows."""
    parts = parts_of(query, live.deliveries, store)
    if not parts:
        return
    statement = sql.rows_statement(query, parts, store.engine.path, limit, offset)
    period = period_reader(query)
    first = 0 if query.granularity is Granularity.TOTAL else 1
    last = first + len(query.group_by)
    for row in store.engine.read(statement.sql, statement.parameters):
        days, (currency, *sums, row_count) = period(row[0]), row[last:]
        counts = sums[_METRICS : _SUMS + 1]
        amounts = _amounts(sums[:_METRICS], counts[-1])
        sides = _sides(sums[_SUMS + 1 :])
        yield (
            CostRow(days.first, days.last, row[first:last], currency, *amounts, *counts, *sides),
            row_count,
        )


def totals_of(query: CostQuery, live: LiveData, store: CostStore) -> tuple[CurrencyTotal, ...]:
    """Add everything up, from the coarsest files that hold it: no bucket, no group."""
    group_by = query.group_by[:1] if query.search else ()
    ungrouped = replace(query, granularity=Granularity.TOTAL, group_by=group_by)
    return totals_over(ungrouped, parts_of(ungrouped, live.deliveries, store), store)


def totals_over(
    query: CostQuery, parts: tuple[QueryPart, ...], store: CostStore
) -> tuple[CurrencyTotal, ...]:
    """Add up what some parts hold of a query without buckets."""
    if not parts:
        return ()
    statement = sql.totals_statement(query, parts, store.engine.path)
    return tuple(
        _currency_total(row) for row in store.engine.read(statement.sql, statement.parameters)
    )


def _currency_total(row: Sequence[Any]) -> CurrencyTotal:
    currency, *sums = row
    charge_count, *sides = sums[_SUMS:] or (1,)  # that is there when there are sides
    amounts = _amounts(sums[:_METRICS], charge_count)
    return CurrencyTotal(currency, *amounts, *sums[_METRICS:_SUMS], *_sides(sides))


def added_up(rows: Iterable[CostRow]) -> tuple[CurrencyTotal, ...]:
    """Add up all rows of a query: what ``totals_of`` answers, without reading files again."""
    by_currency: dict[str, list[CostRow]] = defaultdict(list)
    for row in rows:
        by_currency[row.currency].append(row)
    return tuple(
        _added_up(currency, currency_rows)
        for currency, currency_rows in sorted(by_currency.items())
    )


def amount_in(text: str | None) -> Decimal | None:
    """Read a sum; what no charge has is NULL."""
    return None if text is None else Decimal(text)


def both_sums(rows: Iterable[Sequence[Any]], depth: int) -> Iterator[BothSums]:
    """Read what ``depth`` groups cost on two sides."""
    for row in rows:
        now, now_missing, before, before_missing = row[depth + 1 :]
        yield BothSums(
            tuple(row[:depth]),
            row[depth],
            amount_in(now),
            now_missing,
            amount_in(before),
            before_missing,
        )


_KIND_OF = {str(number): kind for number, kind in enumerate(KINDS)}


def priced_lines(rows: Iterable[Sequence[Any]], depth: int) -> Iterator[PricedLine]:
    """Read what was priced on two sides, by ``depth`` groups."""
    for row in rows:
        now: dict[PricedKind, Priced] = {}
        before: dict[PricedKind, Priced] = {}
        for cell in row[depth + 1].split(CELL_END):
            side, number, amount, *priced = cell.split(FIELD_END, _FIELDS_BEFORE_UNIT)
            if amount:
                kind, of_side = _KIND_OF[number], before if side == "1" else now
                read = _priced(amount, *priced) if kind in USAGE else Priced(int(amount))
                of_side[kind] = together(of_side[kind], read) if kind in of_side else read
        yield PricedLine(tuple(row[:depth]), row[depth], now, before)


def _priced(amount: str, quantity: str, listed: str, contracted: str, unit: str) -> Priced:
    """Read a cell of usage; what is not known is empty."""
    return Priced(
        int(amount),
        int(quantity) if quantity else None,
        unit if quantity else None,
        int(listed) if listed else None,
        int(contracted) if contracted else None,
    )


def together(one: Priced, other: Priced) -> Priced:
    """Add up two; what only one of them knows is not known of both."""
    is_one_unit = one.unit == other.unit
    return Priced(
        one.amount + other.amount,
        _plus(one.quantity, other.quantity) if is_one_unit else None,
        one.unit if is_one_unit else None,
        _plus(one.list_cost, other.list_cost),
        _plus(one.contracted_cost, other.contracted_cost),
    )


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _added_up(currency: str, rows: Sequence[CostRow]) -> CurrencyTotal:
    return CurrencyTotal(
        currency,
        _total(row.billed_cost for row in rows),
        _total(row.effective_cost for row in rows),
        _total_or_none((row.list_cost, row.charge_count) for row in rows),
        _total_or_none((row.contracted_cost, row.charge_count) for row in rows),
        sum(row.list_cost_missing for row in rows),
        sum(row.contracted_cost_missing for row in rows),
        _side_total([row.compared for row in rows if row.compared]),
        _side_total([row.before for row in rows if row.before]),
    )


def _side_total(sides: Sequence[SideSums]) -> SideSums | None:
    if not sides:
        return None
    billed, effective, listed, contracted = (
        _total_or_none((side.of(metric), side.charge_count) for side in sides) for metric in METRICS
    )
    charge_count = sum(side.charge_count for side in sides)
    return SideSums(billed, effective, listed, contracted, charge_count)


def _total(amounts: Iterable[Amount]) -> Amount:
    added = total(list(amounts))
    try:
        return to_amount(added)
    except ValueError:
        raise Invalid(TOO_LARGE) from None


def _total_or_none(counted: Iterable[tuple[Amount | None, int]]) -> Amount | None:
    """Add up amounts, each of so many charges: 0 of none, None where all charges lack that cost."""
    of_charges = [amount for amount, charge_count in counted if charge_count]
    present = [amount for amount in of_charges if amount is not None]
    return _total(present) if present or not of_charges else None


def _amounts(
    texts: Sequence[str | None], charge_count: int
) -> tuple[Amount, Amount, Amount | None, Amount | None]:
    """Read the sums of the METRICS of so many charges; every charge has the first two."""
    if not charge_count:
        return _NOTHING, _NOTHING, _NOTHING, _NOTHING
    billed, effective, listed, contracted = map(amount_in, texts)
    return billed or _NOTHING, effective or _NOTHING, listed, contracted


def _sides(columns: Sequence[Any]) -> Iterator[SideSums]:
    """Read the sums of both sides of a comparison, where there are any."""
    for start in range(0, len(columns), _METRICS + 1):
        *texts, charge_count = columns[start : start + _METRICS + 1]
        yield SideSums(*_amounts(texts, charge_count), charge_count)


def period_reader(query: CostQuery) -> Callable[[object], DateRange]:
    """Return what turns a row's first column into its bucket, clipped to the range."""
    whole = query.date_range
    if query.granularity is Granularity.TOTAL:
        return lambda _: whole

    @cache
    def period(day: date) -> DateRange:
        return bucket_of(day, query.granularity).clip(whole) or whole

    return period
