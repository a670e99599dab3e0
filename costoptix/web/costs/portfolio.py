"""The portfolio: all cloud accounts beside each other, and any two of them or of two periods."""

from __future__ import annotations

from dataclasses import replace

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.access.tiers import Feature
from costoptix.costs import report
from costoptix.costs.answers import CostReport, PricedRow
from costoptix.costs.query import CostQuery
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.figures import movers, summary
from costoptix.figures.comparison import Compare
from costoptix.figures.completeness import compared_part
from costoptix.figures.movers import Level
from costoptix.figures.portfolio import DEFAULT_RANGE, HEALTH_FORMULA, insights, portfolios
from costoptix.lake.providers import account_of
from costoptix.web.costs.account_switch import account_switch
from costoptix.web.costs.figure_questions import locked_page, read_question
from costoptix.web.costs.freshness import empty_page
from costoptix.web.costs.questions import CostQuestion, asker, cost_store
from costoptix.web.parts.routing import page

TABS = {
    "overview": "Overview",
    "accounts": "Accounts",
    "services": "Services",
    "compare": "Compare",
}
COMPARE = ("compare_account", "compare_start_date", "compare_end_date")
LEVELS = list(Level)
SHOWN = 8
"""How many rows the small tables of the overview show."""

SHOWN_MOVERS = 50
"""How many movers the page shows; the sums above them hold all."""

_WOULD_SHOW = (
    "all cloud accounts beside each other: their shares, daily averages and services, the health"
    " of the whole, and what makes the difference between two accounts or two periods"
)


@page("/portfolio")
def portfolio() -> ResponseReturnValue:
    """Show one of the tabs."""
    if locked := locked_page(Feature.PORTFOLIO, "Portfolio", _WOULD_SHOW):
        return locked
    question = read_question("web.portfolio", DEFAULT_RANGE, ("tab", "level", *COMPARE))
    tab = question.own_value("tab") or "overview"
    if tab not in TABS:
        raise Invalid(f"tab must be one of {', '.join(TABS)}.")
    ask = asker()
    query, metric = question.query, question.metric
    whole = ask(summary.asked_over(query, query.date_range, metric=metric))
    if not whole.totals:
        return empty_page(question)
    shown = {
        "question": question,
        "as_of": whole.data_as_of,
        "tabs": [
            (title, question.with_own("tab", name).url, name == tab) for name, title in TABS.items()
        ],
        "accounts_to_choose": account_switch(ask, question),
        "compared": compared_part(whole, question.compare),
    }
    if tab == "compare":
        return render_template("portfolio/compare.html", **shown, **_compared(question, whole))
    by_currency = portfolios(ask, query, metric, question.compare)
    return render_template(
        f"portfolio/{tab}.html",
        **shown,
        portfolios=[(in_currency, insights(in_currency)) for in_currency in by_currency],
        formula=HEALTH_FORMULA,
        limit=SHOWN,
        account_of=account_of,
        explorer=replace(question, endpoint="web.costs", own=()),
    )


def _compared(question: CostQuestion, whole: CostReport) -> dict[str, object]:
    """Work out what the tab Compare shows."""
    level = _level(question)
    comparison = movers.comparison(
        whole,
        before=movers.days_to_compare(*(question.own_value(name) for name in COMPARE[1:])),
        account=movers.account_to_compare(question.own_value("compare_account")),
        compare=None if question.compare is Compare.PREVIOUS else question.compare,
    )
    ranking = movers.movers(_priced, comparison, question.metric, level) if comparison else []
    return {
        "level": level,
        "levels": [(name, question.with_own("level", name).url) for name in LEVELS],
        "comparison": comparison,
        "nothing": movers.nothing_to_compare(question.compare),
        "sums": movers.sums(ranking),
        "movers": [(mover, _opened(question, level, mover)) for mover in ranking[:SHOWN_MOVERS]],
        "mover_count": len(ranking),
    }


def _level(question: CostQuestion) -> Level:
    text = question.own_value("level") or Level.SERVICE.value
    if text not in [level.value for level in Level]:
        raise Invalid(f"level must be one of {', '.join(level.value for level in Level)}.")
    return Level(text)


def _priced(query: CostQuery, metric: str) -> tuple[PricedRow, ...]:
    return report.priced(db.session(), current_user.organization, query, metric, cost_store())


def _opened(question: CostQuestion, level: Level, mover: movers.Mover) -> str:
    """Return the address that looks one level closer at a mover; "" at the last."""
    closer = LEVELS.index(level) + 1
    if closer == len(LEVELS):
        return ""
    opened = question
    for dimension, value in zip(level.group_by, mover.group, strict=True):
        if dimension != "sub_account_name":  # the id says it
            opened = opened.only(dimension, value)
    return opened.with_own("level", LEVELS[closer]).url
