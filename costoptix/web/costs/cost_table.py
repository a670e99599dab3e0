"""The explorer's table: one set of columns and rows for the page and for its CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from costoptix.anomalies.listing import Flag
from costoptix.costs.answers import CostReport, CostRow, CurrencyTotal
from costoptix.costs.asking import Ask
from costoptix.costs.query import DEFAULT_ORDER, PERIOD_START, CostQuery, Order
from costoptix.figures import summary
from costoptix.figures.breakdown import Group, amount_of
from costoptix.figures.comparison import COMPARABLE, ComparedDays, against
from costoptix.figures.pivot import Amounts, Pivot, is_pivot, pivot
from costoptix.figures.trends import Change, share
from costoptix.money import EXACT, Amount, total
from costoptix.periods import DateRange, Granularity, split
from costoptix.web.costs.cost_columns import (
    BY_SERVICE,
    FEW_BUCKETS,
    OF_MONTHS,
    Row,
    TableColumn,
    chosen_among,
    columns_of,
    sort_rows,
)
from costoptix.web.costs.questions import CostQuestion

MAX_ROWS = 1000
"""Of more groups than these, the largest are shown, without what only pages tell of a service."""

SHOWN_ROWS = 25

Flags = Mapping[tuple[str, Group], Flag]
"""By currency and group."""


@dataclass(frozen=True)
class CostTable:
    """Columns, the first rows in order, what the others add up to, and a total per currency.

    ``available`` are all columns that can be chosen.
    """

    columns: tuple[TableColumn, ...]
    available: tuple[TableColumn, ...]
    chosen: frozenset[str]
    rows: tuple[Row, ...]
    others: tuple[Row, ...]  # one per currency of which not all rows are shown
    totals: tuple[Row, ...]
    row_count: int  # with those that are not among ``rows``
    has_parts: bool  # more than a row per currency, which would be its own total

    @property
    def is_dense(self) -> bool:
        """Tell whether so many buckets are columns that these must be narrow."""
        return sum(column.kind == "cell" for column in self.columns) > FEW_BUCKETS

    @property
    def choices(self) -> list[str]:
        """Return what can be chosen, each once."""
        return list(dict.fromkeys(column.key for column in self.available if column.key))


def asked(question: CostQuestion, days: DateRange) -> CostQuery:
    """Return the API's query for the table: the page's question with its order spelled out."""
    query = question.query
    order_by = query.order_by
    if order_by == DEFAULT_ORDER:
        order_by = (Order(question.metric, descending=True),)
        if query.granularity is not Granularity.TOTAL:
            order_by = (Order(PERIOD_START), *order_by)
    preset = query.preset if days == query.date_range else None
    return replace(query, order_by=order_by, date_range=days, preset=preset)


def by_row(question: CostQuestion, days: DateRange) -> CostQuery:
    """Return the query whose rows are those of the table: of a pivot, that of its groups."""
    query = asked(question, days)
    if not is_pivot(query, days):
        return query
    steps = tuple(step for step in query.order_by if step.column != PERIOD_START)
    order_by = steps or (Order(question.metric, descending=True),)
    return replace(query, granularity=Granularity.TOTAL, order_by=order_by)


@dataclass(frozen=True)
class _Rows:
    """The rows of a table as its columns want them, before they are cut."""

    ask: Ask
    question: CostQuestion
    query: CostQuery  # of the rows
    by_bucket: CostQuery | None  # of a pivot
    flags: Callable[[CostQuery], Flags]
    is_whole: bool  # all of them are known

    def with_services(self, rows: list[Row], chosen: set[str]) -> list[Row]:
        """Add to services what the chosen columns tell of them."""
        if not self.is_whole or self.query.group_by != BY_SERVICE:
            return rows
        figures = {}
        if chosen & OF_MONTHS and len(self.query.date_range.months()) > 1:
            figures = summary.monthly_table(self.ask, self.query, self.question.metric)
        flagged = self.flags(self.query) if "anomaly" in chosen else {}
        return [
            replace(
                row,
                figures=figures.get((row.currency, row.group)),
                flag=flagged.get((row.currency, row.group)),
            )
            for row in rows
        ]

    def pivot(self, rows: Sequence[Row], row_count: int) -> Pivot | None:
        """Return what the rows cost by bucket; None where buckets are no columns."""
        if self.by_bucket is None:
            return None
        groups = None if len(rows) == row_count else {row.group for row in rows}
        return pivot(self.ask, self.by_bucket, self.question.metric, groups)


def cost_table(
    ask: Ask,
    question: CostQuestion,
    days: DateRange,
    compared: ComparedDays | None,
    *,
    shown: int,
    flags: Callable[[CostQuery], Flags],
) -> CostTable:
    """Answer the question over ``days`` with at most ``shown`` rows, ``compared`` or not.

    ``flags`` tells of a query by service which of its groups had anomalies.

    A table of groups with at most ``MAX_ROWS`` rows can be ordered by what only pages tell.
    Ordered by a column that it does not have (another range may lack it), it keeps the page's own
    order.
    """
    query, by_bucket = by_row(question, days), asked(question, days)
    is_pivoted = query.granularity is not by_bucket.granularity
    compared = compared if query.granularity in COMPARABLE else None
    is_total = query.granularity is Granularity.TOTAL
    report = ask(against(query, compared), MAX_ROWS if is_total else shown)
    is_whole = is_total and report.row_count <= MAX_ROWS
    columns = columns_of(
        query,
        question.metric,
        len(report.totals),
        compared,
        buckets=split(days, by_bucket.granularity) if is_pivoted else (),
        through=report.data_as_of.complete_through,
        granularity=by_bucket.granularity,
        is_whole=is_whole,
    )
    by_page = question.page_order.removeprefix("-")
    order = next((column for column in columns if by_page and column.name == by_page), None)
    chosen = chosen_among(columns, question.columns) | ({order.key} if order else set())
    work = _Rows(ask, question, query, by_bucket if is_pivoted else None, flags, is_whole)
    rows = _ordered(work, list(_rows(report, question.metric)), order, chosen)[:shown]
    pivoted = work.pivot(rows, report.row_count)
    rows = _with_cells(rows, pivoted)
    totals = tuple(_with_cells(_totals(report, question.metric), pivoted))
    return CostTable(
        tuple(column for column in columns if not column.key or column.key in chosen),
        columns,
        frozenset(chosen),
        tuple(rows),
        tuple(_others(rows, totals, report.row_count)) if is_total else (),
        totals,
        report.row_count,
        bool(query.group_by) or not is_total,
    )


def _ordered(
    work: _Rows, rows: list[Row], order: TableColumn | None, chosen: set[str]
) -> list[Row]:
    """Return the rows with what is told of services, in an order that the page may have alone."""
    if order and order.kind == "cell":
        rows = _with_cells(rows, work.pivot(rows, len(rows)))
    rows = work.with_services(rows, chosen)
    if order:
        sort_rows(rows, order, descending=work.question.page_order.startswith("-"))
    return rows


def _with_cells(rows: Iterable[Row], pivoted: Pivot | None) -> list[Row]:
    """Add to each row what it cost by bucket; a row of no group is a total."""
    if pivoted is None:
        return list(rows)
    return [replace(row, cells=_cells(row, pivoted)) for row in rows]


def _cells(row: Row, pivoted: Pivot) -> Amounts:
    if not row.group:
        return pivoted.totals.get(row.currency, pivoted.nothing)
    return pivoted.groups.get((row.currency, row.group), pivoted.nothing)


def _others(rows: Sequence[Row], totals: Sequence[Row], row_count: int) -> Iterator[Row]:
    """Yield by currency what the rows beside those shown add up to, in every column that adds."""
    if row_count <= len(rows):
        return
    for whole in totals:
        shown = [row for row in rows if row.currency == whole.currency]
        others = replace(
            whole,
            amount=_rest(whole.amount, [row.amount for row in shown]),
            rest=_rest(whole.rest, [row.rest for row in shown]),
            change=_rest_of_change(whole.change, [row.change for row in shown if row.change]),
            cells=tuple(
                _rest(amount, [row.cells[i] for row in shown])
                for i, amount in enumerate(whole.cells)
            ),
        )
        change = others.change
        if any((others.amount, *others.cells, change and change.before, change and change.now)):
            yield others


def _rest(whole: Amount | None, parts: Iterable[Amount | None]) -> Amount | None:
    if whole is None:
        return None
    return EXACT.subtract(whole, total([part for part in parts if part is not None]))


def _rest_of_change(whole: Change | None, parts: Sequence[Change]) -> Change | None:
    if whole is None:
        return None
    return Change(
        EXACT.subtract(whole.before, total([part.before for part in parts])),
        EXACT.subtract(whole.now, total([part.now for part in parts])),
    )


def streamed(table: CostTable, rows: Iterable[CostRow], metric: str) -> Iterator[Row]:
    """Turn the rows of a question into those of its table, which has too many to compare them."""
    return _shared(rows, {row.currency: row.amount for row in table.totals}, metric)


def _rows(report: CostReport, metric: str) -> Iterator[Row]:
    whole = {sums.currency: amount_of(sums, metric) for sums in report.totals}
    return _shared(report.rows, whole, metric)


def _shared(
    rows: Iterable[CostRow], whole: Mapping[str, Amount | None], metric: str
) -> Iterator[Row]:
    for row in rows:
        amount = amount_of(row, metric)
        part = None if amount is None else share(amount, whole[row.currency] or Amount(0))
        days = DateRange(row.period_start, row.period_end)
        yield Row(row.currency, row.group, days, amount, part, *_change(row, metric))


def _change(row: CostRow | CurrencyTotal, metric: str) -> tuple[Change | None, Amount | None]:
    """Return how a row changed on compared days, and what its other days cost."""
    amount = amount_of(row, metric)
    now, before = (side and side.of(metric) for side in (row.compared, row.before))
    rest = None if amount is None or now is None else EXACT.subtract(amount, now)
    return None if now is None or before is None else Change(before, now), rest


def _totals(report: CostReport, metric: str) -> tuple[Row, ...]:
    days = report.query.date_range
    totals = [
        Row(sums.currency, (), days, amount_of(sums, metric), None, *_change(sums, metric))
        for sums in report.totals
    ]
    return tuple(sorted(totals, key=lambda row: abs(row.amount or Amount(0)), reverse=True))
