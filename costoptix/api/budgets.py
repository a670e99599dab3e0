"""``/budgets``: what may be spent, what is, and a gate for pipelines.

Amounts and percentages are exact decimal strings. ``current_spend`` is what ``GET /costs``
answers for the budget's account, categories and tags from ``period_start`` to today. A budget that
cannot be computed says why in ``error``; the others of a list are right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from costoptix import queue
from costoptix.access.permissions import Permission
from costoptix.api.answers import Answer
from costoptix.api.endpoint import PREFIX, Call, operation
from costoptix.api.paging import PageQuery, sign, unsign
from costoptix.budgets import service, standings
from costoptix.budgets.drafts import BudgetChange, BudgetDraft, TagRule
from costoptix.budgets.figures import PastPeriod
from costoptix.budgets.questions import curve_of, stored_terms, valid_draft
from costoptix.budgets.standings import BudgetOrder, Standing
from costoptix.costs.asking import asker
from costoptix.errors import Conflict
from costoptix.models import Budget, BudgetState
from costoptix.series.forecast import ForecastMethod

NULL_ON_ERROR = "null where `error` says why, or until the budget was computed for the first time"
Unknown = Field(description=NULL_ON_ERROR)


@dataclass(frozen=True)
class StandingData:
    """How a budget stands. Where it cannot be computed, ``error`` says why and figures are null.

    Lists read what was kept after the last change of data, as of ``computed_at``.
    """

    period_start: Annotated[date | None, Unknown]
    period_end: Annotated[date | None, Unknown]
    current_spend: Annotated[Decimal | None, Unknown]
    predicted_spend: Decimal | None  # the period stays under it with 95% confidence
    predicted_by: Annotated[ForecastMethod | None, Unknown]
    predicted_note: str
    utilization_percent: Decimal | None
    pace_percent: Annotated[Decimal | None, Unknown]  # how much of the period is over
    state: Annotated[BudgetState | None, Unknown]
    days_remaining: Annotated[int | None, Unknown]  # after the day of ``computed_at``
    crosses_on: date | None  # when the amount was reached or is expected to be, in this period
    computed_at: Annotated[
        datetime | None,
        Field(description="when these figures were computed; null: they are being computed"),
    ]
    is_current: Annotated[
        bool,
        Field(description="false: the data changed since, or the day did; new figures are on"
              " their way. GET /budgets/{id} and /check always answer from the data of now."),
    ]  # fmt: skip
    error: Annotated[
        str | None,
        Field(description="null, or `cannot be computed: …`; only this budget is affected"),
    ]


@dataclass(frozen=True)
class PastPeriodData:
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
class BudgetTerms:
    """What a budget says; as it was kept, also where a new one could not say it."""

    id: str
    name: str
    amount: Decimal
    currency: str
    period: str
    account: str | None
    metric: str
    charge_categories: list[str]
    tag_rules: list[TagRule]
    warning_threshold: Decimal
    critical_threshold: Decimal
    created_by: str
    created_at: datetime


@dataclass(frozen=True)
class BudgetData(StandingData, BudgetTerms):
    """A budget and how it stands."""


@dataclass(frozen=True)
class CurveDayData:
    """Where a budget stands at the end of a day of its running period, all added up.

    ``spent`` is null after today, ``expected`` through the last complete day; eight in ten times
    the sum lies from ``low`` to ``high``, which are null beyond 90 days.
    """

    date: date
    pace: Decimal
    spent: Decimal | None
    complete: bool
    expected: Decimal | None
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True)
class BudgetDetails(BudgetData):
    """A budget with its running period day by day, and the periods before it, newest first."""

    curve: list[CurveDayData]
    history: list[PastPeriodData]


@dataclass(frozen=True)
class BudgetCheck(StandingData):
    """What a pipeline asks: ``state`` is ok, warning, critical or exceeded."""

    budget_id: str
    name: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class BudgetTrial(StandingData):
    """How a budget would stand, and would have ended before."""

    curve: list[CurveDayData]
    history: list[PastPeriodData]


class BudgetsQuery(PageQuery):
    """Which part of the list of budgets is asked for, in which order."""

    order_by: BudgetOrder = Field(
        default=BudgetOrder.NAME,
        description="`name`; `-utilization_percent`, the most used first; `crosses_on`, the first"
        " to be reached first. What is unknown comes last, what is equal by name.",
    )


@operation(
    "GET", "/budgets", permission=Permission.READ, query=BudgetsQuery, data=list[BudgetData],
    summary="List the budgets with how they stand, as of the last change of data",
)  # fmt: skip
def list_budgets(call: Call, query: BudgetsQuery) -> Answer:
    """List them."""
    purpose = f"budgets:{call.organization.id}:{query.order_by}"
    value, name = unsign(purpose, query.cursor) if query.cursor is not None else (None, "")
    rows = standings.list_budgets(
        call.session, call.organization, query.order_by, limit=query.limit + 1,
        after=None if query.cursor is None else (value, name),
    )  # fmt: skip
    shown, cursor = rows[: query.limit], None
    if len(rows) > query.limit:
        cursor = sign(purpose, standings.position(shown[-1], query.order_by))
    data = [
        BudgetData(**_terms(row.budget), **_standing(row.standing, is_current=row.is_current))
        for row in shown
    ]
    failed_at = queue.failed_at(call.session, service.JOB_KIND, call.organization.id)
    return Answer(data, meta={"next_cursor": cursor, "check_failed_at": failed_at})


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
    "POST", "/budgets/dry-run", permission=Permission.READ, body=BudgetDraft, data=BudgetTrial,
    summary="Try a budget on the months before, without making it",
)  # fmt: skip
def try_budget(call: Call, body: BudgetDraft) -> BudgetTrial:
    """Work out how the budget would stand, without saving it."""
    service.check(call.session, call.organization, body, call.store)
    standing = standings.compute(call.session, call.organization, body, call.store)
    curve = _curve(call, body, standing)
    return BudgetTrial(**_standing(standing), curve=curve, history=_history(standing))


@operation(
    "GET", "/budgets/<budget_id>", permission=Permission.READ, data=BudgetDetails,
    summary="Show a budget, how it stands, and the periods before",
)  # fmt: skip
def get_budget(call: Call, budget_id: str) -> BudgetDetails:
    """Show it."""
    row = service.get(call.session, call.organization, budget_id)
    call.check_etag("budget", row.id, stored_terms(row))
    return _details(call, row)


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
    "GET", "/budgets/<budget_id>/check", permission=Permission.READ, data=BudgetCheck,
    may_conflict=True,
    summary="Check the state of a budget, for pipelines; 409 when it cannot be computed",
)  # fmt: skip
def check_budget(call: Call, budget_id: str) -> BudgetCheck:
    """Answer with the state that the budget has now: kept of the data of now, or computed."""
    row = service.get(call.session, call.organization, budget_id)
    call.check_etag("check", row.id, stored_terms(row))
    standing = standings.current(call.session, call.organization, row) or _computed(call, row)
    if standing.error is not None:
        raise Conflict(f"This budget {standing.error}. Change the budget, or its bills.")
    return BudgetCheck(
        **_standing(standing),
        budget_id=row.id,
        name=row.name,
        amount=row.amount,
        currency=row.currency,
    )


def _computed(call: Call, row: Budget) -> Standing:
    return standings.compute(call.session, call.organization, row, call.store)


def _details(call: Call, row: Budget) -> BudgetDetails:
    standing = _computed(call, row)
    if kept := standings.current(call.session, call.organization, row):
        # The same figures: answers to equal questions stay equal to the byte.
        standing = replace(standing, computed_at=kept.computed_at)
    draft = valid_draft(row)
    return BudgetDetails(
        **_terms(row),
        **_standing(standing),
        curve=_curve(call, draft, standing) if draft else [],
        history=_history(standing),
    )


def _terms(row: Budget) -> dict[str, Any]:
    terms = dict(stored_terms(row))
    return terms | {"id": row.id, "created_by": row.created_by, "created_at": row.created_at}


def _standing(standing: Standing | None, *, is_current: bool = True) -> dict[str, Any]:
    figures = standing.figures if standing else None
    names = (
        "current_spend", "predicted_spend", "predicted_by", "utilization_percent", "pace_percent",
        "state", "days_remaining", "crosses_on",
    )  # fmt: skip
    return {name: getattr(figures, name, None) for name in names} | {
        "period_start": figures.days.first if figures else None,
        "period_end": figures.days.last if figures else None,
        "predicted_note": figures.predicted_note if figures else "",
        "computed_at": standing.computed_at if standing else None,
        "is_current": is_current,
        "error": standing.error if standing else None,
    }


def _curve(call: Call, draft: BudgetDraft, standing: Standing) -> list[CurveDayData]:
    """Return the days of the running period; none of a budget that cannot be computed."""
    if standing.figures is None:
        return []
    ask = asker(call.session, call.organization, call.store)
    curve = curve_of(ask, draft, standing.figures.predicted_spend, standing.day)
    return [
        CurveDayData(
            date=one.day,
            pace=one.pace,
            spent=one.spent,
            complete=one.is_complete,
            expected=one.coming.expected if one.coming else None,
            low=one.coming.low if one.coming else None,
            high=one.coming.high if one.coming else None,
        )
        for one in curve.days
    ]


def _history(standing: Standing) -> list[PastPeriodData]:
    return [_past(past) for past in standing.figures.history] if standing.figures else []


def _past(past: PastPeriod) -> PastPeriodData:
    return PastPeriodData(
        period_start=past.days.first,
        period_end=past.days.last,
        spend=past.spend,
        utilization_percent=past.utilization_percent,
        state=past.state,
        kept=past.is_kept,
        crossed_on=past.crossed_on,
        complete=past.is_whole,
    )
