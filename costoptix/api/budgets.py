"""``/budgets``: what may be spent, what is, and a gate for pipelines.

Amounts and percentages are exact decimal strings. ``current_spend`` is what ``GET /costs``
answers for the budget's account, categories and tags from ``period_start`` to today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from costoptix.access.permissions import Permission
from costoptix.api.answers import Answer
from costoptix.api.endpoint import PREFIX, Call, operation
from costoptix.api.paging import PageQuery, page
from costoptix.budgets import service
from costoptix.budgets.drafts import (
    BudgetChange,
    BudgetDraft,
    BudgetPeriod,
    ChargeCategory,
    TagRule,
)
from costoptix.budgets.figures import Figures, PastPeriod
from costoptix.clock import utc_today
from costoptix.costs.asking import asker
from costoptix.models import Budget, BudgetState
from costoptix.series.forecast import ForecastMethod


@dataclass(frozen=True)
class Standing:
    """How a budget stands today."""

    period_start: date
    period_end: date
    current_spend: Decimal
    predicted_spend: Decimal | None  # the period stays under it with 95% confidence
    predicted_by: ForecastMethod
    predicted_note: str
    utilization_percent: Decimal | None
    pace_percent: Decimal  # how much of the period is over, today included
    state: BudgetState
    days_remaining: int  # after today
    crosses_on: date | None  # when the amount was reached or is expected to be, in this period


@dataclass(frozen=True)
class Past:
    """How an earlier period ended; ``complete`` when all of its days are known."""

    period_start: date
    period_end: date
    spend: Decimal
    utilization_percent: Decimal | None
    state: BudgetState
    kept: bool
    crossed_on: date | None
    complete: bool


@dataclass(frozen=True)
class Terms:
    """What a budget says."""

    id: str
    name: str
    amount: Decimal
    currency: str
    period: BudgetPeriod
    account: str | None
    metric: str
    charge_categories: list[ChargeCategory]
    tag_rules: list[TagRule]
    warning_threshold: Decimal
    critical_threshold: Decimal
    created_by: str
    created_at: datetime


@dataclass(frozen=True)
class BudgetData(Standing, Terms):
    """A budget and how it stands."""


@dataclass(frozen=True)
class BudgetDetails(BudgetData):
    """A budget with the periods before this one, newest first."""

    history: list[Past]


@dataclass(frozen=True)
class Check(Standing):
    """What a pipeline asks: ``state`` is ok, warning, critical or exceeded."""

    budget_id: str
    name: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class DryRun(Standing):
    """How a budget would stand, and would have ended before."""

    history: list[Past]


@operation(
    "GET", "/budgets", permission=Permission.READ, query=PageQuery, data=list[BudgetData],
    summary="List the budgets by name, with how they stand",
)  # fmt: skip
def list_budgets(call: Call, query: PageQuery) -> Answer:
    """List them."""
    rows = service.list_budgets(call.session, call.organization)
    found, cursor = page(f"budgets:{call.organization.id}", rows, query, lambda row: row.id)
    data = [BudgetData(**_about(row), **_standing(_figures(call, row))) for row in found]
    return Answer(data, meta={"next_cursor": cursor})


@operation(
    "POST", "/budgets", permission=Permission.WRITE, body=BudgetDraft, data=BudgetDetails,
    status=201, summary="Make a budget",
)  # fmt: skip
def create_budget(call: Call, body: BudgetDraft) -> Answer:
    """Make it."""
    row = service.create(call.session, call.organization, call.caller, body, call.store)
    return Answer(
        _details(call, row), status=201, headers={"Location": f"{PREFIX}/budgets/{row.id}"}
    )


@operation(
    "POST", "/budgets/dry-run", permission=Permission.READ, body=BudgetDraft, data=DryRun,
    summary="Try a budget on the months before, without making it",
)  # fmt: skip
def try_budget(call: Call, body: BudgetDraft) -> DryRun:
    """Work out how the budget would stand, without saving it."""
    service.check(call.session, call.organization, body, call.store)
    ask = asker(call.session, call.organization, call.store)
    found = service.figures_of(ask, body, utc_today())
    return DryRun(**_standing(found), history=[_past(each) for each in found.history])


@operation(
    "GET", "/budgets/<budget_id>", permission=Permission.READ, data=BudgetDetails,
    summary="Show a budget, how it stands, and the periods before",
)  # fmt: skip
def get_budget(call: Call, budget_id: str) -> BudgetDetails:
    """Show it."""
    return _details(call, service.get(call.session, call.organization, budget_id))


@operation(
    "PATCH", "/budgets/<budget_id>", permission=Permission.WRITE, body=BudgetChange,
    data=BudgetDetails, summary="Change a budget; what is left out stays as it is",
)  # fmt: skip
def change_budget(call: Call, budget_id: str, body: BudgetChange) -> BudgetDetails:
    """Change it."""
    row = service.get(call.session, call.organization, budget_id)
    service.change(call.session, call.organization, call.caller, row, body, call.store)
    return _details(call, row)


@operation(
    "DELETE", "/budgets/<budget_id>", permission=Permission.WRITE, summary="Delete a budget",
)  # fmt: skip
def delete_budget(call: Call, budget_id: str) -> dict[str, Any]:
    """Delete it."""
    row = service.get(call.session, call.organization, budget_id)
    service.delete(call.session, call.caller, row)
    return {"id": budget_id}


@operation(
    "GET", "/budgets/<budget_id>/check", permission=Permission.READ, data=Check,
    summary="Check the state of a budget, for pipelines",
)  # fmt: skip
def check_budget(call: Call, budget_id: str) -> Check:
    """Answer with the state that the budget has now."""
    row = service.get(call.session, call.organization, budget_id)
    return Check(
        **_standing(_figures(call, row)),
        budget_id=row.id,
        name=row.name,
        amount=row.amount,
        currency=row.currency,
    )


def _figures(call: Call, row: Budget) -> Figures:
    ask = asker(call.session, call.organization, call.store)
    return service.figures_of(ask, service.draft_of(row), utc_today())


def _details(call: Call, row: Budget) -> BudgetDetails:
    found = _figures(call, row)
    history = [_past(each) for each in found.history]
    return BudgetDetails(**_about(row), **_standing(found), history=history)


def _about(row: Budget) -> dict[str, Any]:
    draft = service.draft_of(row).model_dump()
    return draft | {"id": row.id, "created_by": row.created_by, "created_at": row.created_at}


def _standing(found: Figures) -> dict[str, Any]:
    return {
        "period_start": found.days.first,
        "period_end": found.days.last,
        "current_spend": found.current_spend,
        "predicted_spend": found.predicted_spend,
        "predicted_by": found.predicted_by,
        "predicted_note": found.predicted_note,
        "utilization_percent": found.utilization_percent,
        "pace_percent": found.pace_percent,
        "state": found.state,
        "days_remaining": found.days_remaining,
        "crosses_on": found.crosses_on,
    }


def _past(past: PastPeriod) -> Past:
    return Past(
        period_start=past.days.first,
        period_end=past.days.last,
        spend=past.spend,
        utilization_percent=past.utilization_percent,
        state=past.state,
        kept=past.is_kept,
        crossed_on=past.crossed_on,
        complete=past.is_whole,
    )
