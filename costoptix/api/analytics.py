"""``/analytics``: the figures of the pages, each from the one cost query."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Generic, Literal, TypeVar

from pydantic import Field

from costoptix.access.permissions import Permission
from costoptix.access.tiers import Feature, require_feature
from costoptix.anomalies import listing
from costoptix.api import figures, mover_figures, report_figures
from costoptix.api.answers import Answer
from costoptix.api.comparing import compare_parameter, compared_meta
from costoptix.api.costs import PAGE, SELECTION, question_meta, read
from costoptix.api.endpoint import Call, Parameter, operation
from costoptix.api.paging import PageQuery, page
from costoptix.api.writing import all_written, written
from costoptix.clock import utc_today
from costoptix.costs.answers import CostReport
from costoptix.costs.asking import Ask, asker
from costoptix.costs.query import MAX_VALUE_LENGTH
from costoptix.drafts import Draft
from costoptix.figures import daily, movers, outlook, portfolio, quarterly, sides, summary, why
from costoptix.figures.asks import Asks, asks_of
from costoptix.figures.comparison import Compare, ComparedDays
from costoptix.figures.completeness import compared_part, known_part
from costoptix.lake.layout import METRICS
from costoptix.periods import DateRange, Preset
from costoptix.series.forecast import Horizon

Metric = Literal["billed_cost", "effective_cost", "list_cost", "contracted_cost"]
DAYS = ("range", "start_date", "end_date")


class FiguresForm(Draft):
    """Which cost is meant; None: what the organization chose."""

    metric: Metric | None = None


class ComparingForm(FiguresForm):
    """What the range is compared with."""

    compare: Compare = Compare.NONE


class SummaryForm(FiguresForm):
    """What the range is compared with; unlike elsewhere the period before if that is not said."""

    compare: Compare = Compare.PREVIOUS


class MoversForm(FiguresForm, PageQuery):
    """How closely to look, and what to compare with."""

    compare: Compare | None = None
    level: movers.Level = movers.Level.SERVICE
    compare_start_date: str | None = None
    compare_end_date: str | None = None
    compare_account: str | None = Field(None, max_length=MAX_VALUE_LENGTH)


class ForecastForm(FiguresForm):
    """How far to look."""

    horizon: Horizon = Horizon.MONTH_END


Form = TypeVar("Form", bound=FiguresForm)

ASKED = (
    *SELECTION,
    Parameter(
        "metric", "Which cost; if absent the metric of `GET /organization`.",
        {"type": "string", "enum": list(METRICS)},
    ),
)  # fmt: skip
"""What every figure is asked by: days, filters and a metric."""

COMPARES = (*ASKED, compare_parameter(Compare.NONE))
"""What most figures are asked by, with what they are compared with."""

MOVERS = (
    compare_parameter(Compare.PREVIOUS),
    Parameter(
        "level", "The level of detail.",
        {"type": "string", "enum": [choice.value for choice in movers.Level], "default": "service"},
    ),
    Parameter("compare_start_date", "First day to compare with, instead of compare."),
    Parameter("compare_end_date", "Last day to compare with."),
    Parameter("compare_account", "Another account to compare with, over the same days."),
)  # fmt: skip

HORIZON = Parameter(
    "horizon",
    "To the end of the running month, or so many days.",
    {"type": "string", "enum": [choice.value for choice in Horizon], "default": "month_end"},
)


class _Asked(Generic[Form]):
    """What a call asks: a form, a question, and how the answer is given."""

    def __init__(
        self, call: Call, model: type[Form], default: Preset | DateRange, *also: object
    ) -> None:
        """Read the call; without days the question is about ``default``.

        ``also`` is what the answer depends on beside the bills.

        Raises:
            Invalid: a parameter is wrong.
            NotModified: the caller has this answer.
        """
        self._call = call
        has_days = any(name in DAYS for name, _ in call.args)
        args = call.args if has_days else [*call.args, *_params(default)]
        self.form, self.query = read(model, args)
        kept = self.form.model_dump(exclude={"cursor", "limit"})
        self.fingerprint = repr((call.operation.name, self.query.fingerprint, kept))
        call.check_etag(self.fingerprint, self.form, *also)

    @cached_property
    def ask(self) -> Ask:
        """What answers queries for the caller's organization."""
        return asker(self._call.session, self._call.organization, self._call.store)

    @cached_property
    def metric(self) -> str:
        """The cost that is meant."""
        return self.form.metric or self._call.organization.metric

    @cached_property
    def asks(self) -> Asks:
        """What answers why the costs of the caller's organization changed."""
        return asks_of(self._call.session, self._call.organization, self._call.store)

    @property
    def wording(self) -> str:
        """What was asked, as it was said: ``last_30_days`` is the same question tomorrow."""
        args = sorted(pair for pair in self._call.args if pair[0] not in ("cursor", "limit"))
        return repr((self._call.operation.name, args))

    def compared(self, compare: Compare) -> ComparedDays | None:
        """Return which days of the range stand against which."""
        return compared_part(self.whole, compare)

    @cached_property
    def whole(self) -> CostReport:
        """The report of the whole range, ungrouped."""
        days = self.query.date_range
        return self.ask(summary.asked_over(self.query, days, metric=self.metric))

    def answer(self, data: object, **meta: object) -> Answer:
        """Give the answer, and say what was asked."""
        asked = {"metric": self.metric} | question_meta(self.whole)
        return Answer(data, meta=asked | meta)


