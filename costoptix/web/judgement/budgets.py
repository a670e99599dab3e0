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
from costoptix.budgets.drafts import (
    CRITICAL,
    DEFAULT_METRIC,
    WARNING,
    BudgetChange,
    BudgetDraft,
    BudgetPeriod,
    ChargeCategory,
)
from costoptix.budgets.figures import Figures, period_of
from costoptix.budgets.questions import draft_of, figures_of, query_of, valid_draft
from costoptix.budgets.standings import BudgetOrder
from costoptix.clock import utc_today
from costoptix.costs.query import CostQuery, tag_key
from costoptix.errors import CostOptixError, Invalid
from costoptix.extensions import db
from costoptix.figures import summary
from costoptix.lake.providers import account_of
from costoptix.models import Budget
from costoptix.money import to_text
from costoptix.periods import DateRange, Granularity, Preset, resolve_preset
from costoptix.web.costs.account_names import given_name
from costoptix.web.costs.questions import (
    CostQuestion,
    asker,
    cost_store,
    default_metric,
    tag_dimensions,
    url_with,
)
from costoptix.web.parts import forms
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.wording import METRIC_TITLES, STATE_KINDS

PER_PAGE = 50
VALUES_SHOWN = 10
"""How many values of a tag rule a card names."""

RULES = 3
"""How many tag rules the form has room for; the API takes more."""

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


class BudgetsForm(drafts.Draft):
    """How the list of budgets is sorted, and which page of it is shown."""

    order_by: BudgetOrder = BudgetOrder.NAME
    page: int = Field(default=1, ge=1, le=1_000_000)

    def url(self, order: BudgetOrder, page: int = 1) -> str:
        """Return the address of a page of the list in some order."""
        pairs = [("order_by", order.value)] if order is not BudgetOrder.NAME else []
        return url_with("web.budgets", pairs + ([("page", str(page))] if page > 1 else []))


class BudgetForm(drafts.Draft):
    """The form of a budget. A category that is not ticked is absent; none ticked means all."""

    name: str = ""
    amount: str = ""
    currency: str = ""
    period: str = BudgetPeriod.MONTHLY.value
    account: str = ""
    metric: str = DEFAULT_METRIC
    warning_threshold: str = to_text(WARNING)
    critical_threshold: str = to_text(CRITICAL)
    usage: str = ""
    purchase: str = ""
    tax: str = ""
    credit: str = ""
    adjustment: str = ""
    key_1: str = ""
    operator_1: str = "="
    values_1: str = ""
    key_2: str = ""
    operator_2: str = "="
    values_2: str = ""
    key_3: str = ""
    operator_3: str = "="
    values_3: str = ""
    try_it: str = ""  # the button that only shows what would be

    @classmethod
    def of(cls, budget: Budget) -> BudgetForm:
        """Fill the form from a budget, whether or not it is a valid one."""
        values = {
            "name": budget.name,
            "amount": to_text(budget.amount),
            "currency": budget.currency,
            "period": budget.period,
            "account": budget.account or "",
            "metric": budget.metric,
            "warning_threshold": to_text(budget.warning_threshold),
            "critical_threshold": to_text(budget.critical_threshold),
        }
        values |= {category.lower(): "1" for category in budget.charge_categories}
        for number, rule in enumerate(budget.tag_rules[:RULES], start=1):
            values |= {
                f"key_{number}": rule["key"],
                f"operator_{number}": rule["operator"],
                f"values_{number}": ", ".join(rule["values"]),
            }
        return cls.model_validate(values)

    def draft(self, before: Budget | None = None) -> BudgetDraft:
        """Return what the domain is asked for; rules that the form has no room for are kept."""
        given = self.model_dump()
        names = ("name", "amount", "currency", "period", "metric")
        values = {name: given[name] for name in (*names, "warning_threshold", "critical_threshold")}
        more = before.tag_rules[RULES:] if before else []
        return drafts.read(
            BudgetDraft,
            values
            | {
                "currency": self.currency.strip().upper(),
                "account": self.account.strip() or None,
                "charge_categories": [c.value for c in ChargeCategory if given[c.value.lower()]],
                "tag_rules": [*self._rules(), *more],
            },
        )

    def rule(self, number: int) -> tuple[str, str, str]:
        """Return key, operator and values of one of the form's rules."""
        given = self.model_dump()
        return given[f"key_{number}"], given[f"operator_{number}"], given[f"values_{number}"]

    def _rules(self) -> list[dict[str, object]]:
        rules: list[dict[str, object]] = []
        for number in range(1, RULES + 1):
            key, operator, values = self.rule(number)
            if key.strip():
                parts = [values] if operator == "=" else values.split(",")
                rules.append(
                    {
                        "key": key.strip(),
                        "operator": operator,
                        "values": [part.strip() for part in parts],
                    }
                )
        return rules


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
    """Show the form of a new budget."""
    currencies = summary.totals(asker(), CostQuery(_last_year()), _last_year(), DEFAULT_METRIC)
    return _show_form(None, BudgetForm(currency=next(iter(currencies), "")))


