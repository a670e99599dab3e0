"""Budgets: cards with how they stand, one in detail, and the form that makes and changes them."""

from __future__ import annotations

from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import Field

from costoptix import drafts, queue
from costoptix.access.tiers import Feature, tier_of
from costoptix.budgets import service, standings
from costoptix.budgets.crossings import crossings_of
from costoptix.budgets.drafts import BudgetChange, BudgetDraft, BudgetPeriod, ChargeCategory, TagKey
from costoptix.budgets.figures import Figures, period_of
from costoptix.budgets.questions import curve_of, draft_of, figures_of, query_of, valid_draft
from costoptix.budgets.standings import BudgetOrder
from costoptix.clock import utc_today
from costoptix.errors import CostOptixError, Invalid
from costoptix.extensions import db
from costoptix.models import Budget
from costoptix.periods import DateRange, Granularity
from costoptix.web.costs.explorer import read_state
from costoptix.web.costs.questions import (
    CostQuestion,
    asker,
    cost_store,
    default_metric,
    given_pairs,
    url_with,
)
from costoptix.web.judgement.budget_chart import BudgetChart
from costoptix.web.judgement.budget_form import (
    RULES,
    BudgetForm,
    account_title,
    currencies_in_bills,
    form_of,
    nothing_counted,
    rule_fields,
    suggestions,
    tag_values,
)
from costoptix.web.judgement.budget_of_view import CarriedView, of_view
from costoptix.web.parts import forms
from costoptix.web.parts.filled import FilledForm
from costoptix.web.parts.panels import Panel, panel
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.wording import METRIC_TITLES, STATE_KINDS

PER_PAGE = 50
VALUES_SHOWN = 10
"""How many values of a tag rule a card names."""

PERIOD_TITLES = {
    BudgetPeriod.MONTHLY: "Each month",
    BudgetPeriod.QUARTERLY: "Each quarter",
    BudgetPeriod.YEARLY: "Each year",
}
ORDERS = {
    BudgetOrder.NAME: "Name",
    BudgetOrder.MOST_USED: "Most used",
    BudgetOrder.FIRST_REACHED: "Reached first",
}
OPERATORS = [("=", "is"), ("in", "is one of")]


class TagValuesQuery(drafts.Draft):
    """Of which tag the values are asked for; of none there are none."""

    key: TagKey | None = None


class BudgetsForm(drafts.Draft):
    """How the list of budgets is sorted, and which page of it is shown."""

    order_by: BudgetOrder = BudgetOrder.NAME
    page: int = Field(default=1, ge=1, le=1_000_000)

    def url(self, order: BudgetOrder, page: int = 1) -> str:
        """Return the address of a page of the list in some order."""
        pairs = [("order_by", order.value)] if order is not BudgetOrder.NAME else []
        return url_with("web.budgets", pairs + ([("page", str(page))] if page > 1 else []))


@page("/budgets")
def budgets() -> ResponseReturnValue:
    """List the budgets with how they stand."""
    session, organization = db.session(), current_user.organization
    given = [pair for pair in request.args.items(multi=True) if pair[1]]
    form = drafts.read_pairs(BudgetsForm, given)
    rows = standings.list_budgets(
        session, organization, form.order_by, limit=PER_PAGE + 1, offset=(form.page - 1) * PER_PAGE
    )
    return render_template(
        "budgets/list.html",
        budgets=rows[:PER_PAGE],
        total=standings.count(session, organization).all,
        failed_at=queue.failed_at(session, service.JOB_KIND, organization.id),
        orders=[
            (title, form.url(order), order is form.order_by) for order, title in ORDERS.items()
        ],
        newer=form.url(form.order_by) if form.page > 1 else "",
        older=form.url(form.order_by, form.page + 1) if len(rows) > PER_PAGE else "",
        **_words(),
    )


@page("/budgets", access=Access.ADMIN, methods=("POST",))
def create_budget() -> ResponseReturnValue:
    """Make a budget, or only show how it would stand."""
    return _take(None)


@page("/budgets/new", access=Access.ADMIN)
def new_budget() -> ResponseReturnValue:
    """Show the form of a new budget; given a question of the explorer, filled in from it."""
    if request.args:
        carried = of_view(read_state(given_pairs()).question)
        return _show_form(None, FilledForm.of(carried.form), carried=carried)
    currencies = panel("the currencies", currencies_in_bills).shown or [""]
    return _show_form(None, FilledForm.of(BudgetForm.model_construct(currency=currencies[0])))


@page("/budgets/tag-values.json", access=Access.ADMIN)
def budget_tag_values() -> ResponseReturnValue:
    """Send the values of a tag, for the form to suggest when its key is typed."""
    query = drafts.read_pairs(TagValuesQuery, request.args.items(multi=True))
    return {"values": tag_values(query.key) if query.key else []}