def _params(days: Preset | DateRange) -> list[tuple[str, str]]:
    if isinstance(days, Preset):
        return [("range", days.value)]
    return [("start_date", days.first.isoformat()), ("end_date", days.last.isoformat())]


@operation(
    "GET", "/analytics/summary", permission=Permission.READ,
    parameters=(*ASKED, compare_parameter(Compare.PREVIOUS)),
    data=figures.Summary,
    summary="Sum up a range and this month; the last 30 days if no range is given",
)  # fmt: skip
def get_summary(call: Call) -> Answer:
    """Answer the executive summary."""
    asked = _Asked(call, SummaryForm, Preset.LAST_30_DAYS)
    ask, query, metric, compare = asked.ask, asked.query, asked.metric, asked.form.compare
    range_summary = summary.range_summary(ask, query, metric, compare)
    month = summary.this_month(ask, query, metric, utc_today(), compare)
    coming = outlook.month_end(ask, query, metric, utc_today())
    return asked.answer(
        figures.range_summary(range_summary, figures.this_month(month, coming)),
        **compared_meta(range_summary.compared, compare),
    )


@operation(
    "GET", "/analytics/services", permission=Permission.READ, parameters=COMPARES,
    data=figures.Services,
    summary="Follow each service over the months; the last 6 if no range is given",
)  # fmt: skip
def get_services(call: Call) -> Answer:
    """Answer the service table, the dearest first."""
    session, organization = call.session, call.organization
    judged = listing.version(session, organization)
    asked = _Asked(call, ComparingForm, Preset.LAST_6_MONTHS, judged)
    ask, metric, compare = asked.ask, asked.metric, asked.form.compare
    by_service = replace(asked.query, group_by=summary.SERVICE)
    table = summary.monthly_table(ask, by_service, metric)
    flags = listing.flags(session, organization, ask, by_service)
    compared = asked.compared(compare)
    moved = summary.changes(ask, by_service, metric, compared, *summary.SERVICE)
    changes = {(mover.currency, mover.group): mover.change for mover in moved}
    days = asked.query.date_range
    return asked.answer(
        figures.services(table, flags, changes, days, known_part(days, asked.whole)),
        **compared_meta(compared, compare),
    )