@page("/budgets/<budget_id>")
def budget_detail(budget_id: str) -> ResponseReturnValue:
    """Show one budget: how it stands, the periods before, its crossings."""
    session, organization = db.session(), current_user.organization
    row = _get(budget_id)
    standing = standings.compute(session, organization, row, cost_store())
    return render_template(
        "budgets/detail.html",
        budget=row,
        figures=standing.figures,
        error=standing.error,
        explorer=_explorer(row),
        crossings=crossings_of(session, organization, row),
        metric_titles=METRIC_TITLES,
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
    return _show_form(row, BudgetForm.of(row))


@page("/budgets/<budget_id>/edit", access=Access.ADMIN, methods=("POST",))
def change_budget(budget_id: str) -> ResponseReturnValue:
    """Change a budget, or only show how it would stand."""
    return _take(_get(budget_id))


@page("/budgets/<budget_id>/delete", access=Access.ADMIN, methods=("POST",))
def delete_budget(budget_id: str) -> ResponseReturnValue:
    """Delete a budget."""
    row = _get(budget_id)
    name = row.name
    service.delete(db.session(), current_user.caller, row)
    flash(f"The budget “{name}” is deleted.")
    return redirect(url_for("web.budgets"))


def _take(row: Budget | None) -> ResponseReturnValue:
    session, organization, store = db.session(), current_user.organization, cost_store()
    form = BudgetForm()
    try:
        form = forms.read(BudgetForm)
        draft = form.draft(row)
        if form.try_it:
            before = valid_draft(row) if row else None
            service.check(session, organization, draft, store, before)
            figures = figures_of(asker(), draft, utc_today())
            return _show_form(row, form, tried=(draft, figures))
        if row is None:
            row = service.create(session, organization, current_user.caller, draft, store)
        else:
            changed = drafts.read(BudgetChange, draft.model_dump())
            service.change(session, organization, current_user.caller, row, changed, store)
    except CostOptixError as error:
        return _show_form(row, form, error=error)
    flash(f"The budget “{row.name}” is saved.")
    return redirect(url_for("web.budget_detail", budget_id=row.id))


def _show_form(
    row: Budget | None,
    form: BudgetForm,
    *,
    tried: tuple[BudgetDraft, Figures] | None = None,
    error: CostOptixError | None = None,
) -> ResponseReturnValue:
    tier = tier_of(current_user.organization.tier)
    body = render_template(
        "budgets/form.html",
        budget=row,
        form=form,
        tried=tried,
        periods=[(period.value, title) for period, title in PERIOD_TITLES.items()],
        metrics=list(METRIC_TITLES.items()),
        categories=[category.value for category in ChargeCategory],
        operators=OPERATORS,
        rules=range(1, RULES + 1),
        accounts=_accounts(form.account),
        tag_keys=[tag_key(name) for name in tag_dimensions()],
        has_tag_rules=Feature.TAG_BUDGETS in tier.features,
        error=error.sentence if error else "",
        **_words(),
    )
    return forms.answer(body, error)


def _accounts(chosen: str) -> list[tuple[str, str]]:
    """List the accounts in the bills of the last year as (``slug:id``, name)."""
    query = CostQuery(_last_year(), group_by=summary.ACCOUNT)
    names = {chosen: chosen} if chosen else {}
    for row in asker()(query).rows:
        provider, number, name = row.group
        if number:
            account = account_of(provider, number)
            title = given_name(account) or name or number
            names[account] = f"{title} ({provider or 'no provider'})"
    return [("", "All accounts"), *sorted(names.items(), key=lambda pair: pair[1].lower())]


def _last_year() -> DateRange:
    return resolve_preset(Preset.LAST_12_MONTHS, utc_today())


def _get(budget_id: str) -> Budget:
    return service.get(db.session(), current_user.organization, budget_id)


def _words() -> dict[str, object]:
    """Return what every page of budgets calls things."""
    return {
        "state_kinds": STATE_KINDS,
        "period_titles": PERIOD_TITLES,
        "values_shown": VALUES_SHOWN,
    }
