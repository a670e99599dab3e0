"""The explorer's table: one set of columns and rows for the page and for its CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from costoptix.anomalies.listing import Flag
from costoptix.costs.answers import CostReport, CostRow, CurrencyTotal
from costoptix.costs.asking import Ask
from costoptix.costs.query import DEFAULT_ORDER, PERIOD_START, CostQuery, Order
from costoptix.figures import summary
from costoptix.figures.breakdown import Group, amount_of
from costoptix.figures.comparison import COMPARABLE, ComparedDays, against
from costoptix.figures.trends import Change, Confidence, MonthlyFigures, Trend, share
from costoptix.models import Severity
from costoptix.money import EXACT, Amount
from costoptix.periods import DateRange, Granularity
from costoptix.web.costs.cost_charts import PER, bucket_title, month_title
from costoptix.web.costs.questions import CostQuestion
from costoptix.web.parts.wording import METRIC_TITLES, dimension_title, value_title
from costoptix.written import range_title

MAX_ROWS = 1000
"""Of more groups than these, the largest are shown, without what only pages tell of a service."""

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
    change: Change | None = None  # on compared days
    rest: Amount | None = None  # of the days that are not compared
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
    compared: ComparedDays | None,
    *,
    shown: int,
    flags: Callable[[CostQuery], Flags],
) -> CostTable:
    """Answer the question over ``days`` with at most ``shown`` rows, ``compared`` or not.

    ``flags`` tells of a query by service which of its groups had anomalies.

    A table of totals with at most ``MAX_ROWS`` rows can be ordered by what only pages tell.
    Ordered by a column that it does not have (another range may lack it), it keeps the page's own
    order.
    """
    query = asked(question, days)
    compared = compared if query.granularity in COMPARABLE else None
    is_total = query.granularity is Granularity.TOTAL
    report = ask(against(query, compared), MAX_ROWS if is_total else shown)
    is_whole = is_total and report.row_count <= MAX_ROWS
    rows = list(_rows(report, question.metric))
    totals = _totals(report, question.metric)
    if is_whole and query.group_by == BY_SERVICE:
        rows = _services(ask, query, question.metric, rows, flags(query))
    columns = tuple(_columns(question, report, rows, compared, is_whole=is_whole))
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


def _services(
    ask: Ask, query: CostQuery, metric: str, rows: Iterable[Row], flagged: Flags
) -> list[Row]:
    """Add to each service the anomalies that it had and, over months, its monthly figures."""
    has_months = len(query.date_range.months()) > 1
    figures = summary.monthly_table(ask, query, metric) if has_months else {}
    return [
        replace(
            row,
            figures=figures.get((row.currency, row.group)),
            flag=flagged.get((row.currency, row.group)),
        )
        for row in rows
    ]


def _columns(
    question: CostQuestion,
    report: CostReport,
    rows: list[Row],
    compared: ComparedDays | None,
    *,
    is_whole: bool,
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
    if compared:
        columns = _change_columns(compared)
        yield from columns if is_whole else (replace(column, name="") for column in columns)
    if any(row.figures for row in rows):
        yield from _MONTHLY_COLUMNS
    if is_whole and query.group_by == BY_SERVICE:
        yield _FLAG_COLUMN


def _group_value(position: int) -> Callable[[Row], Value]:
    return lambda row: row.group[position]


def _of_change(take: Callable[[Change], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.change) if row.change else None


def _of_figures(take: Callable[[MonthlyFigures], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.figures) if row.figures else None


def _change_columns(compared: ComparedDays) -> Iterator[TableColumn]:
    """Name the days of both sides; what is not compared has a column of its own."""
    now, before = range_title(compared.now), range_title(compared.before)
    yield TableColumn("compared", now, "money", _of_change(lambda change: change.now))
    yield TableColumn("before", before, "money", _of_change(lambda change: change.before))
    yield TableColumn("change", "Change", "change", _of_change(lambda change: change.amount))
    yield TableColumn("", "Change %", "percent", _of_change(lambda change: change.percent))
    if compared.now.length != compared.before.length:
        per_day = _of_change(lambda change: compared.per_day(change.now, change.before))
        yield TableColumn("", "Per day %", "percent", per_day)
    if compared.left_out:
        days = ", ".join(range_title(days) for days in compared.left_out)
        yield TableColumn("not_compared", f"Not compared: {days}", "money", lambda row: row.rest)


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
