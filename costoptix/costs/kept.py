"""Answers that are kept, and what else they answer: fewer rows, fewer days, larger buckets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from costoptix.costs.answers import CostReport, CostRow, CostStore
from costoptix.costs.query import CURRENCY, PERIOD_START, CostQuery, Order
from costoptix.costs.rows import added_up, period_reader
from costoptix.periods import DateRange, Granularity


class Moment(NamedTuple):
    """Whose answers these are, and until when they hold."""

    organization_id: str
    data_version: str
    today: date


def kept(
    moment: Moment, query: CostQuery, limit: int | None, offset: int, store: CostStore
) -> CostReport | None:
    """Return the answer that was given before to a question; None without one.

    An answer with all rows also answers the question with a limit that is not below their count.
    """
    if offset == 0:
        whole = store.answers.get((moment, query))
        if whole is not None and (limit is None or whole.row_count <= limit):
            return whole
    return store.answers.get((moment, query, limit, offset))


def keep(
    moment: Moment,
    query: CostQuery,
    report: CostReport,
    limit: int | None,
    offset: int,
    store: CostStore,
) -> None:
    """Keep an answer; by days without groups, also for questions about some of these days."""
    weight = 1 + len(report.rows)
    if offset or report.next_cursor:
        store.answers.put((moment, query, limit, offset), report, weight)
        return
    store.answers.put((moment, query), report, weight)
    if query.granularity is Granularity.DAILY and _is_of_sums(query):
        longest = store.answers.get(_days_key(moment, query))
        if longest is None or longest.query.date_range.length < query.date_range.length:
            store.answers.put(_days_key(moment, query), report, weight)


def from_days(
    moment: Moment, query: CostQuery, limit: int | None, offset: int, store: CostStore
) -> list[tuple[CostRow, int]] | None:
    """Add all rows of a question up from a kept answer by days, each with their count.

    Exactly what the files would answer, in the question's order. None where no kept answer holds
    all of its days, or not all of its rows are asked for.
    """
    by_days = store.answers.get(_days_key(moment, query)) if _is_of_sums(query) else None
    if by_days is None or by_days.query.date_range.clip(query.date_range) != query.date_range:
        return None
    period = period_reader(query)
    buckets: dict[DateRange, list[CostRow]] = {}
    for row in by_days.rows:
        if row.period_start in query.date_range:
            buckets.setdefault(period(row.period_start), []).append(row)
    rows = [row for days, of_days in buckets.items() for row in _summed(days, of_days)]
    if offset or (limit is not None and len(rows) > limit):
        return None
    return [(row, len(rows)) for row in _in_order(rows, query)]


def _days_key(moment: Moment, query: CostQuery) -> tuple[object, ...]:
    return moment, query.filters, query.exclusions


def _is_of_sums(query: CostQuery) -> bool:
    """Tell whether a question asks for nothing but sums by currency and bucket."""
    return not query.group_by and not query.search and query.sides is None


def _summed(days: DateRange, rows: Iterable[CostRow]) -> Iterable[CostRow]:
    """Add up the rows of one bucket by currency."""
    of_days = list(rows)
    for sums in added_up(of_days):
        count = sum(row.charge_count for row in of_days if row.currency == sums.currency)
        yield CostRow(
            days.first,
            days.last,
            (),
            sums.currency,
            sums.billed_cost,
            sums.effective_cost,
            sums.list_cost,
            sums.contracted_cost,
            sums.list_cost_missing,
            sums.contracted_cost_missing,
            count,
        )


def _in_order(rows: list[CostRow], query: CostQuery) -> list[CostRow]:
    """Sort rows as a statement does: then by bucket and currency, what is unknown last."""
    for step in reversed([*query.order_by, Order(PERIOD_START), Order(CURRENCY)]):
        rows = sorted(rows, key=_sorting_key(step), reverse=step.descending)
    return rows


def _sorting_key(step: Order) -> Any:
    def key(row: CostRow) -> tuple[bool, Any]:
        value = getattr(row, step.column)
        return (value is None) is not step.descending, Decimal(0) if value is None else value

    return key
