"""The explorer's table: one set of columns and rows for the page and for its CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from costoptix.anomalies.listing import Flag
from costoptix.costs.answers import CostReport, CostRow
from costoptix.costs.asking import Ask
from costoptix.costs.query import DEFAULT_ORDER, PERIOD_START, CostQuery, Order
from costoptix.figures import summary
from costoptix.figures.breakdown import Group, amount_of
from costoptix.figures.completeness import compared_part
from costoptix.figures.trends import Change, Confidence, MonthlyFigures, Trend, share
from costoptix.models import Severity
from costoptix.money import Amount
from costoptix.periods import DateRange, Granularity
from costoptix.web.costs.cost_charts import PER, bucket_title, month_title
from costoptix.web.costs.questions import CostQuestion
from costoptix.web.parts.wording import METRIC_TITLES, dimension_title, value_title

MAX_ROWS = 1000
"""Of more groups than these, the largest are shown, and nothing is compared."""

SHOWN_ROWS = 50
BY_SERVICE = ("service_name",)
"""Grouped by this, the table flags anomalies and shows how each service moved over months."""

_WORDS = [str(word) for word in (*reversed(Trend), *reversed(Confidence), Severity.CRITICAL)]
"""In order; severities have the words of a confidence, and one above."""


@dataclass(frozen=True)
class Row:
    """A group in a currency (in a bucket, where there are any), and what is known of it."""

    currency: str
    group: Group
    days: DateRange
    amount: Amount | None
    share: Decimal | None = None  # percent of the currency's total
    change: Change | None = None  # complete days against as many before
    figures: MonthlyFigures | None = None
    flag: Flag | None = None  # of a service: the anomalies that it had


Value = str | date | Decimal | None
Flags = Mapping[tuple[str, Group], Flag]
"""By currency and group."""


@dataclass(frozen=True)
class TableColumn:
    """What a column takes from a row, and how it is shown.

    ``kind`` is text, dimension, month, severity; or money, change (money with its sign), percent.
    """

    name: str  # what ``order_by`` calls it; "" where the page cannot be ordered by it
    title: str
    kind: str
    value: Callable[[Row], Value]

    @property
    def is_number(self) -> bool:
        """Tell whether the column is aligned to the right."""
        return self.kind in ("money", "change", "percent")


@dataclass(frozen=True)
class CostTable:
    """Columns, the first rows in order, and a total per currency."""

    columns: tuple[TableColumn, ...]
    rows: tuple[Row, ...]
    totals: tuple[Row, ...]
    row_count: int  # with those that are not among ``rows``
    has_parts: bool  # more than a row per currency, which would be its own total


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


def cost_table(
    ask: Ask,
    question: CostQuestion,
    days: DateRange,
    *,
    shown: int,
    flags: Callable[[CostQuery], Flags],
) -> CostTable:
    """Answer the question over ``days`` with at most ``shown`` rows.

    ``flags`` tells of a query by service which of its groups had anomalies.

    A table of totals with at most ``MAX_ROWS`` rows also compares with the days before. Ordered
    by a column that it does not have (another range may lack it), it keeps the page's own order.
    """
    query = asked(question, days)
    is_total = query.granularity is Granularity.TOTAL
    report = ask(query, MAX_ROWS if is_total else shown)
    is_compared = is_total and report.row_count <= MAX_ROWS
    rows = list(_rows(report, question.metric))
    totals = _totals(report, question.metric)
    if is_compared:
        rows, totals = _compared(ask, question, report, rows, totals)
    if is_compared and query.group_by == BY_SERVICE:
        flagged = flags(query)
        rows = [replace(row, flag=flagged.get((row.currency, row.group))) for row in rows]
    columns = tuple(_columns(question, report, rows, is_compared=is_compared))
    by_page = question.page_order.removeprefix("-")
    column = next((column for column in columns if by_page and column.name == by_page), None)
    if column is not None:
        _sort(rows, column, descending=question.page_order.startswith("-"))
    has_parts = bool(query.group_by) or not is_total
    return CostTable(columns, tuple(rows[:shown]), totals, report.row_count, has_parts)


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
        yield Row(row.currency, row.group, days, amount, part)


def _totals(report: CostReport, metric: str) -> tuple[Row, ...]:
    days = report.query.date_range
    totals = [Row(sums.currency, (), days, amount_of(sums, metric)) for sums in report.totals]
    return tuple(sorted(totals, key=lambda row: abs(row.amount or Amount(0)), reverse=True))


def _compared(
    ask: Ask, question: CostQuestion, report: CostReport, rows: list[Row], totals: tuple[Row, ...]
) -> tuple[list[Row], tuple[Row, ...]]:
    """Add to each row how it changed and, for services over months, its monthly figures."""
    query, metric = report.query, question.metric
    compared = compared_part(report, question.compare)
    if compared:
        moved = summary.changes(ask, query, metric, compared, *query.group_by)
        changes = {(mover.currency, mover.group): mover.change for mover in moved}
        rows = [replace(row, change=changes.get((row.currency, row.group))) for row in rows]
        totals = tuple(
            replace(
                row, change=summary.summed(m.change for m in moved if m.currency == row.currency)
            )
            for row in totals
        )
    if query.group_by == BY_SERVICE and len(query.date_range.months()) > 1:
        figures = summary.monthly_table(ask, query, metric)
        rows = [replace(row, figures=figures.get((row.currency, row.group))) for row in rows]
    return rows, totals


def _columns(
    question: CostQuestion, report: CostReport, rows: list[Row], *, is_compared: bool
) -> Iterator[TableColumn]:
    query = report.query
    if query.granularity is not Granularity.TOTAL:
        title = PER[query.granularity]
        yield TableColumn(
            PERIOD_START, title, "text", lambda row: bucket_title(row.days, query.granularity)
        )
    for position, dimension in enumerate(query.group_by):
        yield TableColumn(
            dimension, dimension_title(dimension), "dimension", _group_value(position)
        )
    if len(report.totals) > 1:
        yield TableColumn("currency", "Currency", "text", lambda row: row.currency)
    yield TableColumn(
        question.metric, METRIC_TITLES[question.metric], "money", lambda row: row.amount
    )
    yield TableColumn("", "Share", "percent", lambda row: row.share)
    if is_compared and any(row.change for row in rows):
        yield from _CHANGE_COLUMNS
    if is_compared and any(row.figures for row in rows):
        yield from _MONTHLY_COLUMNS
    if is_compared and query.group_by == BY_SERVICE:
        yield _FLAG_COLUMN


def _group_value(position: int) -> Callable[[Row], Value]:
    return lambda row: row.group[position]


def _of_change(take: Callable[[Change], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.change) if row.change else None


def _of_figures(take: Callable[[MonthlyFigures], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.figures) if row.figures else None


_CHANGE_COLUMNS = (
    TableColumn("before", "Before", "money", _of_change(lambda change: change.before)),
    TableColumn("change", "Change", "change", _of_change(lambda change: change.amount)),
    TableColumn("", "Change %", "percent", _of_change(lambda change: change.percent)),
)
_MONTHLY_COLUMNS = (
    TableColumn("average", "Avg monthly", "money", _of_figures(lambda of: of.average)),
    TableColumn("peak_month", "Peak month", "month", _of_figures(lambda of: of.peak_month)),
    TableColumn("trend", "Trend", "text", _of_figures(lambda of: of.trend)),
    TableColumn("cagr", "CAGR", "percent", _of_figures(lambda of: of.cagr)),
    TableColumn(
        "total_change", "Total change", "percent",
        _of_figures(lambda of: of.change.percent if of.change else None),
    ),
    TableColumn(
        "month_over_month", "MoM", "percent",
        _of_figures(lambda of: of.month_over_month.percent if of.month_over_month else None),
    ),
    TableColumn("confidence", "Confidence", "text", _of_figures(lambda of: of.confidence)),
)  # fmt: skip

_FLAG_COLUMN = TableColumn(
    "anomaly", "Anomaly", "severity", lambda row: row.flag.severity if row.flag else None
)


def _sort(rows: list[Row], column: TableColumn, *, descending: bool) -> None:
    """Order the rows by a column that only the page has; those without a value come last."""
    with_values = [row for row in rows if column.value(row) is not None]
    unknown = [row for row in rows if column.value(row) is None]
    with_values.sort(key=lambda row: _rank(column.value(row)), reverse=descending)
    rows[:] = [*with_values, *unknown]


def _rank(value: Value) -> tuple[Decimal, str]:
    """Return the key by which values are sorted: words by their order, days, amounts by size."""
    if isinstance(value, Decimal):
        return value, ""
    if isinstance(value, date):
        return Decimal(value.toordinal()), ""
    return Decimal(_WORDS.index(value) if value in _WORDS else 0), str(value)


def text_of(column: TableColumn, row: Row) -> str:
    """Write a cell that is not a number as people read it; ``–`` for none."""
    value = column.value(row)
    if isinstance(value, date):
        return month_title(value)
    if column.kind == "dimension":
        return value_title(str(value or "") or None, column.name)
    return str(value or "–")