@operation(
    "GET", "/analytics/daily", permission=Permission.READ, parameters=COMPARES,
    data=list[figures.DailySpendData],
    summary="Follow the cost day by day, at most 90; the last 30 if no range is given",
)  # fmt: skip
def get_daily_spend(call: Call) -> Answer:
    """Answer the days, one entry per currency."""
    asked = _Asked(call, ComparingForm, daily.DEFAULT_RANGE)
    ask, query, metric, compare = asked.ask, asked.query, asked.metric, asked.form.compare
    spends = daily.daily_spend(ask, query, metric)
    compared = asked.compared(compare)
    changes = summary.whole_changes(ask, query, metric, compared)
    data = [
        written(figures.DailySpendData, spend, comparison=changes.get(spend.currency))
        for spend in spends
    ]
    return asked.answer(data, **compared_meta(compared, compare))


@operation(
    "GET", "/analytics/quarterly", permission=Permission.READ, parameters=ASKED,
    data=list[report_figures.QuarterlyReportData],
    summary="Report calendar quarters; this one and the four before if no range is given",
)  # fmt: skip
def get_quarterly(call: Call) -> Answer:
    """Answer the quarters, one entry per currency."""
    require_feature(call.tier, Feature.QUARTERLY)
    asked = _Asked(call, FiguresForm, quarterly.default_range(utc_today()))
    reports = quarterly.quarterly_reports(asked.ask, asked.query, asked.metric)
    return asked.answer(all_written(report_figures.QuarterlyReportData, reports))


@operation(
    "GET", "/analytics/portfolio", permission=Permission.READ, parameters=COMPARES,
    data=list[report_figures.PortfolioData],
    summary="Compare all cloud accounts; the last 30 days if no range is given",
)  # fmt: skip
def get_portfolio(call: Call) -> Answer:
    """Answer the portfolio, one entry per currency."""
    require_feature(call.tier, Feature.PORTFOLIO)
    asked = _Asked(call, ComparingForm, portfolio.DEFAULT_RANGE)
    compare = asked.form.compare
    portfolios = portfolio.portfolios(asked.ask, asked.query, asked.metric, compare)
    return asked.answer(
        all_written(report_figures.PortfolioData, portfolios),
        **compared_meta(asked.compared(compare), compare),
    )


@operation(
    "GET", "/analytics/movers", permission=Permission.READ, parameters=(*ASKED, *MOVERS, *PAGE),
    data=mover_figures.Movers,
    summary="Explain what changed: usage, prices, coverage and more; the last 30 days by default",
)  # fmt: skip
def get_movers(call: Call) -> Answer:
    """Answer what moved, by money; ``totals`` cover all pages."""
    asked = _Asked(call, MoversForm, movers.DEFAULT_RANGE)
    form = asked.form
    comparison = sides.comparison(
        asked.whole,
        before=sides.days_to_compare(form.compare_start_date, form.compare_end_date),
        account=sides.account_to_compare(form.compare_account),
        compare=form.compare,
    )
    asks, metric = asked.asks, asked.metric
    ranking = movers.movers(asks, comparison, metric, form.level) if comparison else []
    version = f"{asked.whole.data_version}{asked.fingerprint}"
    shown, following = page(asked.wording, ranking, form, lambda mover: f"{version}{mover.key}")
    reasons = why.reasons(asks, comparison, metric, ranking, utc_today()) if comparison else []
    compare = form.compare or Compare.PREVIOUS
    data = mover_figures.movers_page(form.level, comparison, reasons, shown, compare)
    compared = (comparison.now.date_range, comparison.before.date_range) if comparison else None
    return asked.answer(
        data,
        row_count=len(ranking),
        next_cursor=following,
        **compared_meta(compared, compare),
    )


@operation(
    "GET", "/analytics/forecast", permission=Permission.READ, parameters=(*ASKED, HORIZON),
    data=list[report_figures.ForecastData],
    summary="Forecast from the complete days of a range; of the last 12 months if none is given",
)  # fmt: skip
def get_forecast(call: Call) -> Answer:
    """Answer the days to come, one entry per currency."""
    asked = _Asked(call, ForecastForm, outlook.HISTORY)
    outlooks = outlook.outlooks(asked.ask, asked.query, asked.metric, asked.form.horizon)
    return asked.answer(all_written(report_figures.ForecastData, outlooks.values()))
