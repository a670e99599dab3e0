"""A report that shows a saved view: its largest rows, its totals, and the same as CSV.

The view is asked as it is on the day of the report. One that is gone, or that cannot be asked any
more, makes a report that says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from costoptix.clock import utc_today
from costoptix.costs.answers import CostRow, CostStore
from costoptix.costs.asking import asker
from costoptix.errors import Invalid
from costoptix.figures.breakdown import amount_of
from costoptix.models import Channel, Organization, SavedView
from costoptix.money import to_text
from costoptix.periods import DateRange
from costoptix.views import service
from costoptix.views.table import ViewTable, table_of
from costoptix.written import money, range_title

MOST_ROWS = 20
_NONE = "(none)"

Data = dict[str, Any]


@dataclass(frozen=True)
class ShownView:
    """The view that a channel's reports show; its name is what it was called when chosen."""

    view_id: str
    name: str
    channel_id: str


def view_of(channel: Channel) -> ShownView | None:
    """Return the view that a channel's reports show; None where they show all costs."""
    if channel.report_view_id is None:
        return None
    return ShownView(channel.report_view_id, channel.report_view_name, channel.id)


def view_report(
    session: Session, organization: Organization, shown: ShownView, store: CostStore
) -> Data:
    """Work out the data of a report that shows a view. All of it is JSON, amounts as text."""
    view = service.get_shared(session, organization, shown.view_id)
    if view is None:
        sentence = (
            f"The view “{shown.name}” of this report is gone: it was deleted, or is no longer"
            " shared. Choose another for the channel, or none."
        )
        return _without_figures(
            shown.view_id, shown.name, sentence, f"/settings/notifications/{shown.channel_id}"
        )
    ask = asker(session, organization, store)
    try:
        table = table_of(ask, view, organization.metric, utc_today(), MOST_ROWS)
    except Invalid as error:
        return _without_figures(view.id, view.name, error.sentence, f"/views/{view.id}")
    return _figures(view, table)


def _without_figures(view_id: str, name: str, sentence: str, path: str) -> Data:
    return {
        "view": {"id": view_id, "name": name}, "costs": [], "why": [], "sentence": sentence,
        "path": path,
    }  # fmt: skip


def _figures(view: SavedView, table: ViewTable) -> Data:
    report, metric = table.report, table.metric
    days = report.query.date_range
    totals = {sums.currency: amount_of(sums, metric) for sums in report.totals}
    rows = [_row(row, table) for row in report.rows]
    return {
        "view": {"id": view.id, "name": view.name},
        "start_date": str(days.first),
        "end_date": str(days.last),
        "metric": metric,
        "costs": [
            {"currency": currency, "amount": None if amount is None else to_text(amount)}
            for currency, amount in totals.items()
        ],
        "why": [],
        "rows": rows,
        "row_count": report.row_count,
        "csv": "".join(_csv(table)),
        "sentence": _sentence(view.name, days, table),
        "path": f"/costs?{urlencode({'view': view.id})}",
    }


def _row(row: CostRow, table: ViewTable) -> Data:
    amount = amount_of(row, table.metric)
    return {
        "label": _label(row, table),
        "currency": row.currency,
        "amount": None if amount is None else to_text(amount),
    }


def _label(row: CostRow, table: ViewTable) -> str:
    if table.is_by_bucket:
        return range_title(DateRange(row.period_start, row.period_end))
    return " · ".join(value or _NONE for value in row.group) or "Total"


def _sentence(name: str, days: DateRange, table: ViewTable) -> str:
    totals = [
        money(amount, sums.currency)
        for sums in table.report.totals
        if (amount := amount_of(sums, table.metric)) is not None
    ]
    if not totals:
        return f"“{name}”: nothing is known of {range_title(days)}."
    more = table.report.row_count - len(table.report.rows)
    shown = f" These are the first {len(table.report.rows)} of {table.report.row_count:,} rows."
    return f"“{name}” cost {', '.join(totals)} in {range_title(days)}.{shown if more > 0 else ''}"


def _csv(table: ViewTable) -> Iterator[str]:
    """Yield the rows as lines of CSV, in the names and with the amounts of the API."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    groups = list(table.report.query.group_by)
    writer.writerow(["period_start", "period_end", *groups, "currency", table.metric])
    for row in table.report.rows:
        amount = amount_of(row, table.metric)
        text = "" if amount is None else to_text(amount)
        values = [" ".join((value or "").split()) for value in row.group]
        writer.writerow([row.period_start, row.period_end, *values, row.currency, text])
    yield line.getvalue()
