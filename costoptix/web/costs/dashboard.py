"""The dashboard: what the clouds cost, where it went, and what changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from costoptix.charts import StackedChart, sparkline
from costoptix.clock import utc_today
from costoptix.costs.answers import CostReport
from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.failures import NOT_COMPUTED
from costoptix.figures import outlook, sides, summary, why
from costoptix.figures.breakdown import breakdowns
from costoptix.figures.comparison import ComparedDays
from costoptix.figures.completeness import compared_part, known_part, partial_months
from costoptix.figures.outlook import Outlook
from costoptix.figures.trends import HEALTH_RULE, Change, Health, health
from costoptix.lake.live import data_as_of
from costoptix.money import EXACT, Amount
from costoptix.periods import Preset
from costoptix.web.costs import panels
from costoptix.web.costs.account_switch import account_switch
from costoptix.web.costs.cost_charts import PER, granularity_for, stacked_chart
from costoptix.web.costs.freshness import empty_page, lacking
from costoptix.web.costs.moved import asks
from costoptix.web.costs.questions import (
    CostQuestion,
    Pairs,
    asker,
    default_metric,
    given_pairs,
    tag_dimensions,
    take_compare,
    take_metric,
)
from costoptix.web.costs.spenders import spenders
from costoptix.web.costs.to_do import to_do
from costoptix.web.costs.waterfall import Waterfall, waterfall
from costoptix.web.parts.panels import Panel, panel
from costoptix.web.parts.routing import page
from costoptix.web.parts.wording import SEVERITY_KINDS, STATE_KINDS, dimension_title

PRESET = Preset.LAST_30_DAYS
GROUPS = (
    ("Service", ("service_name",)),
    ("Provider", ("provider_name",)),
    ("Account", ("sub_account_name",)),
    ("Region", ("region_id",)),
)
SHOWN = 8
"""How many rows the small tables show; each leads to the explorer, which has them all."""


@dataclass(frozen=True)
class HeadlineSpend:
    """What the range cost in one currency; ``change`` is on compared days."""

    currency: str
    amount: Amount | None
    change: Change | None
    health: Health | None  # of its services, on the same days

    @property
    def not_compared(self) -> Amount | None:
        """Return what the days cost that are not compared; None where none are."""
        if self.change is None or self.amount is None:
            return None
        return EXACT.subtract(self.amount, self.change.now)


@dataclass(frozen=True)
class Headline:
    """What the range cost, by currency: charts by groups and buckets, sums, a small curve."""

    charts: list[StackedChart]
    spends: list[HeadlineSpend]
    spark: Markup


@page("/")
def home() -> ResponseReturnValue:
    """Show the key figures, the chart, what changed, and who spent: each panel by itself."""
    question = read_question(given_pairs())
    ask = asker()
    query, metric = question.query, question.metric
    spent = summary.asked_over(query, query.date_range, *summary.ACCOUNT, metric=metric)
    whole = panel("the spend of the range", lambda: ask(spent))
    anomalies = panel("open anomalies", panels.open_anomalies)
    budgets = panel("budgets", panels.worst_budgets)
    if whole.shown is not None and not whole.shown.totals:
        return empty_page(question, to_do(anomalies, budgets))
    explorer = replace(question, endpoint="web.costs")
    complete = known_part(query.date_range, whole.shown) if whole.shown else None
    compared = compared_part(whole.shown, question.compare) if whole.shown else None
    # Before all that asks for sums of some of these days: they are in its answer.
    outlooks = panel("the forecast", lambda: _outlooks(ask, query, metric))
    movers = panel(
        "what changed", lambda: summary.changes(ask, query, metric, compared, *summary.SERVICE)
    )
    headline = panel(
        "the charts", lambda: _headline(ask, question, explorer, whole, movers, compared)
    )
    granularity = granularity_for(query.date_range)
    return render_template(
        "dashboard/dashboard.html",
        question=question,
        explorer=explorer,
        as_of=data_as_of(db.session(), current_user.organization, query.date_range),
        lacking=lacking(query.date_range),
        compared=compared,
        headline=headline,
        granularity=granularity,
        per=PER[granularity],
        partial_months=partial_months(query.date_range, complete)
        if len(query.date_range.months()) > 1 and whole.shown
        else [],
        month=panel("this month", lambda: _this_month(ask, question)),
        health_rule=HEALTH_RULE,
        outlooks=outlooks,
        anomalies=anomalies,
        budgets=budgets,
        to_do=to_do(anomalies, budgets),
        severity_kinds=SEVERITY_KINDS,
        state_kinds=STATE_KINDS,
        movers=movers,
        changes=replace(question.grouped(), endpoint="web.changes"),
        waterfalls=panel("why it changed", lambda: _waterfalls(question, explorer, whole)),
        limit=SHOWN,
        spenders=panel("who spent", lambda: spenders(explorer, _shown(whole))),
        accounts_to_choose=account_switch(ask, question),
        groups=GROUPS,
        tags=panel("the tags", tag_dimensions).shown or [],
        group_name=dimension_title(query.group_by[0]) if query.group_by else "total",
    )


def _waterfalls(
    question: CostQuestion, explorer: CostQuestion, whole: Panel[CostReport]
) -> list[Waterfall]:
    """Say why the costs of the range changed; nothing where nothing is compared."""
    comparison = sides.comparison(_shown(whole), compare=question.compare)
    if comparison is None:
        return []
    briefs = why.briefs(asks(), comparison, question.metric, utc_today())
    return [waterfall(explorer, brief) for brief in briefs]


def _this_month(ask: Ask, question: CostQuestion) -> summary.ThisMonth:
    query, metric = question.query, question.metric
    return summary.this_month(ask, query, metric, utc_today(), question.compare)


def _headline(
    ask: Ask,
    question: CostQuestion,
    explorer: CostQuestion,
    whole: Panel[CostReport],
    movers: Panel[list[summary.ChangedGroup]],
    compared: ComparedDays | None,
) -> Headline:
    """Break the range down by groups and buckets, with what stands out."""
    report = _shown(whole)
    query, metric = question.query, question.metric
    granularity = granularity_for(query.date_range)
    by_currency = breakdowns(ask, query, metric, granularity, compared)
    unusual = panel("the marks", lambda: panels.marks_within(query)).shown or []
    through = report.data_as_of.complete_through
    charts = [
        stacked_chart(
            breakdown,
            explorer,
            granularity,
            through,
            panels.marked_days(unusual, breakdown.currency),
        )
        for breakdown in by_currency
    ]
    changes = movers.shown or []
    spends = [_spend(breakdown.currency, breakdown.total, changes) for breakdown in by_currency]
    return Headline(charts, spends, _spark(charts[0]))


def _shown(whole: Panel[CostReport]) -> CostReport:
    """Return the report that other panels rest on.

    Raises:
        Invalid: it could not be computed; nor can they, for the same reason.
    """
    if whole.shown is None:
        raise Invalid(whole.error.removeprefix(NOT_COMPUTED))
    return whole.shown


def read_question(pairs: Pairs) -> CostQuestion:
    """Read the dashboard's parameters; without a range it is the last 30 days, by service.

    Raises:
        Invalid: a parameter is unknown or wrong, or is one that only the explorer has.
    """
    metric = take_metric(pairs)
    compare = take_compare(pairs)
    names = {name for name, _ in pairs}
    if not names & {"range", "start_date", "end_date"}:
        pairs = [*pairs, ("range", PRESET.value)]
    if "group_by" not in names:
        pairs = [*pairs, ("group_by", "service_name")]
    for name in names & {"granularity", "order_by"}:
        raise Invalid(f"{name} is a parameter of the cost explorer, not of the dashboard.")
    query = CostQuery.from_params(pairs, utc_today())
    if len(query.group_by) > 1:
        raise Invalid("group_by takes one dimension on the dashboard.")
    return CostQuestion("web.home", query, metric, default_metric(), compare=compare)


def _outlooks(ask: Ask, query: CostQuery, metric: str) -> dict[str, Outlook]:
    """Forecast the running month by currency; nothing where its days are too long unknown."""
    today = utc_today()
    outlooks = outlook.month_end(ask, query, metric, today)
    return {
        currency: coming
        for currency, coming in outlooks.items()
        if coming.month is not None and today in coming.month
    }


def _spend(
    currency: str, amount: Amount | None, movers: list[summary.ChangedGroup]
) -> HeadlineSpend:
    changes = [mover.change for mover in movers if mover.currency == currency]
    if not changes:
        return HeadlineSpend(currency, amount, None, None)
    return HeadlineSpend(currency, amount, summary.summed(changes), health(changes))


def _spark(chart: StackedChart) -> Markup:
    return sparkline(chart.totals, sum(not bucket.is_complete for bucket in chart.buckets))