@page("/budgets/<budget_id>")
def budget_detail(budget_id: str) -> ResponseReturnValue:
    """Show one budget: how it stands, the periods before, its crossings."""
    session, organization = db.session(), current_user.organization
    row = _get(budget_id)
    standing = standings.compute(session, organization, row, cost_store())
    draft = valid_draft(row)
    return render_template(
        "budgets/detail.html",
        budget=row,
        figures=standing.figures,
        error=standing.error,
        notes=nothing_counted(draft) if draft else [],
        chart=_chart(draft, standing.figures) if draft and standing.figures else None,
        explorer=_explorer(row),
        crossings=crossings_of(session, organization, row),
        account_title=account_title(row.account) if row.account else "",
        **_words(),
    )


def _explorer(row: Budget) -> CostQuestion | None:
    """Return the question whose total is what a budget has spent; None where it cannot be asked."""
    today = utc_today()
    try:
        draft = draft_of(row)
        query = query_of(draft, DateRange(period_of(draft.period, today).first, today))
    except Invalid:
        return None
    daily = replace(query, granularity=Granularity.DAILY)
    return CostQuestion("web.costs", daily, draft.metric, default_metric())


@page("/budgets/<budget_id>/edit", access=Access.ADMIN)
def edit_budget(budget_id: str) -> ResponseReturnValue:
    """Show the form of a budget."""
    row = _get(budget_id)
    return _show_form(row, FilledForm.of(form_of(row)))


@page("/budgets/<budget_id>/edit", access=Access.ADMIN, methods=("POST",))
def change_budget(budget_id: str) -> ResponseReturnValue:
    """Change a budget, or only show how it would stand."""
    return _take(_get(budget_id))


@page("/budgets/<budget_id>/delete", access=Access.ADMIN, methods=("POST",))
def delete_budget(budget_id: str) -> ResponseReturnValue:
    """Delete a budget."""
    row = _get(budget_id)
    forms.read_button()
    name = row.name
    service.delete(db.session(), current_user.caller, row)
    flash(f"The budget “{name}” is deleted.")
    return redirect(url_for("web.budgets"))


def _take(row: Budget | None) -> ResponseReturnValue:
    session, organization, store = db.session(), current_user.organization, cost_store()
    try:
        form = forms.read(BudgetForm)
        if form.suggest:
            return _show_form(row, FilledForm.posted(BudgetForm))
        draft = form.draft(row)
        if form.try_it:
            before = valid_draft(row) if row else None
            service.check(session, organization, draft, store, before)
            figures = figures_of(asker(), draft, utc_today())
            return _show_form(row, FilledForm.posted(BudgetForm), tried=(draft, figures))
        if row is None:
            row = service.create(session, organization, current_user.caller, draft, store)
        else:
            changed = drafts.read(BudgetChange, draft.model_dump())
            service.change(session, organization, current_user.caller, row, changed, store)
    except CostOptixError as error:
        return _show_form(row, FilledForm.posted(BudgetForm, error))
    flash(f"The budget “{row.name}” is saved.")
    return redirect(url_for("web.budget_detail", budget_id=row.id))


def _show_form(
    row: Budget | None,
    filled: FilledForm,
    *,
    tried: tuple[BudgetDraft, Figures] | None = None,
    carried: CarriedView | None = None,
) -> ResponseReturnValue:
    tier = tier_of(current_user.organization.tier)
    body = render_template(
        "budgets/form.html",
        budget=row,
        form=filled,
        tried=tried,
        notes=nothing_counted(tried[0]) if tried else [],
        chart=_chart(*tried) if tried else None,
        carried=carried,
        suggested=suggestions(filled),
        periods=[(period.value, title) for period, title in PERIOD_TITLES.items()],
        metrics=list(METRIC_TITLES.items()),
        categories=[category.value for category in ChargeCategory],
        operators=OPERATORS,
        rules=[(number, *rule_fields(number)) for number in range(1, RULES + 1)],
        has_tag_rules=Feature.TAG_BUDGETS in tier.features,
        **_words(),
    )
    return forms.answer(body, filled.error)


def _chart(draft: BudgetDraft, figures: Figures) -> Panel[BudgetChart]:
    """Draw how a budget goes through its period."""
    today = utc_today()
    return panel(
        "the curve",
        lambda: BudgetChart(
            curve_of(asker(), draft, figures.predicted_spend, today), draft.currency
        ),
    )


def _get(budget_id: str) -> Budget:
    return service.get(db.session(), current_user.organization, budget_id)


def _words() -> dict[str, object]:
    """Return what every page of budgets calls things."""
    return {
        "metric_titles": METRIC_TITLES,
        "state_kinds": STATE_KINDS,
        "period_titles": PERIOD_TITLES,
        "values_shown": VALUES_SHOWN,
    }
