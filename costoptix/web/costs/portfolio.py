"""The portfolio: all cloud accounts beside each other, and any two of them or of two periods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from costoptix.access.tiers import Feature
from costoptix.costs.answers import CostReport
from costoptix.costs.query import ACCOUNT, CostQuery
from costoptix.errors import Invalid
from costoptix.figures import sides, summary
from costoptix.figures.completeness import compared_part
from costoptix.figures.portfolio import (
    DEFAULT_RANGE,
    HEALTH_FORMULA,
    AccountFigures,
    ServiceFigures,
    insights,
    portfolios,
)
from costoptix.figures.sides import Comparison
from costoptix.lake.providers import account_of
from costoptix.web.costs.account_switch import account_switch
from costoptix.web.costs.figure_questions import locked_page, read_question
from costoptix.web.costs.freshness import empty_page
from costoptix.web.costs.moved import (
    COMPARE,
    compared_sides,
    first_bill_of_all,
    level_links,
    level_of,
    moved,
)
from costoptix.web.costs.questions import CostQuestion, asker
from costoptix.web.parts.routing import page
from costoptix.web.parts.sorting import Comparable, Sorting, check_order
from costoptix.web.parts.wording import value_title

TABS = {
    "overview": "Overview",
    "accounts": "Accounts",
    "services": "Services",
    "compare": "Compare",
}
SHOWN = 8
"""How many rows the small tables of the overview show."""

COLUMNS: dict[str, dict[str, Callable[[Any], Comparable | None]]] = {
    "accounts": {
        "name": lambda account: (account.group[2] or account.group[1] or "").casefold(),
        "provider": lambda account: account.group[0],
        "total": lambda account: account.total,
        "share": lambda account: account.share,
        "daily_average": lambda account: account.daily_average,
        "services": lambda account: account.services,
        "cost_per_service": lambda account: account.cost_per_service,
    },
    "services": {
        "name": lambda service: (service.name or "").casefold(),
        "providers": lambda service: [name or "" for name in service.providers],
        "total": lambda service: service.total,
        "share": lambda service: service.share,
        "accounts": lambda service: service.accounts,
    },
}
"""What the tables of a tab can be sorted by."""

_WOULD_SHOW = (
    "all cloud accounts beside each other: their shares, daily averages and services, the health"
    " of the whole, and what makes the difference between two accounts or two periods"
)


@page("/portfolio")
def portfolio() -> ResponseReturnValue:
    """Show one of the tabs."""
    if locked := locked_page(Feature.PORTFOLIO, "Portfolio", _WOULD_SHOW):
        return locked
    question = read_question("web.portfolio", DEFAULT_RANGE, ("tab", "level", "order_by", *COMPARE))
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
    question = question.with_own("tab", tab)
    return render_template(
        f"portfolio/{tab}.html",
        **shown,
        portfolios=[(in_currency, insights(in_currency)) for in_currency in by_currency],
        formula=HEALTH_FORMULA,
        limit=SHOWN,
        sorting=_sorting(question, tab),
        account_of=account_of,
        explorer=replace(question, endpoint="web.costs", own=()),
    )


def _sorting(question: CostQuestion, tab: str) -> Sorting[AccountFigures | ServiceFigures]:
    """Return how the tables of a tab are sorted."""
    columns = COLUMNS.get(tab, {})
    order_by = check_order(question.own_value("order_by"), columns)
    return Sorting(columns, order_by, lambda order: question.with_own("order_by", order).url)


def _compared(question: CostQuestion, whole: CostReport) -> dict[str, object]:
    """Work out what the tab Compare shows."""
    level = level_of(question)
    comparison = compared_sides(question, whole)
    return {
        "level": level,
        "levels": level_links(question),
        "comparison": comparison,
        "pair": _pair(comparison) if comparison else (),
        "since": first_bill_of_all(question, whole),
        "explorer": replace(question, endpoint="web.costs", own=()).grouped("service_name"),
        "nothing": sides.nothing_to_compare(question.compare),
        "moved": moved(question, comparison) if comparison else None,
    }


def _pair(comparison: Comparison) -> tuple[str, ...]:
    """Name two accounts that are compared; () where the same ones are, over other days."""
    if not comparison.is_of_accounts:
        return ()
    return _accounts_title(comparison.now), _accounts_title(comparison.before)


def _accounts_title(query: CostQuery) -> str:
    chosen = [condition for condition in query.filters if condition.dimension == ACCOUNT]
    accounts = [account for condition in chosen for account in condition.values]
    return " and ".join(value_title(account, ACCOUNT) for account in accounts) or "All accounts"
