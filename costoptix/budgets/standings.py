"""How each budget stands: worked out by the job, kept as rows, read by lists.

A list asks the cost store nothing. A standing belongs to one version of the data and one UTC day;
when either is past it is still shown, as of then, until the job has been there. What is asked
about one budget alone (its page, a check) is always of the current data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from costoptix.budgets.drafts import BudgetDraft
from costoptix.budgets.figures import Figures, pace_percent
from costoptix.budgets.questions import draft_of, figures_of, stored_terms
from costoptix.clock import utc_now, utc_today
from costoptix.costs.answers import CostStore
from costoptix.costs.asking import asker
from costoptix.database import writing
from costoptix.failures import NOT_COMPUTED, reason
from costoptix.lake.live import current_version
from costoptix.models import Budget, BudgetStanding, Organization
from costoptix.money import Amount
from costoptix.periods import DateRange
from costoptix.series.forecast import ForecastMethod

AT_ONCE = 50
"""So many standings are kept in one transaction: each ends with a wait for the disk."""

_FIGURES = (
    "period_start", "period_end", "state", "current_spend", "predicted_spend", "predicted_by",
    "predicted_note", "utilization_percent", "crosses_on", "used",
)  # fmt: skip
_LEAST_USED = -1e300
_NEVER = date(9999, 12, 31)


class BudgetOrder(StrEnum):
    """How a list of budgets is sorted; what is equal goes by name."""

    NAME = "name"
    MOST_USED = "-utilization_percent"
    FIRST_REACHED = "crosses_on"


@dataclass(frozen=True)
class Standing:
    """How a budget stood on a day under a version of the data, or why that is not known."""

    data_version: str
    day: date
    computed_at: datetime
    figures: Figures | None  # of a standing that was kept: without the periods before
    error: str | None = None  # "cannot be computed: …", where there are no figures


@dataclass(frozen=True)
class ListedBudget:
    """A budget in a list. ``standing`` is None until it was computed for the first time."""

    budget: Budget
    standing: Standing | None
    is_current: bool  # computed today, from the data of now

    @property
    def figures(self) -> Figures | None:
        """Return how it stands, as far as that is known."""
        return self.standing.figures if self.standing else None

    @property
    def error(self) -> str | None:
        """Return why it cannot be computed; None where it can."""
        return self.standing.error if self.standing else None


@dataclass(frozen=True)
class BudgetCounts:
    """How many budgets there are, and how many of them cannot be computed."""

    all: int
    failed: int


BudgetPosition = tuple[float | str | None, str]
"""Where a page of a list ended: what the list is sorted by (None: the name) and the name."""


def compute(
    session: Session, organization: Organization, budget: Budget | BudgetDraft, store: CostStore
) -> Standing:
    """Work out how a budget stands now, or why that cannot be.

    The version is read first: data that change meanwhile make the standing one of older data.
    """
    version, today = current_version(session, organization), utc_today()
    try:
        draft = budget if isinstance(budget, BudgetDraft) else draft_of(budget)
        figures = figures_of(asker(session, organization, store), draft, today)
    except Exception as error:
        why = reason(error, f"the budget {budget.name!r}")
        return Standing(version, today, utc_now(), None, NOT_COMPUTED + why)
    return Standing(version, today, utc_now(), figures)


def current(session: Session, organization: Organization, budget: Budget) -> Standing | None:
    """Return the standing that was kept, where it is of the data of now and of today."""
    if budget.standing is None:
        return None
    standing = _read(budget.standing)
    version = current_version(session, organization)
    return standing if _is_current(standing, version) else None


def keep(session: Session, budget: Budget, standing: Standing) -> None:
    """Keep how a budget stands, in the transaction of what makes it stand so."""
    with writing(session):
        session.merge(BudgetStanding(budget_id=budget.id, **_columns(budget, standing)))


def keep_all(
    session: Session,
    organization: Organization,
    store: CostStore,
    hold: Callable[[], None] | None = None,
) -> None:
    """Work out and keep how every budget of an organization stands.

    ``hold`` is called in each transaction that keeps something, and may raise to keep nothing.
    """
    for budgets in budgets_of(session, organization, AT_ONCE):
        computed = [
            (budget.id, stored_terms(budget), compute(session, organization, budget, store))
            for budget in budgets
        ]
        with writing(session):
            if hold is not None:
                hold()
            for budget_id, terms, standing in computed:
                budget = session.get(Budget, budget_id)
                # One that was changed meanwhile has the standing that its change gave it.
                if budget is not None and stored_terms(budget) == terms:
                    keep(session, budget, standing)


def budgets_of(
    session: Session, organization: Organization, at_once: int
) -> Iterator[Sequence[Budget]]:
    """Yield the budgets of an organization, so many at once."""
    last = ""
    while True:
        budgets = session.scalars(
            select(Budget)
            .where(Budget.organization_id == organization.id, Budget.id > last)
            .order_by(Budget.id)
            .limit(at_once)
        ).all()
        if not budgets:
            return
        last = budgets[-1].id
        yield budgets


def organizations_due(session: Session) -> Sequence[str]:
    """List the organizations with a budget whose standing is not of today or of older data."""
    is_old = or_(
        BudgetStanding.budget_id.is_(None),
        BudgetStanding.day != utc_today(),
        BudgetStanding.data_version != Organization.data_version,
    )
    return session.scalars(
        select(Organization.id)
        .join(Budget, Budget.organization_id == Organization.id)
        .outerjoin(BudgetStanding, BudgetStanding.budget_id == Budget.id)
        .where(is_old)
        .distinct()
    ).all()


def list_budgets(
    session: Session,
    organization: Organization,
    order: BudgetOrder = BudgetOrder.NAME,
    *,
    limit: int,
    offset: int = 0,
    after: BudgetPosition | None = None,
) -> list[ListedBudget]:
    """List one page of the budgets with how they stand, as it was kept.

    The page begins at ``offset``, or after the ``position`` at which the page before ended.
    """
    steps = _steps(order)
    query = (
        select(Budget)
        .outerjoin(Budget.standing)
        .options(contains_eager(Budget.standing))
        .where(Budget.organization_id == organization.id)
        .order_by(*(column.desc() if descends else column.asc() for column, descends in steps))
        .limit(limit)
        .offset(offset)
    )
    if after is not None:
        query = query.where(_is_after(order, after))
    version = current_version(session, organization)
    return [_listed(budget, version) for budget in session.scalars(query)]


def position(listed: ListedBudget, order: BudgetOrder) -> BudgetPosition:
    """Return where in a list a budget stands."""
    standing = listed.budget.standing
    value: float | str | None = None
    if order is BudgetOrder.MOST_USED:
        value = _LEAST_USED if standing is None or standing.used is None else standing.used
    elif order is BudgetOrder.FIRST_REACHED:
        value = ((standing and standing.crosses_on) or _NEVER).isoformat()
    return value, listed.budget.name


def count(session: Session, organization: Organization) -> BudgetCounts:
    """Count the budgets of an organization."""
    row = session.execute(
        select(func.count(Budget.id), func.count(BudgetStanding.error))
        .outerjoin(Budget.standing)
        .where(Budget.organization_id == organization.id)
    ).one()
    return BudgetCounts(all=row[0], failed=row[1])


def _listed(budget: Budget, version: str) -> ListedBudget:
    standing = _read(budget.standing) if budget.standing else None
    return ListedBudget(budget, standing, standing is not None and _is_current(standing, version))


def _is_current(standing: Standing, version: str) -> bool:
    return standing.data_version == version and standing.day == utc_today()


def _steps(order: BudgetOrder) -> list[tuple[ColumnElement[Any], bool]]:
    """Return what a list is sorted by, each with whether it descends; what is unknown is last."""
    name = (Budget.name.expression, False)
    if order is BudgetOrder.MOST_USED:
        return [(func.coalesce(BudgetStanding.used, _LEAST_USED), True), name]
    if order is BudgetOrder.FIRST_REACHED:
        return [(func.coalesce(BudgetStanding.crosses_on, _NEVER), False), name]
    return [name]


def _is_after(order: BudgetOrder, after: BudgetPosition) -> ColumnElement[bool]:
    value, name = after
    by_name = Budget.name > name
    if value is None:
        return by_name
    column, descends = _steps(order)[0]
    last = date.fromisoformat(value) if isinstance(value, str) else value
    beyond = column < last if descends else column > last
    return or_(beyond, and_(column == last, by_name))


def _columns(budget: Budget, standing: Standing) -> dict[str, Any]:
    columns: dict[str, Any] = dict.fromkeys(_FIGURES)  # of an earlier standing nothing may stay
    for name in ("data_version", "day", "computed_at", "error"):
        columns[name] = getattr(standing, name)
    figures = standing.figures
    if figures is None:
        return columns
    return columns | {
        "period_start": figures.days.first,
        "period_end": figures.days.last,
        "state": figures.state,
        "current_spend": figures.current_spend,
        "predicted_spend": figures.predicted_spend,
        "predicted_by": figures.predicted_by.value,
        "predicted_note": figures.predicted_note,
        "utilization_percent": figures.utilization_percent,
        "crosses_on": figures.crosses_on,
        "used": float(figures.current_spend) / float(budget.amount),
    }


def _read(row: BudgetStanding) -> Standing:
    """Return what was kept; figures are there where there is no error."""
    figures = None
    if row.state is not None and row.period_start and row.period_end:
        days = DateRange(row.period_start, row.period_end)
        figures = Figures(
            days=days,
            current_spend=row.current_spend or Amount(0),
            predicted_spend=row.predicted_spend,
            predicted_by=ForecastMethod(row.predicted_by or ForecastMethod.NONE),
            predicted_note=row.predicted_note or "",
            utilization_percent=row.utilization_percent,
            state=row.state,
            days_remaining=(days.last - row.day).days,
            pace_percent=pace_percent(days, row.day),
            crosses_on=row.crosses_on,
            history=(),
        )
    return Standing(row.data_version, row.day, row.computed_at, figures, row.error)
