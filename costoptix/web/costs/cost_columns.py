"""The columns that the explorer's table can have, and what each takes from a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from costoptix.anomalies.listing import Flag
from costoptix.costs.query import PERIOD_START, CostQuery
from costoptix.errors import Invalid
from costoptix.figures.breakdown import Group
from costoptix.figures.comparison import ComparedDays
from costoptix.figures.pivot import Amounts
from costoptix.figures.trends import Change, Confidence, MonthlyFigures, Trend
from costoptix.models import Severity
from costoptix.money import Amount
from costoptix.periods import DateRange, Granularity, bucket_of
from costoptix.web.costs.cost_charts import PER, bucket_title, month_title, short_title
from costoptix.web.parts.wording import METRIC_TITLES, dimension_title, value_title
from costoptix.written import range_title

BY_SERVICE = ("service_name",)
"""Grouped by this, the table flags anomalies and shows how each service moved over months."""

COLUMN_TITLES = {
    "spark": "Trend line",
    "periods": "One column per period",
    "total": "Total",
    "share": "Share",
    "compared": "Compared days",
    "before": "Days before",
    "change": "Change",
    "change_percent": "Change %",
    "per_day": "Change per day %",
    "not_compared": "Not compared",
    "average": "Avg monthly",
    "peak_month": "Peak month",
    "trend": "Trend",
    "cagr": "CAGR",
    "total_change": "Total change",
    "month_over_month": "MoM",
    "confidence": "Confidence",
    "anomaly": "Anomaly",
}
"""What can be chosen, in the order of the table, and how it is called where it is chosen."""

OF_MONTHS = frozenset(
    ("average", "peak_month", "trend", "cagr", "total_change", "month_over_month", "confidence")
)
_OF_SIDES = frozenset(("compared", "before", "per_day", "not_compared"))

FEW_BUCKETS = 7
"""Up to so many stand beside shares and changes in money on a screen of 1440 pixels."""

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
    cells: Amounts = ()  # by bucket, where these are columns


Value = str | date | Decimal | None


@dataclass(frozen=True)
class TableColumn:
    """What a column takes from a row, and how it is shown.

    ``kind`` is text, dimension, month, severity, spark; or money, cell (money of a bucket), change
    (money with its sign), percent.
    """

    name: str  # what ``order_by`` calls it; "" where the page cannot be ordered by it
    title: str
    kind: str
    value: Callable[[Row], Value]
    key: str = ""  # what ``columns`` calls it; "" where it is always there
    note: str = ""  # what its days are, where the title does not say it

    @property
    def is_number(self) -> bool:
        """Tell whether the column is aligned to the right."""
        return self.kind in ("money", "cell", "change", "percent")


def take_columns(values: Iterable[str]) -> tuple[str, ...]:
    """Read which columns are chosen, from comma lists; in the order of the table.

    Raises:
        Invalid: a column is unknown, or named twice.
    """
    names = [name.strip() for value in values for name in value.split(",")]
    if any(name not in COLUMN_TITLES for name in names):
        raise Invalid(f"columns must be of {', '.join(COLUMN_TITLES)}.")
    if len(set(names)) < len(names):
        raise Invalid("columns must name each column once.")
    return tuple(name for name in COLUMN_TITLES if name in names)


def chosen_among(columns: Sequence[TableColumn], chosen: tuple[str, ...]) -> set[str]:
    """Return the keys of the columns to show: those chosen, else as many as fit a screen."""
    keys = {column.key for column in columns if column.key}
    if available := keys & set(chosen):
        return available
    buckets = sum(column.kind == "cell" for column in columns)
    if buckets > FEW_BUCKETS:
        return keys & {"spark", "periods", "total", "change_percent"}
    if buckets:
        return keys & {"spark", "periods", "total", "share", "change", "change_percent"}
    return keys - _OF_SIDES if keys & OF_MONTHS else keys


def columns_of(
    query: CostQuery,
    metric: str,
    currencies: int,
    compared: ComparedDays | None,
    *,
    buckets: Sequence[DateRange] = (),
    through: date | None = None,
    granularity: Granularity = Granularity.TOTAL,
    is_whole: bool,
) -> tuple[TableColumn, ...]:
    """List the columns that a table can have.

    ``buckets`` of a granularity stand side by side; ``through`` is the day that the data are
    complete through. What only pages can be ordered by, they can where all rows are known
    (``is_whole``).
    """
    columns = [
        *_names(query, currencies),
        *_bucket_columns(buckets, granularity, through),
        TableColumn(
            metric,
            "Total" if buckets else METRIC_TITLES[metric],
            "money",
            lambda row: row.amount,
            "total",
            METRIC_TITLES[metric] if buckets else "",
        ),
        TableColumn("share", "Share", "percent", lambda row: row.share, "share"),
        *(_change_columns(compared, len(buckets)) if compared else ()),
        *_service_columns(query, is_whole=is_whole),
    ]
    fixed = {PERIOD_START, metric, "currency", *query.group_by}
    return tuple(
        column if is_whole or column.name in fixed else replace(column, name="")
        for column in columns
    )


def _names(query: CostQuery, currencies: int) -> Iterator[TableColumn]:
    if query.granularity is not Granularity.TOTAL:
        title = PER[query.granularity]
        yield TableColumn(
            PERIOD_START, title, "text", lambda row: bucket_title(row.days, query.granularity)
        )
    for position, dimension in enumerate(query.group_by):
        yield TableColumn(
            dimension, dimension_title(dimension), "dimension", _group_value(position)
        )
    if currencies > 1:
        yield TableColumn("currency", "Currency", "text", lambda row: row.currency)


def _bucket_columns(
    buckets: Sequence[DateRange], granularity: Granularity, through: date | None
) -> Iterator[TableColumn]:
    if not buckets:
        return
    yield TableColumn("", "Trend line", "spark", lambda _: None, "spark")
    for position, days in enumerate(buckets):
        is_whole = days == bucket_of(days.first, granularity)
        is_complete = is_whole and through is not None and days.last <= through
        yield TableColumn(
            days.first.isoformat(),
            short_title(days, granularity),
            "cell",
            _cell(position),
            "periods",
            "" if is_complete else "partial",
        )


def _cell(position: int) -> Callable[[Row], Value]:
    return lambda row: row.cells[position] if row.cells else None


def _group_value(position: int) -> Callable[[Row], Value]:
    return lambda row: row.group[position]


def _of_change(take: Callable[[Change], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.change) if row.change else None


def _of_figures(take: Callable[[MonthlyFigures], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.figures) if row.figures else None


def _change_columns(compared: ComparedDays, buckets: int) -> Iterator[TableColumn]:
    """Name the days of both sides; what is not compared has a column of its own."""
    now, before = range_title(compared.now), range_title(compared.before)
    sides = f"{now} vs {before}"
    of_money, of_percent = sides if buckets else "", sides if buckets > FEW_BUCKETS else ""
    columns = [
        ("compared", now, "money", _of_change(lambda change: change.now), ""),
        ("before", before, "money", _of_change(lambda change: change.before), ""),
        ("change", "Change", "change", _of_change(lambda change: change.amount), of_money),
        ("change_percent", "Change %", "percent", _of_change(lambda of: of.percent), of_percent),
    ]
    if compared.now.length != compared.before.length:
        per_day = _of_change(lambda change: compared.per_day(change.now, change.before))
        columns.append(("per_day", "Per day %", "percent", per_day, ""))
    if compared.left_out:
        days = ", ".join(range_title(days) for days in compared.left_out)
        title = f"Not compared: {days}"
        columns.append(("not_compared", title, "money", lambda row: row.rest, ""))
    for key, title, kind, value, note in columns:
        yield TableColumn(key, title, kind, value, key, note)


def _service_columns(query: CostQuery, *, is_whole: bool) -> Iterator[TableColumn]:
    if not is_whole or query.group_by != BY_SERVICE:
        return
    if len(query.date_range.months()) > 1:
        yield from (replace(column, key=column.name) for column in _MONTHLY_COLUMNS)
    yield TableColumn(
        "anomaly",
        "Anomaly",
        "severity",
        lambda row: row.flag.severity if row.flag else None,
        "anomaly",
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


def sort_rows(rows: list[Row], column: TableColumn, *, descending: bool) -> None:
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
