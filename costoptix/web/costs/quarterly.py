"""The quarterly report: calendar quarters side by side, to print or as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.access.tiers import Feature
from costoptix.clock import utc_today
from costoptix.costs import export
from costoptix.extensions import db
from costoptix.figures import summary
from costoptix.figures.quarterly import Quarter, QuarterlyReport, default_range, quarterly_reports
from costoptix.money import to_text
from costoptix.web.costs.account_switch import account_switch
from costoptix.web.costs.costs_csv import csv_line
from costoptix.web.costs.figure_questions import locked_page, read_question
from costoptix.web.costs.freshness import empty_page
from costoptix.web.costs.questions import asker, url_with
from costoptix.web.parts.display import guarded
from costoptix.web.parts.routing import page

RANKED = 10
"""How many services and accounts a quarter shows; the CSV has all of them."""

_COLUMNS = (
    "Quarter", "From", "Through", "Full", "Kind", "Name", "Provider", "Cost", "Share %", "Currency",
)  # fmt: skip
_WOULD_SHOW = (
    "calendar quarters side by side, with the change from quarter to quarter, the services and"
    " accounts that each went to, and a CSV of it"
)


@page("/quarterly")
def quarterly() -> ResponseReturnValue:
    """Show the quarters, the latest first."""
    if locked := locked_page(Feature.QUARTERLY, "Quarterly report", _WOULD_SHOW):
        return locked
    question = read_question("web.quarterly", default_range(utc_today()), compares=False)
    ask = asker()
    reports = quarterly_reports(ask, question.query, question.metric)
    if not reports:
        return empty_page(question)
    days = question.query.date_range
    return render_template(
        "quarterly/quarterly.html",
        question=question,
        as_of=ask(summary.asked_over(question.query, days, metric=question.metric)).data_as_of,
        reports=reports,
        ranked=RANKED,
        accounts_to_choose=account_switch(ask, question),
        csv_url=url_with("web.quarterly_csv", question.pairs),
    )


@page("/quarterly.csv")
def quarterly_csv() -> ResponseReturnValue:
    """Send every service and account of every quarter."""
    if locked := locked_page(Feature.QUARTERLY, "Quarterly report", _WOULD_SHOW):
        return locked
    question = read_question("web.quarterly", default_range(utc_today()), compares=False)
    reports = quarterly_reports(asker(), question.query, question.metric)
    days = question.query.date_range
    name = f"quarterly-{days.first}-{days.last}.csv"
    export.note(db.session(), current_user.caller, name)
    return Response(
        (csv_line(cells) for cells in _csv_rows(reports)),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _csv_rows(reports: list[QuarterlyReport]) -> Iterator[list[str]]:
    yield list(_COLUMNS)
    for report in reports:
        for quarter in report.quarters:
            for cells in _lines(quarter):
                yield [*cells, report.currency]


def _lines(quarter: Quarter) -> Iterator[list[str]]:
    """Yield the total, then each service and account; the last two kinds add up to it, each."""
    days = quarter.days
    head = [quarter.name, str(days.first), str(days.last), "yes" if quarter.is_full else "no"]
    yield [*head, "total", "", "", to_text(quarter.total), ""]
    for entry in quarter.services:
        service, provider = (guarded(part or "") for part in entry.group)
        share = "" if entry.share is None else to_text(entry.share)
        yield [*head, "service", service, provider, to_text(entry.amount), share]
    for entry in quarter.accounts:
        provider, identifier, name = (part or "" for part in entry.group)
        share = "" if entry.share is None else to_text(entry.share)
        account = guarded(f"{name} ({identifier})" if name else identifier)
        yield [*head, "account", account, guarded(provider), to_text(entry.amount), share]
