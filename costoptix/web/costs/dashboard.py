"""The dashboard: what the clouds cost, where it went, and what changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from costoptix.charts import StackedChart, sparkline
from costoptix.clock import utc_today
from costoptix.costs.answers import CostReport
from costoptix.costs.asking import Ask
from costoptix.costs.query import ACCOUNT, CostQuery
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.failures import NOT_COMPUTED
from costoptix.figures import outlook, sides, summary, why
from costoptix.figures.breakdown import Group, amount_of, breakdowns
from costoptix.figures.comparison import ComparedDays
from costoptix.figures.completeness import compared_part, known_part, partial_months
from costoptix.figures.outlook import Outlook
from costoptix.figures.ranking import account_names
from costoptix.figures.trends import HEALTH_RULE, Change, Health, health, share, sums_by
from costoptix.lake.live import data_as_of
from costoptix.lake.providers import account_of
from costoptix.money import EXACT, Amount
from costoptix.periods import Preset
from costoptix.web.costs import panels
from costoptix.web.costs.account_names import given_name
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
from costoptix.web.parts.panels import Panel, panel
from costoptix.web.parts.routing import page
from costoptix.web.parts.wording import SEVERITY_KINDS, STATE_KINDS, dimension_title, value_title

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
class Spender:
    """A line of spend by provider or account."""

    name: str
    detail: str
    currency: str
    amount: Amount
    share: Decimal | None
    href: str


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


@dataclass(frozen=True)
class Spenders:
    """Who spent, the largest first."""

    providers: list[Spender]
    accounts: list[Spender]


@page("/")
def home() -> ResponseReturnValue:
    """Show the key figures, the chart, what changed, and who spent: each panel by itself."""
    question = read_question(given_pairs())
    ask = asker()
    query, metric = question.query, question.metric
    spent = summary.asked_over(query, query.date_range, *summary.ACCOUNT, metric=metric)
    whole = panel("the spend of the range", lambda: ask(spent))
    if whole.shown is not None and not whole.shown.totals:
        return empty_page(question)
    explorer = replace(question, endpoint="web.costs")
    complete = known_part(query.date_range, whole.shown) if whole.shown else None
    compared = compared_part(whole.shown, question.compare) if whole.shown else None
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
        outlooks=panel("the forecast", lambda: _outlooks(ask, query, metric)),
        anomalies=panel("open anomalies", panels.open_anomalies),
        budgets=panel("budgets", panels.worst_budgets),
        severity_kinds=SEVERITY_KINDS,
        state_kinds=STATE_KINDS,
        movers=movers,
        changes=replace(question.grouped(), endpoint="web.changes"),
        sentences=panel("why it changed", lambda: _sentences(question, whole)),
        limit=SHOWN,
        spenders=panel("who spent", lambda: _both_spenders(explorer, whole)),
        accounts_to_choose=account_switch(ask, question),
        groups=GROUPS,
        tags=panel("the tags", tag_dimensions).shown or [],
        group_name=dimension_title(query.group_by[0]) if query.group_by else "total",
    )


def _sentences(question: CostQuestion, whole: Panel[CostReport]) -> tuple[str, ...]:
    """Say why the costs of the range changed; nothing where nothing is compared."""
    comparison = sides.comparison(_shown(whole), compare=question.compare)
    if comparison is None:
        return ()
    return why.sentences(asks(), comparison, question.metric, utc_today())


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


def _both_spenders(explorer: CostQuestion, whole: Panel[CostReport]) -> Spenders:
    report = _shown(whole)
    return Spenders(
        providers=_spenders(explorer, report, by_account=False),
        accounts=_spenders(explorer, report, by_account=True),
    )


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


def _spenders(explorer: CostQuestion, whole: CostReport, *, by_account: bool) -> list[Spender]:
    """Add up the accounts' rows by provider or account: currency by currency, largest first."""
    metric, depth = explorer.metric, 2 if by_account else 1
    names = account_names(whole.rows) if by_account else {}
    sums = sums_by(
        ((row.currency, row.group[:depth]), amount)
        for row in whole.rows
        if (amount := amount_of(row, metric)) is not None
    )
    totals = {sums.currency: amount_of(sums, metric) for sums in whole.totals}
    spenders = [
        _spender(explorer, currency, group, names.get(group), amount, totals[currency])
        for (currency, group), amount in sums.items()
    ]
    rank = {sums.currency: abs(totals[sums.currency] or Amount(0)) for sums in whole.totals}
    spenders.sort(
        key=lambda spender: (rank[spender.currency], spender.currency, spender.amount), reverse=True
    )
    return spenders


def _spender(
    explorer: CostQuestion,
    currency: str,
    group: Group,
    name: str | None,
    amount: Amount,
    whole: Amount | None,
) -> Spender:
    provider, *account = group
    question = explorer.grouped("service_name")
    part = share(amount, whole or Amount(0))
    if not account:
        href = question.only("provider_name", provider).url
        return Spender(value_title(provider, "provider_name"), "", currency, amount, part, href)
    (number,) = account
    chosen = (
        question.only(ACCOUNT, account_of(provider, number))
        if number
        else (question.only("provider_name", provider).only("sub_account_id", None))
    )
    given = given_name(account_of(provider, number))
    title = given or name or value_title(number, "sub_account_id")
    return Spender(title, provider or "", currency, amount, part, chosen.url)


def _spark(chart: StackedChart) -> Markup:
    return sparkline(chart.totals, sum(not bucket.is_complete for bucket in chart.buckets))
