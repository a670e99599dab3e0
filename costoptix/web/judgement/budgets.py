"""Budgets: cards with how they stand, one in detail, and the form that makes and changes them."""

from __future__ import annotations

from dataclasses import replace

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix import drafts
from costoptix.access.tiers import Feature, tier_of
from costoptix.budgets import service
from costoptix.budgets.drafts import (
    CRITICAL,
    WARNING,
    BudgetChange,
    BudgetDraft,
    BudgetPeriod,
    ChargeCategory,
)
from costoptix.budgets.figures import Figures
from costoptix.clock import utc_today
from costoptix.costs.query import CostQuery, tag_key
from costoptix.errors import CostOptixError
from costoptix.extensions import db
from costoptix.figures import summary
from costoptix.lake.providers import account_of
from costoptix.models import Budget
from costoptix.money import to_text
from costoptix.periods import DateRange, Granularity, Preset, resolve_preset
from costoptix.web.costs.account_names import given_name
from costoptix.web.costs.questions import CostQuestion, asker, cost_store, tag_dimensions
from costoptix.web.parts import forms
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.wording import METRIC_TITLES, STATE_KINDS

EXPLORER_METRIC = "billed_cost"
RULES = 3
"""How many tag rules the form has room for; the API takes more."""

PERIOD_TITLES = {
    BudgetPeriod.MONTHLY: "Each month",
    BudgetPeriod.QUARTERLY: "Each quarter",
    BudgetPeriod.YEARLY: "Each year",
}
OPERATORS = [("=", "is"), ("in", "is one of")]


class BudgetForm(drafts.Draft):
    """The form of a budget. A category that is not ticked is absent; none ticked means all."""

    name: str = ""
    amount: str = ""
    currency: str = ""
    period: str = BudgetPeriod.MONTHLY.value
    account: str = ""
    metric: str = EXPLORER_METRIC
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
    def of(cls, draft: BudgetDraft) -> BudgetForm:
        """Fill the form from a budget."""
        said = {
            "name": draft.name,
            "amount": to_text(draft.amount),
            "currency": draft.currency,
            "period": draft.period.value,
            "account": draft.account or "",
            "metric": draft.metric,
            "warning_threshold": to_text(draft.warning_threshold),
            "critical_threshold": to_text(draft.critical_threshold),
        }
        said |= {category.value.lower(): "1" for category in draft.charge_categories}
        for number, rule in enumerate(draft.tag_rules[:RULES], start=1):
            said |= {
                f"key_{number}": rule.key,
                f"operator_{number}": rule.operator,
                f"values_{number}": ", ".join(rule.values),
            }
        return cls.model_validate(said)

    def draft(self, before: BudgetDraft | None = None) -> BudgetDraft:
        """Return what the domain is asked for; rules that the form has no room for are kept."""
        said = self.model_dump()
        names = ("name", "amount", "currency", "period", "metric")
        values = {name: said[name] for name in (*names, "warning_threshold", "critical_threshold")}
        more = [rule.model_dump() for rule in before.tag_rules[RULES:]] if before else []
        return drafts.read(
            BudgetDraft,
            values
            | {
                "currency": self.currency.strip().upper(),
                "account": self.account.strip() or None,
                "charge_categories": [c.value for c in ChargeCategory if said[c.value.lower()]],
                "tag_rules": [*self._rules(), *more],
            },
        )

    def rule(self, number: int) -> tuple[str, str, str]:
        """Return key, operator and values of one of the form's rules."""
        said = self.model_dump()
        return said[f"key_{number}"], said[f"operator_{number}"], said[f"values_{number}"]

    def _rules(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        for number in range(1, RULES + 1):
            key, operator, values = self.rule(number)
            if key.strip():
                parts = [values] if operator == "=" else values.split(",")
                found.append(
                    {
                        "key": key.strip(),
                        "operator": operator,
                        "values": [part.strip() for part in parts],
                    }
                )
        return found


@page("/budgets")
def budgets() -> ResponseReturnValue:
    """List the budgets with how they stand."""
    rows = service.list_budgets(db.session(), current_user.organization)
    found = [(row, _figures(service.draft_of(row))) for row in rows]
    return render_template("budgets/list.html", budgets=found, **_words())


@page("/budgets", access=Access.ADMIN, methods=("POST",))
def create_budget() -> ResponseReturnValue:
    """Make a budget, or only show how it would stand."""
    return _take(None)


@page("/budgets/new", access=Access.ADMIN)
def new_budget() -> ResponseReturnValue:
    """Show the form of a new budget."""
    currencies = summary.totals(asker(), CostQuery(_last_year()), _last_year(), EXPLORER_METRIC)
    return _show_form(None, BudgetForm(currency=next(iter(currencies), "")))


@page("/budgets/<budget_id>")
def budget_detail(budget_id: str) -> ResponseReturnValue:
    """Show one budget: how it stands, the periods before, its crossings."""
    row = _get(budget_id)
    draft = service.draft_of(row)
    figures = _figures(draft)
    so_far = DateRange(figures.days.first, utc_today())
    query = replace(service.query_of(draft, so_far), granularity=Granularity.DAILY)
    return render_template(
        "budgets/detail.html",
        budget=row,
        draft=draft,
        figures=figures,
        explorer=CostQuestion("web.costs", query, draft.metric, EXPLORER_METRIC),
        crossings=service.crossings(db.session(), current_user.organization, row),
        **_words(),
    )


@page("/budgets/<budget_id>/edit", access=Access.ADMIN)
def edit_budget(budget_id: str) -> ResponseReturnValue:
    """Show the form of a budget."""
    row = _get(budget_id)
    return _show_form(row, BudgetForm.of(service.draft_of(row)))


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
        before = service.draft_of(row) if row else None
        draft = form.draft(before)
        if form.try_it:
            service.check(session, organization, draft, store, before)
            return _show_form(row, form, tried=(draft, _figures(draft)))
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


def _figures(draft: BudgetDraft) -> Figures:
    return service.figures_of(asker(), draft, utc_today())


def _get(budget_id: str) -> Budget:
    return service.get(db.session(), current_user.organization, budget_id)


def _words() -> dict[str, object]:
    """Return what every page of budgets calls things."""
    return {"state_kinds": STATE_KINDS, "period_titles": PERIOD_TITLES}
