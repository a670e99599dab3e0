"""The cost explorer: any question about costs as a chart, a table, a CSV and a curl."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import current_app, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from config import Config
from costoptix.budgets.drafts import ChargeCategory
from costoptix.clock import utc_today
from costoptix.costs import report
from costoptix.costs.answers import CostReport, CostRow
from costoptix.costs.asking import Ask
from costoptix.costs.query import ACCOUNT, CostQuery, Filter, check_dimension
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.figures import summary
from costoptix.figures.breakdown import Group, breakdowns
from costoptix.figures.comparison import COMPARABLE, Compare
from costoptix.figures.completeness import compared_over, known_part, partial_months
from costoptix.figures.pivot import is_pivot
from costoptix.lake.layout import DIMENSIONS, METRICS
from costoptix.periods import DateRange, Granularity, Preset
from costoptix.small_lines import small_line
from costoptix.web.costs.cost_charts import PER, granularity_for, stacked_chart
from costoptix.web.costs.cost_columns import COLUMN_TITLES, Row, take_columns, text_of
from costoptix.web.costs.cost_table import SHOWN_ROWS, asked, cost_table
from costoptix.web.costs.freshness import empty_page, lacking
from costoptix.web.costs.opening import asked_pairs
from costoptix.web.costs.panels import anomaly_flags
from costoptix.web.costs.questions import (
    CostQuestion,
    Pairs,
    asker,
    cost_store,
    default_metric,
    is_page_column,
    tag_dimensions,
    take,
    take_compare,
    take_metric,
    url_with,
)
from costoptix.web.costs.row_drivers import check_open, open_row, take_open, url_to_open
from costoptix.web.costs.view_bar import FROM_VIEW, view_bar, with_view
from costoptix.web.parts.panels import panel
from costoptix.web.parts.routing import page
from costoptix.web.parts.wording import SEVERITY_KINDS, titles_of

MAX_GROUPS = 2
MAX_SHOWN = 1000
MAX_SEARCH = 200
ANY_TAG = "tag"
"""As what is filtered by, it asks which tag; else that is a dimension."""
MAX_CHOICES = 200
"""How many values of a dimension are offered to filter by; a search finds the others."""

QUICK_GROUPS = (
    "service_name", "provider_name", "sub_account_name", "region_id", "resource_id", "sku_id",
)  # fmt: skip
PRESETS = (
    Preset.LAST_7_DAYS, Preset.LAST_30_DAYS, Preset.THIS_MONTH, Preset.LAST_MONTH,
    Preset.LAST_6_FULL_MONTHS, Preset.LAST_12_FULL_MONTHS, Preset.LAST_3_MONTHS,
    Preset.LAST_6_MONTHS, Preset.LAST_12_MONTHS,
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """The explorer's state, and what only the page needs of it."""

    question: CostQuestion
    filter_by: str  # the dimension whose values are offered; "" for none
    search: str
    opened: Group | None  # the row whose drivers are shown


@dataclass(frozen=True)
class Choices:
    """Values to filter by, each with its cost in every currency, the largest first."""

    values: dict[str | None, list[CostRow]]
    is_all: bool


@page("/costs")
def costs() -> ResponseReturnValue:
    """Show the question as controls, chart and table."""
    state = read_state(asked_pairs())
    question = state.question
    ask = asker()
    days, whole = shown_days(ask, question)
    if days is None:
        return empty_page(question)
    granularity = question.query.granularity
    if granularity is Granularity.TOTAL:
        granularity = granularity_for(days)
    query = asked(question, days)
    compared = compared_over(days, whole, question.compare)
    charts = panel(
        "the chart",
        lambda: [
            stacked_chart(
                breakdown, question, granularity, whole.data_as_of.complete_through, is_kept=True
            )
            for breakdown in breakdowns(ask, query, question.metric, granularity, compared)
        ],
    )
    shown = question.limit or SHOWN_ROWS
    table = cost_table(ask, question, days, compared, shown=shown, flags=anomaly_flags(ask))
    return render_template(
        "costs/costs.html",
        question=question,
        days=days,
        as_of=whole.data_as_of,
        lacking=lacking(days),
        charts=charts,
        chart_granularity=granularity,
        per=PER[granularity],
        table=table,
        compared=compared,
        partial_months=partial_months(days, known_part(days, whole))
        if len(days.months()) > 1
        else [],
        opened=open_row(ask, question, days, compared, state.opened),
        choices=panel("the choices", lambda: _choices(state)),
        filter_by=state.filter_by,
        chosen=_values(question.query.filters, state.filter_by),
        search=state.search,
        bar=view_bar(question),
        **_controls(question),
        **_table_words(question),
        **_ways_out(question, days),
    )


def _controls(question: CostQuestion) -> dict[str, object]:
    """Return what the form above the chart offers."""
    return {
        "dimensions": titles_of(DIMENSIONS),
        "tag_dimensions": titles_of(tag_dimensions()),
        "metrics": METRICS,
        "granularities": list(PER.items()),
        "categories": [(name, *_toggle(question, name)) for name in ChargeCategory],
        "quick_groups": QUICK_GROUPS,
        "presets": PRESETS,
    }


def _table_words(question: CostQuestion) -> dict[str, object]:
    """Return what the table's cells are written and linked with."""
    return {
        "text_of": text_of,
        "column_titles": COLUMN_TITLES,
        "severity_kinds": SEVERITY_KINDS,
        "flagged_url": lambda row: _anomalies_url(question, row),
        "open_url": lambda group: url_to_open(question, group),
        "small_line": small_line,
    }


