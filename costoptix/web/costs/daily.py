"""Daily spend: each day of up to 90, and what they say together."""

from __future__ import annotations

from dataclasses import replace

from flask import render_template
from flask.typing import ResponseReturnValue

from costoptix.clock import utc_today
from costoptix.figures import summary
from costoptix.figures.breakdown import breakdowns
from costoptix.figures.completeness import compared_part
from costoptix.figures.daily import DEFAULT_RANGE, DailySpend, Day, daily_spend
from costoptix.figures.trends import Change
from costoptix.periods import Granularity, Preset
from costoptix.web.costs.account_switch import account_switch
from costoptix.web.costs.cost_charts import PER, stacked_chart
from costoptix.web.costs.figure_questions import read_question
from costoptix.web.costs.freshness import empty_page
from costoptix.web.costs.questions import asker
from costoptix.web.parts.panels import panel
from costoptix.web.parts.routing import page
from costoptix.web.parts.wording import preset_titles

PRESETS = (
    Preset.LAST_7_DAYS, Preset.LAST_14_DAYS, Preset.LAST_30_DAYS, Preset.LAST_60_DAYS,
    Preset.LAST_90_DAYS,
)  # fmt: skip


@page("/daily")
def daily() -> ResponseReturnValue:
    """Show the key figures of the days, their chart, and one line a day."""
    question = read_question("web.daily", DEFAULT_RANGE)
    ask = asker()
    query, metric = question.query, question.metric
    spends = daily_spend(ask, query, metric)
    if not spends:
        return empty_page(question)
    whole = ask(summary.asked_over(query, query.date_range, metric=metric))
    as_of = whole.data_as_of
    explorer = replace(question, endpoint="web.costs")
    by_service = explorer.grouped("service_name")
    compared = compared_part(whole, question.compare)
    charts = panel(
        "the chart",
        lambda: {
            breakdown.currency: stacked_chart(
                breakdown, by_service, Granularity.DAILY, as_of.complete_through
            )
            for breakdown in breakdowns(ask, by_service.query, metric, Granularity.DAILY, compared)
        },
    )
    return render_template(
        "daily/daily.html",
        question=question,
        as_of=as_of,
        today=utc_today(),
        spends=[(spend, _lines(spend)) for spend in spends],
        charts=charts,
        per=PER[Granularity.DAILY],
        presets=preset_titles(PRESETS),
        compared=compared,
        accounts_to_choose=account_switch(ask, question),
    )


def _lines(spend: DailySpend) -> list[tuple[Day, Change | None]]:
    """List the days, the newest first, with the change between complete ones that have charges."""
    lines: list[tuple[Day, Change | None]] = []
    before = None
    for day in spend.days:
        is_compared = before is not None and _is_comparable(before) and _is_comparable(day)
        lines.append((day, Change(before.amount, day.amount) if before and is_compared else None))
        before = day
    return lines[::-1]


def _is_comparable(day: Day) -> bool:
    return day.is_complete and day.has_charges
