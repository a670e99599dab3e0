"""The explorer's table as CSV: the same columns, all of its rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import groupby

from flask import Response
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.costs import export, report
from costoptix.costs.answers import RowStream
from costoptix.costs.query import CURRENCY, PERIOD_START, CostQuery, Order
from costoptix.extensions import db
from costoptix.figures.comparison import COMPARABLE, ComparedDays, against
from costoptix.figures.completeness import compared_over
from costoptix.figures.pivot import Amounts, amounts_by
from costoptix.money import rounded, to_text
from costoptix.periods import DateRange, split
from costoptix.web.costs.cost_columns import Row, TableColumn, text_of
from costoptix.web.costs.cost_table import MAX_ROWS, CostTable, asked, by_row, cost_table, streamed
from costoptix.web.costs.explorer import read_state, shown_days
from costoptix.web.costs.opening import asked_pairs
from costoptix.web.costs.panels import anomaly_flags
from costoptix.web.costs.questions import CostQuestion, asker, cost_store
from costoptix.web.parts.display import guarded
from costoptix.web.parts.routing import page
from costoptix.web.parts.wording import METRIC_TITLES

LINES_PER_BLOCK = 500


@page("/costs.csv")
def costs_csv() -> ResponseReturnValue:
    """Send the table as CSV: the same columns, all of its rows.

    What is too long to be compared is streamed, and so is never in memory as a whole.
    """
    question = read_state(asked_pairs()).question
    ask = asker()
    complete, whole = shown_days(ask, question)
    days = complete or question.query.date_range
    compared = compared_over(days, whole, question.compare)
    flags = anomaly_flags(ask)
    table = cost_table(ask, question, days, compared, shown=MAX_ROWS, flags=flags)
    rows, row_count = iter(table.rows), table.row_count
    if row_count > len(table.rows):
        rows, row_count = _all_rows(table, question, days, compared)
    name = f"costs-{question.query.date_range.first}-{question.query.date_range.last}.csv"
    export.note(db.session(), current_user.caller, name, rows=row_count)
    return Response(
        _csv_lines(table, rows, question.metric),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Row-Count": str(row_count),
        },
    )


def _all_rows(
    table: CostTable, question: CostQuestion, days: DateRange, compared: ComparedDays | None
) -> tuple[Iterator[Row], int]:
    """Return all rows of a table that is too long to be held, and how many they are."""
    query, by_bucket = by_row(question, days), asked(question, days)
    if query.granularity is not by_bucket.granularity:
        return _pivoted(table, question.metric, query, by_bucket, compared)
    if query.granularity in COMPARABLE:
        query = against(query, compared)
    stream = _stream(query)
    return streamed(table, stream.rows, question.metric), stream.row_count


def _pivoted(
    table: CostTable,
    metric: str,
    query: CostQuery,
    by_bucket: CostQuery,
    compared: ComparedDays | None,
) -> tuple[Iterator[Row], int]:
    """Return the groups by name, each with its buckets: two streams in one order, side by side."""
    by_name = (*(Order(name) for name in query.group_by), Order(CURRENCY))
    stream = _stream(against(replace(query, order_by=by_name), compared))
    parts = _stream(replace(by_bucket, order_by=(*by_name, Order(PERIOD_START)))).rows
    buckets = split(query.date_range, by_bucket.granularity)

    def rows() -> Iterator[Row]:
        groups = groupby(parts, key=lambda row: (row.currency, row.group))
        key, cells = next(groups, (None, iter(())))
        for row in streamed(table, stream.rows, metric):
            amounts: Amounts = (None,) * len(buckets)
            if (row.currency, row.group) == key:
                amounts = amounts_by(cells, metric, buckets)[row.currency, row.group]
                key, cells = next(groups, (None, iter(())))
            yield replace(row, cells=amounts)

    return rows(), stream.row_count


def _stream(query: CostQuery) -> RowStream:
    return report.stream(db.session(), current_user.organization, query, cost_store())


def _csv_lines(table: CostTable, rows: Iterable[Row], metric: str) -> Iterator[str]:
    """Yield the lines, many at a time; every amount stands beside its currency."""
    columns = [column for column in table.columns if column.name != "currency"]
    columns = [column for column in columns if column.kind != "spark"]
    titles = [_title(column, metric) for column in columns]
    lines = [csv_line([*titles, "Currency"])]
    for row in rows:
        lines.append(csv_line([*(_csv_cell(column, row) for column in columns), row.currency]))
        if len(lines) >= LINES_PER_BLOCK:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


def _title(column: TableColumn, metric: str) -> str:
    """Return a heading; the cost is named by its metric, also where a page says "Total"."""
    return METRIC_TITLES[metric] if column.name == metric else column.title


def _csv_cell(column: TableColumn, row: Row) -> str:
    value = column.value(row)
    if value is None and column.is_number:
        return ""
    if column.kind == "percent":
        return to_text(rounded(value, 1)) if isinstance(value, Decimal) else ""
    if isinstance(value, Decimal):
        return to_text(value)
    if column.kind == "dimension" and value:
        return guarded(str(value))  # as it is written, where a page makes blanks visible
    return guarded(text_of(column, row))


def csv_line(cells: list[str]) -> str:
    """Write one line of a CSV file."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
