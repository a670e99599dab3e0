"""The quarterly report: calendar quarters side by side, to print or as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.access.tiers import Feature
from costoptix.charts import StackedChart
from costoptix.clock import utc_today
from costoptix.costs import export
from costoptix.costs.asking import Ask
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.figures import summary
from costoptix.figures.breakdown import breakdowns
from costoptix.figures.quarterly import Quarter, QuarterlyReport, default_range, quarterly_reports
from costoptix.money import to_text
from costoptix.periods import Granularity
from costoptix.web.costs.account_switch import account_switch
from costoptix.web.costs.cost_charts import PER, stacked_chart
from costoptix.web.costs.costs_csv import csv_line
from costoptix.web.costs.figure_questions import locked_page, read_question
from costoptix.web.costs.freshness import empty_page
from costoptix.web.costs.questions import CostQuestion, asker, url_with
from costoptix.web.parts.display import guarded
from costoptix.web.parts.panels import panel
from costoptix.web.parts.routing import page

RANKED = 10
"""How many services and accounts a quarter shows; the CSV has all of them."""

STACK = "stack"
STACKS = {"service": "service_name", "provider": "provider_name"}
"""What the bars of the chart can be made of."""

_TITLES = [(name, name.capitalize()) for name in STACKS]
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
    question = _read_question()
    ask = asker()
    reports = quarterly_reports(ask, question.query, question.metric)
    if not reports:
        return empty_page(question)
    days = question.query.date_range
    as_of = ask(summary.asked_over(question.query, days, metric=question.metric)).data_as_of
    stack = question.own_value(STACK) or next(iter(STACKS))
    return render_template(
        "quarterly/quarterly.html",
        question=question,
        as_of=as_of,
        charts=panel("the chart", lambda: _charts(ask, question, stack, as_of.complete_through)),
        stack=stack,
        stacks=[(name, title, question.with_own(STACK, name).url) for name, title in _TITLES],
        per=PER[Granularity.QUARTERLY],
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
    question = _read_question()
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


def _read_question() -> CostQuestion:
    """Read the request's parameters.

    Raises:
        Invalid: one is unknown or wrong.
    """
    question = read_question("web.quarterly", default_range(utc_today()), (STACK,), compares=False)
    if question.own_value(STACK) not in ("", *STACKS):
        raise Invalid(f"{STACK} must be one of {', '.join(STACKS)}.")
    return question


def _charts(
    ask: Ask, question: CostQuestion, stack: str, complete_through: date | None
) -> dict[str, StackedChart]:
    """Draw the quarters by what they are stacked by, by currency."""
    explorer = replace(question, endpoint="web.costs", own=()).grouped(STACKS[stack])
    quarterly = Granularity.QUARTERLY
    return {
        breakdown.currency: stacked_chart(breakdown, explorer, quarterly, complete_through)
        for breakdown in breakdowns(ask, explorer.query, question.metric, quarterly)
    }


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
