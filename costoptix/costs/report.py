"""Cost query in, cost report out: the only place where money is summed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import chain, groupby
from typing import TypeVar

from sqlalchemy.orm import Session

from costoptix.clock import utc_today
from costoptix.costs import sql
from costoptix.costs.answers import (
    BothSums,
    CostReport,
    CostRow,
    CostStore,
    Cursor,
    DailySeries,
    PricedLine,
    RowStream,
)
from costoptix.costs.engine import FileGone
from costoptix.costs.kept import Moment, from_days, keep, kept
from costoptix.costs.parts import parts_of
from costoptix.costs.query import TAG_PREFIX, CostQuery, Order, called_now, is_tag_key
from costoptix.costs.rows import added_up, both_sums, priced_lines, rows_of, totals_of
from costoptix.costs.sql_both import both_statement
from costoptix.costs.sql_priced import priced_statement
from costoptix.errors import Conflict, Invalid, Unavailable
from costoptix.lake.layout import CHARGES, DIMENSIONS, ROLL_UPS
from costoptix.lake.live import (
    DataAsOf,
    LiveData,
    current_version,
    freshness,
    read_live_with_rules,
)
from costoptix.models import Organization
from costoptix.periods import DateRange, Granularity

FILES_MISSING = (
    "The files behind these costs are missing or damaged on the server. Ask your operator to put "
    "the lake's folder back."
)

logger = logging.getLogger(__name__)

MAX_TAG_KEYS = 10_000
MAX_ADDED_HERE = 20_000
"""Up to so many rows Python adds up sooner (1 µs each) than files are read a second time."""

SERIES_ROWS = 500_000
"""Of so many rows of files DuckDB sorts the series at a time: some 100 MB."""

_Answer = TypeVar("_Answer")


def run(
    session: Session,
    organization: Organization,
    query: CostQuery,
    store: CostStore,
    *,
    limit: int | None = None,
    cursor: Cursor | None = None,
) -> CostReport:
    """Answer a query with at most ``limit`` rows (all when None), from ``cursor`` on.

    Raises:
        Conflict: the data changed since the cursor was given out.
        Invalid: the cursor belongs to another question; or a sum exceeds 20 digits.
    """

    def answer(live: LiveData) -> CostReport:
        asked = with_rules(query, live)
        offset = _offset(cursor, asked, live)
        moment = Moment(organization.id, live.data_version, utc_today())
        report = kept(moment, query, limit, offset, store)
        if report is None:
            rows = from_days(moment, query, limit, offset, store)
            if rows is None:
                rows = list(rows_of(asked, live, store, limit, offset))
            report = _report(asked, rows, live, store, offset)
            keep(moment, query, report, limit, offset, store)
        return replace(report, query=query)  # equal, but perhaps said by another preset

    return with_live(session, organization, store, answer)


def days_as_of(
    session: Session, organization: Organization, days: DateRange, store: CostStore
) -> tuple[date | None, DataAsOf]:
    """Return the first day with charges of all, and how fresh the data of a range are.

    What every report says, without the sums of one.
    """
    live = _live(session, organization, store)
    return _since(live), freshness(live, days, utc_today())


def stream(
    session: Session, organization: Organization, query: CostQuery, store: CostStore
) -> RowStream:
    """Answer a query with all of its rows, in order, without holding them all in memory.

    Nothing is read from ``session`` after the return.

    Raises:
        Invalid: a sum exceeds 20 digits.
    """

    def answer(live: LiveData) -> RowStream:
        rows = rows_of(with_rules(query, live), live, store, None, 0)
        first = next(rows, None)
        if first is None:
            return RowStream(0, iter(()))
        return RowStream(first[1], chain([first[0]], (row for row, _ in rows)))

    return with_live(session, organization, store, answer)


def both(
    session: Session,
    organization: Organization,
    sides: tuple[CostQuery, CostQuery],
    metric: str,
    store: CostStore,
) -> tuple[BothSums, ...]:
    """Add up one metric now and before, by the groups of both queries, over the whole ranges.

    In no order. Not kept: ``worked_out`` keeps it.

    Raises:
        Invalid: a sum exceeds 20 digits.
    """

    def answer(live: LiveData) -> tuple[BothSums, ...]:
        queries = [with_rules(query, live) for query in sides]
        planned = [(query, parts_of(query, live.deliveries, store)) for query in queries]
        if not any(parts for _, parts in planned):
            return ()
        statement = both_statement(planned, metric, store.engine.path)
        rows = store.engine.read(statement.sql, statement.parameters)
        return tuple(both_sums(rows, len(sides[0].group_by)))

    return with_live(session, organization, store, answer)


def priced(
    session: Session,
    organization: Organization,
    sides: tuple[CostQuery, CostQuery],
    metric: str,
    store: CostStore,
) -> tuple[PricedLine, ...]:
    """Add up one metric and what was priced, now and before, by the groups of both queries.

    Always from the charges, over the whole ranges; in no order. Not kept: what is made of it is
    smaller, and kept by ``worked_out``.

    Raises:
        Invalid: a sum exceeds 20 digits, or a quantity 26.
    """

    def answer(live: LiveData) -> tuple[PricedLine, ...]:
        now, before = (with_rules(query, live) for query in sides)
        return tuple(_priced((now, before), metric, live, store))

    return with_live(session, organization, store, answer)


def _priced(
    sides: tuple[CostQuery, CostQuery], metric: str, live: LiveData, store: CostStore
) -> Iterator[PricedLine]:
    planned = [(query, parts_of(query, live.deliveries, store, kinds={CHARGES})) for query in sides]
    if not any(parts for _, parts in planned):
        return iter(())
    statement = priced_statement(planned, metric, store.engine.path)
    rows = store.engine.read(statement.sql, statement.parameters)
    return priced_lines(rows, len(sides[0].group_by))


def worked_out(
    session: Session,
    organization: Organization,
    question: Hashable,
    work: Callable[[], Iterable[_Answer]],
    store: CostStore,
) -> tuple[_Answer, ...]:
    """Return what a piece of work makes of the live data; what the same question made is kept.

    The question must hold all that the work depends on beside the data.
    """
    key = (organization.id, current_version(session, organization), question)
    made: tuple[_Answer, ...] | None = store.worked_out.get(key)
    if made is None:
        made = tuple(work())
        store.worked_out.put(key, made, weight=1 + 2 * len(made))
    return made


def daily_series(
    session: Session, organization: Organization, query: CostQuery, metric: str, store: CostStore
) -> Iterator[DailySeries]:
    """Yield what each group of a query cost day by day; only one series is in memory at a time.

    ``metric`` is one that every charge has. Nothing is read from ``session`` after the first.

    Raises:
        Invalid: a sum exceeds 20 digits.
    """

    def answer(live: LiveData) -> Iterator[DailySeries]:
        daily = replace(query, granularity=Granularity.DAILY)
        series = _daily_series(with_rules(daily, live), metric, live, store)
        first = next(series, None)  # a file that is gone is found out here
        return iter(()) if first is None else chain([first], series)

    return with_live(session, organization, store, answer)


def _daily_series(
    query: CostQuery, metric: str, live: LiveData, store: CostStore
) -> Iterator[DailySeries]:
    parts = parts_of(query, live.deliveries, store)
    portions = 1 + sum(part.cost for part in parts) // SERIES_ROWS
    for number in range(portions if parts else 0):
        statement = sql.series_statement(
            query, metric, parts, store.engine.path, number=number, of=portions
        )
        rows = store.engine.read(statement.sql, statement.parameters)
        for (*group, currency), days in groupby(rows, key=lambda row: row[:-2]):
            amounts = tuple((day, Decimal(amount)) for *_, day, amount in days)
            yield DailySeries(tuple(group), currency, amounts)


def dimension_values(
    session: Session,
    organization: Organization,
    name: str,
    query: CostQuery,
    store: CostStore,
    *,
    search: str = "",
    limit: int | None = None,
    cursor: Cursor | None = None,
) -> CostReport:
    """Answer with one row per value and currency of a dimension within the query's selection.

    Most expensive first. ``search`` keeps the values that contain it, whatever the case.

    Raises:
        Conflict, Invalid: as ``run``.
    """
    by_value = replace(
        query,
        granularity=Granularity.TOTAL,
        group_by=(name,),
        order_by=(Order("billed_cost", descending=True),),
        search=search,
    )
    return run(session, organization, by_value, store, limit=limit, cursor=cursor)


def dimension_names(session: Session, organization: Organization, store: CostStore) -> list[str]:
    """List what one can group and filter by: the dimensions, then ``tag:<key>`` of all live tags.

    Each can be asked for as bills write it, too: ``raw:<key>``. Of more than ``MAX_TAG_KEYS`` keys
    in bills the first in alphabetical order.
    """

    def answer(live: LiveData) -> list[str]:
        key = (organization.id, live.data_version)
        names = store.tag_keys.get(key)
        if names is None:
            names = _tag_dimensions(live, store)
            store.tag_keys.put(key, names, weight=1 + len(names))
        return names

    return [*DIMENSIONS, *with_live(session, organization, store, answer)]


def _tag_dimensions(live: LiveData, store: CostStore) -> list[str]:
    kind = next((roll_up.name for roll_up in ROLL_UPS if roll_up.has_tags), CHARGES)
    paths = [
        file.path
        for delivery in live.deliveries
        for file in delivery.files.get(kind) or delivery.files[CHARGES]
    ]
    if not paths:
        return []
    statement = sql.tag_keys_statement(paths, store.engine.path, MAX_TAG_KEYS)
    written = (key for (key,) in store.engine.read(statement.sql, statement.parameters))
    keys = sorted({live.tag_rules.key(key) for key in written})
    return [TAG_PREFIX + key for key in keys if is_tag_key(key)]


def with_live(
    session: Session,
    organization: Organization,
    store: CostStore,
    answer: Callable[[LiveData], _Answer],
) -> _Answer:
    """Answer from the live files; when one has been swept meanwhile, from those live now.

    Raises:
        Unavailable: a file that is live is missing.
    """
    live = _live(session, organization, store)
    try:
        return answer(live)
    except FileGone:
        session.commit()  # ends the read: what follows sees the pointer as it is now
        now = read_live_with_rules(session, organization)
        if now.data_version == live.data_version:
            logger.exception("a file of the lake that is live cannot be read")
            raise Unavailable(FILES_MISSING) from None
        return answer(now)


def with_rules(query: CostQuery, live: LiveData) -> CostQuery:
    """Return a query with the rules of tags that it is to be answered by."""
    return replace(called_now(query, live.tag_rules), tag_rules=live.tag_rules)


def _live(session: Session, organization: Organization, store: CostStore) -> LiveData:
    key = (organization.id, current_version(session, organization))
    live = store.pointers.get(key)
    if live is None:
        live = read_live_with_rules(session, organization)
        store.pointers.put((organization.id, live.data_version), live)
    return live


def _offset(cursor: Cursor | None, query: CostQuery, live: LiveData) -> int:
    if cursor is None:
        return 0
    is_question = cursor.question == query.fingerprint
    is_new_day = cursor.day != utc_today().isoformat() and not is_question
    if cursor.data_version != live.data_version or is_new_day:  # other days are compared, then
        raise Conflict("The data changed; start again.")
    if not is_question:
        raise Invalid("cursor belongs to a question with other parameters.")
    return cursor.offset


def _cursor(query: CostQuery, live: LiveData, offset: int) -> Cursor:
    return Cursor(live.data_version, query.fingerprint, offset, utc_today().isoformat())


def _report(
    query: CostQuery,
    counted_rows: Sequence[tuple[CostRow, int]],
    live: LiveData,
    store: CostStore,
    offset: int,
) -> CostReport:
    row_count = counted_rows[0][1] if counted_rows else 0
    following = offset + len(counted_rows)
    is_more = following < row_count
    rows = tuple(row for row, _ in counted_rows)
    is_all = offset == 0 and not is_more and row_count <= MAX_ADDED_HERE
    return CostReport(
        query=query,
        data_version=live.data_version,
        data_as_of=freshness(live, query.date_range, utc_today()),
        totals=added_up(rows) if is_all else totals_of(query, live, store),
        rows=rows,
        row_count=row_count,
        next_cursor=_cursor(query, live, following) if is_more else None,
        data_since=_since(live),
    )


def _since(live: LiveData) -> date | None:
    return min((delivery.first_day for delivery in live.deliveries), default=None)
