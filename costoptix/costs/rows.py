"""The rows and totals of a cost question, read from what the engine answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import chain

from costoptix.costs import sql
from costoptix.costs.answers import CostRow, CostStore, CurrencyTotal, SideSums
from costoptix.costs.engine import TOO_LARGE
from costoptix.costs.parts import parts_of
from costoptix.costs.query import CostQuery
from costoptix.errors import Invalid
from costoptix.lake.layout import METRICS, MISSING
from costoptix.lake.live import LiveData
from costoptix.money import Amount, to_amount, total
from costoptix.periods import DateRange, Granularity, bucket_of

_METRICS = len(METRICS)
_SUMS = _METRICS + len(MISSING)


def rows_of(
    query: CostQuery, live: LiveData, store: CostStore, limit: int | None, offset: int
) -> Iterator[tuple[CostRow, int]]:
    """Yield each row, and with each the count of all rows."""
    parts = parts_of(query, live.deliveries, store)
    if not parts:
        return
    statement = sql.rows_statement(query, parts, store.engine.path, limit, offset)
    period = _period_reader(query)
    first = 0 if query.granularity is Granularity.TOTAL else 1
    last = first + len(query.group_by)
    for row in store.engine.read(statement.sql, statement.parameters):
        days, (currency, *sums, row_count) = period(row[0]), row[last:]
        amounts, counts = _amounts(sums[:_METRICS]), sums[_METRICS : _SUMS + 1]
        sides = _sides(sums[_SUMS + 1 :])
        yield (
            CostRow(days.first, days.last, row[first:last], currency, *amounts, *counts, *sides),
            row_count,
        )


def totals_of(query: CostQuery, live: LiveData, store: CostStore) -> tuple[CurrencyTotal, ...]:
    """Add everything up, from the coarsest files that hold it: no bucket, no group."""
    group_by = query.group_by[:1] if query.search else ()
    ungrouped = replace(query, granularity=Granularity.TOTAL, group_by=group_by)
    parts = parts_of(ungrouped, live.deliveries, store)
    if not parts:
        return ()
    statement = sql.totals_statement(ungrouped, parts, store.engine.path)
    return tuple(
        CurrencyTotal(
            currency,
            *_amounts(sums[:_METRICS]),
            *sums[_METRICS:_SUMS],
            *_sides(sums[_SUMS:]),
        )
        for currency, *sums in store.engine.read(statement.sql, statement.parameters)
    )


def added_up(query: CostQuery, rows: Sequence[CostRow]) -> tuple[CurrencyTotal, ...] | None:
    """Add up all rows of a query: what ``totals_of`` answers, without reading files again.

    None where rows do not say it: a sum of 0 may be of no charges, one of None of some.
    """
    if query.sides and any(None in _all_sums(row) for row in rows):
        return None
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


def _added_up(currency: str, rows: Sequence[CostRow]) -> CurrencyTotal:
    compared = [row.compared for row in rows if row.compared]
    before = [row.before for row in rows if row.before]
    return CurrencyTotal(
        currency,
        _total(row.billed_cost for row in rows),
        _total(row.effective_cost for row in rows),
        _total_or_none(row.list_cost for row in rows),
        _total_or_none(row.contracted_cost for row in rows),
        sum(row.list_cost_missing for row in rows),
        sum(row.contracted_cost_missing for row in rows),
        _side_total(compared) if compared else None,
        _side_total(before) if before else None,
    )


def _side_total(sides: Sequence[SideSums]) -> SideSums:
    return SideSums(*(_total_or_none(amounts) for amounts in zip(*sides, strict=True)))


def _all_sums(row: CostRow) -> Iterable[Amount | None]:
    return chain((row.list_cost, row.contracted_cost), row.compared or (), row.before or ())


def _total(amounts: Iterable[Amount]) -> Amount:
    added = total(list(amounts))
    try:
        return to_amount(added)
    except ValueError:
        raise Invalid(TOO_LARGE) from None


def _total_or_none(amounts: Iterable[Amount | None]) -> Amount | None:
    present = [amount for amount in amounts if amount is not None]
    return _total(present) if present else None


def _amounts(
    texts: Sequence[str | None],
) -> tuple[Amount, Amount, Amount | None, Amount | None]:
    """Read the sums of the METRICS, of which every charge has the first two."""
    billed, effective, listed, contracted = map(amount_in, texts)
    return billed or Decimal(0), effective or Decimal(0), listed, contracted


def _sides(texts: Sequence[str | None]) -> Iterator[SideSums]:
    """Read the sums of both sides of a comparison, where there are any."""
    for start in range(0, len(texts), _METRICS):
        yield SideSums(*map(amount_in, texts[start : start + _METRICS]))


def _period_reader(query: CostQuery) -> Callable[[object], DateRange]:
    """Return what turns a row's first column into its bucket, clipped to the range."""
    whole = query.date_range
    if query.granularity is Granularity.TOTAL:
        return lambda _: whole

    @cache
    def period(day: date) -> DateRange:
        return bucket_of(day, query.granularity).clip(whole) or whole

    return period