def _ways_out(question: CostQuestion, days: DateRange) -> dict[str, str]:
    """Return where the same question leads: a file, a budget, the API."""
    return {
        "curl": curl(question, days),
        "csv_url": url_with("web.costs_csv", question.pairs),
        "budget_url": url_with("web.new_budget", question.pairs),
    }


def read_state(pairs: Pairs) -> Asked:
    """Read the explorer's parameters: the API's, and the page's own.

    Raises:
        Invalid: a parameter is unknown or wrong; the sentence names it and what is allowed.
    """
    pairs = with_view(pairs)
    view_id = take(pairs, FROM_VIEW)
    metric = take_metric(pairs)
    compare = take_compare(pairs)
    complete_days = take(pairs, "complete_days")
    if complete_days not in ("", "0", "1"):
        raise Invalid("complete_days must be 1 or 0.")
    limit = _limit(take(pairs, "limit"))
    filter_by = take(pairs, "filter_by")
    search = _search(pairs)
    columns = take_columns(value for name, value in pairs if name == "columns")
    pairs[:] = [pair for pair in pairs if pair[0] != "columns"]
    opened = take_open(pairs)
    page_order = _page_order(pairs)
    if not {name for name, _ in pairs} & {"range", "start_date", "end_date"}:
        pairs = [*pairs, ("range", Preset.THIS_MONTH.value)]  # the API's days, by their name
    query = CostQuery.from_params(pairs, utc_today())
    if len(query.group_by) > MAX_GROUPS:
        raise Invalid(f"group_by takes at most {MAX_GROUPS} dimensions on this page.")
    if page_order and query.granularity is not Granularity.TOTAL and not query.group_by:
        raise Invalid(f"order_by={page_order} needs granularity=total, or group_by.")
    check_open(opened, query)
    question = CostQuestion(
        "web.costs",
        query,
        metric,
        default_metric(),
        complete_days == "1",
        limit,
        page_order,
        own=((FROM_VIEW, view_id),) if view_id else (),
        compare=compare,
        columns=columns,
    )
    is_dimension = filter_by not in ("", ANY_TAG)
    dimension = check_dimension(filter_by, "filter_by") if is_dimension else filter_by
    return Asked(question, dimension, search, opened)


def _search(pairs: Pairs) -> str:
    text = take(pairs, "q")
    if len(text) > MAX_SEARCH or "\0" in text:
        raise Invalid(f"q must have at most {MAX_SEARCH} characters.")
    return text


def _limit(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:5]) <= MAX_SHOWN:
        raise Invalid(f"limit must be a whole number from 1 to {MAX_SHOWN}.")
    return int(text[:5])


def _page_order(pairs: Pairs) -> str:
    """Take ``order_by`` out of the pairs when it names a column that only the page has."""
    orders = [value for name, value in pairs if name == "order_by"]
    if len(orders) == 1 and is_page_column(orders[0].removeprefix("-")):
        return take(pairs, "order_by")
    return ""


def shown_days(ask: Ask, question: CostQuestion) -> tuple[DateRange | None, CostReport]:
    """Return the days to show (None when nothing is there), and the report of the whole range."""
    days = question.query.date_range
    whole = ask(summary.asked_over(question.query, days, metric=question.metric))
    if not whole.totals:
        return None, whole
    return (known_part(days, whole) if question.complete_days else days), whole


def _anomalies_url(question: CostQuestion, row: Row) -> str:
    """Return the address of the anomalies behind a service's flag."""
    days = [("start_date", row.days.first.isoformat()), ("end_date", row.days.last.isoformat())]
    services = [("service_name", name) for name in row.group if name]
    accounts = [(ACCOUNT, value or "") for value in _values(question.query.filters, ACCOUNT)]
    return url_with("web.anomalies", [("status", "all"), *services, *accounts, *days])


def _toggle(question: CostQuestion, category: str) -> tuple[bool, str]:
    """Tell whether a charge category is on, and where the switch leads."""
    query = question.query
    excluded = _values(query.exclusions, "charge_category")
    chosen = _values(query.filters, "charge_category")
    if category in excluded:
        return False, question.without("charge_category", category, excluded=True).url
    if chosen and category not in chosen:
        return False, question.also("charge_category", category).url
    if chosen:
        return True, question.without("charge_category", category).url
    return True, question.excluding("charge_category", category).url


def _values(filters: tuple[Filter, ...], dimension: str) -> tuple[str | None, ...]:
    return next((condition.values for condition in filters if condition.dimension == dimension), ())


def _choices(state: Asked) -> Choices | None:
    """Return the values of the dimension to filter by, as many as are offered."""
    if state.filter_by in ("", ANY_TAG):
        return None
    offered = report.dimension_values(
        db.session(),
        current_user.organization,
        state.filter_by,
        state.question.anything(state.filter_by).query,
        cost_store(),
        search=state.search,
        limit=MAX_CHOICES,
    )
    values: dict[str | None, list[CostRow]] = {}
    for row in offered.rows:
        values.setdefault(row.group[0], []).append(row)
    return Choices(values, is_all=offered.row_count == len(offered.rows))


def curl(question: CostQuestion, days: DateRange) -> str:
    """Write the command that asks the API for the same rows."""
    config: Config = current_app.config["COSTOPTIX"]
    query = asked(question, days)
    params = query.to_params()
    if question.compare is not Compare.NONE and query.granularity in COMPARABLE:
        params.append(("compare", question.compare.value))
    if is_pivot(query, days):
        params.append(("limit", str(MAX_SHOWN)))  # its rows are of one bucket each
    elif question.limit is not None:
        params.append(("limit", str(question.limit)))
    address = f"{config.public_url}/api/v1/costs?{urlencode(params)}"
    return f'curl -H "X-API-Key: $COST_OPTIX_KEY" {shlex.quote(address)}'
