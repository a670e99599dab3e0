"""Budgets of an organization: made, changed, listed, and reported when crossed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from costoptix import events, queue
from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission, require
from costoptix.access.tiers import Feature, require_feature, tier_of
from costoptix.budgets.drafts import BudgetChange, BudgetDraft
from costoptix.budgets.figures import Figures, Terms, days_needed, figures
from costoptix.clock import utc_today
from costoptix.costs import report
from costoptix.costs.answers import CostStore
from costoptix.costs.asking import Ask, asker
from costoptix.costs.query import ACCOUNT, PERIOD_START, TAG_PREFIX, CostQuery, Order
from costoptix.currencies import ISO_4217
from costoptix.database import writing
from costoptix.drafts import read
from costoptix.errors import Conflict, Invalid, NotFound
from costoptix.figures.breakdown import amount_of
from costoptix.figures.completeness import known_part
from costoptix.models import Budget, Event, Organization, new_id
from costoptix.money import Amount, to_text
from costoptix.periods import DateRange, Granularity

JOB_KIND = "check_budgets"
RECENT = timedelta(days=730)
"""An account that a budget is about must have been billed within this time."""


def create(
    session: Session, organization: Organization, caller: Caller, draft: BudgetDraft,
    store: CostStore,
) -> Budget:  # fmt: skip
    """Make a budget.

    Raises:
        Forbidden: the caller may only read; or the tier has no tag rules.
        Invalid: the bills know no such currency, account or tag key.
        Conflict: another budget has the name.
    """
    require(caller, Permission.WRITE)
    check(session, organization, draft, store)
    budget = Budget(
        id=new_id(), organization_id=organization.id, created_by=caller.label, **_columns(draft)
    )
    with _naming(session, draft.name):
        session.add(budget)
        session.flush()
        _record(session, caller, "budget.created", budget, after=draft)
        queue.enqueue_once(session, JOB_KIND, organization.id)
    return budget


def change(
    session: Session, organization: Organization, caller: Caller, budget: Budget,
    changed: BudgetChange, store: CostStore,
) -> None:  # fmt: skip
    """Change a budget.

    Raises:
        Forbidden, Invalid, Conflict: as ``create``.
    """
    require(caller, Permission.WRITE)
    before = draft_of(budget)
    draft = read(BudgetDraft, before.model_dump() | changed.changes())
    check(session, organization, draft, store, before)
    with _naming(session, draft.name):
        for name, value in _columns(draft).items():
            setattr(budget, name, value)
        session.flush()
        _record(session, caller, "budget.changed", budget, before=before, after=draft)
        queue.enqueue_once(session, JOB_KIND, organization.id)


def delete(session: Session, caller: Caller, budget: Budget) -> None:
    """Delete a budget; the audit log and the events keep what was.

    Raises:
        Forbidden: the caller may only read.
    """
    require(caller, Permission.WRITE)
    with writing(session):
        _record(session, caller, "budget.deleted", budget, before=draft_of(budget))
        session.delete(budget)


def list_budgets(session: Session, organization: Organization) -> Sequence[Budget]:
    """List the budgets by name."""
    return session.scalars(
        select(Budget).where(Budget.organization_id == organization.id).order_by(Budget.name)
    ).all()


def get(session: Session, organization: Organization, budget_id: str) -> Budget:
    """Return a budget of the organization.

    Raises:
        NotFound: there is none of that id, or it is another organization's.
    """
    budget = session.get(Budget, budget_id)
    if budget is None or budget.organization_id != organization.id:
        raise NotFound
    return budget


def draft_of(budget: Budget) -> BudgetDraft:
    """Return what a budget says, as the draft that would make it."""
    names = BudgetDraft.model_fields
    return BudgetDraft.model_validate({name: getattr(budget, name) for name in names})


def query_of(draft: BudgetDraft, days: DateRange) -> CostQuery:
    """Return the cost query that a budget is about, over some days.

    Raises:
        Invalid: a tag key or value cannot be asked for.
    """
    params = [("start_date", days.first.isoformat()), ("end_date", days.last.isoformat())]
    if draft.account is not None:
        params.append((ACCOUNT, draft.account))
    params += [("charge_category", category.value) for category in draft.charge_categories]
    params += [(TAG_PREFIX + rule.key, value) for rule in draft.tag_rules for value in rule.values]
    return CostQuery.from_params(params, days.last)


def figures_of(ask: Ask, draft: BudgetDraft, today: date) -> Figures:
    """Work out how a budget stands, or would stand if it were made."""
    asked = query_of(draft, days_needed(draft.period, today))
    report = ask(replace(asked, granularity=Granularity.DAILY, order_by=(Order(PERIOD_START),)))
    by_day = {
        row.period_start: amount_of(row, draft.metric) or Amount(0)
        for row in report.rows
        if row.currency == draft.currency
    }
    known = known_part(asked.date_range, report)
    return figures(_terms(draft), by_day, known, today)


def crossings(session: Session, organization: Organization, budget: Budget) -> Sequence[Event]:
    """List the crossings of a budget, newest first."""
    return events.of_subject(session, organization, budget.id)


def tell(session: Session, organization: Organization, store: CostStore) -> None:
    """Raise an event for every threshold that is crossed, once per budget and period."""
    ask, today = asker(session, organization, store), utc_today()
    for budget in list_budgets(session, organization):
        draft = draft_of(budget)
        found = figures_of(ask, draft, today)
        with writing(session):
            for state in _terms(draft).crossed(found.current_spend):
                events.raise_once(
                    session,
                    organization,
                    f"budget.{state}",
                    key=f"budget:{budget.id}:{found.days.first}:{state}",
                    subject_id=budget.id,
                    data=_told(budget, found),
                )


def check(
    session: Session,
    organization: Organization,
    draft: BudgetDraft,
    store: CostStore,
    before: BudgetDraft | None = None,
) -> None:
    """Let pass what can be a budget; what is as ``before`` needs no second look.

    Raises:
        Forbidden: the tier has no tag rules.
        Invalid: there is no such currency, or the bills know no such account or tag key.
    """
    if draft.currency not in ISO_4217:
        raise Invalid(f"The field currency is wrong: {draft.currency} is not an ISO 4217 code.")
    if before is None or draft.account != before.account:
        _check_account(asker(session, organization, store), draft)
    if draft.tag_rules and (before is None or draft.tag_rules != before.tag_rules):
        require_feature(tier_of(organization.tier), Feature.TAG_BUDGETS)
        known = report.dimension_names(session, organization, store)
        for rule in draft.tag_rules:
            if TAG_PREFIX + rule.key not in known:
                raise Invalid(f"The field tag_rules is wrong: no charge has the tag {rule.key!a}.")


def _check_account(ask: Ask, draft: BudgetDraft) -> None:
    if draft.account is None:
        return
    today = utc_today()
    recent = DateRange(today - RECENT, today)
    account = draft.model_copy(update={"charge_categories": [], "tag_rules": []})
    if not ask(query_of(account, recent), 1).totals:
        raise Invalid("The field account is wrong: no bill of the last two years holds it.")


def _terms(draft: BudgetDraft) -> Terms:
    return Terms(draft.amount, draft.period, draft.warning_threshold, draft.critical_threshold)


def _columns(draft: BudgetDraft) -> dict[str, Any]:
    """Return the values of a budget's columns: enums as text, rules as JSON."""
    values = draft.model_dump()
    values["period"] = draft.period.value
    values["charge_categories"] = [category.value for category in draft.charge_categories]
    return values


def _told(budget: Budget, found: Figures) -> dict[str, Any]:
    return {
        "budget_id": budget.id,
        "budget_name": budget.name,
        "budget_amount": to_text(budget.amount),
        "currency": budget.currency,
        "account": budget.account,
        "period_start": found.days.first.isoformat(),
        "period_end": found.days.last.isoformat(),
        "current_spend": to_text(found.current_spend),
        "predicted_spend": _text(found.predicted_spend),
        "utilization_percent": _text(found.utilization_percent),
        "days_remaining": found.days_remaining,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else to_text(value)


def _record(
    session: Session,
    caller: Caller,
    action: str,
    budget: Budget,
    *,
    before: BudgetDraft | None = None,
    after: BudgetDraft | None = None,
) -> None:
    audit.record(
        session,
        caller,
        action,
        subject=budget.name,
        subject_id=budget.id,
        before=before.model_dump(mode="json") if before else None,
        after=after.model_dump(mode="json") if after else None,
    )


@contextmanager
def _naming(session: Session, name: str) -> Iterator[None]:
    """Write, or say that another budget has the name."""
    try:
        with writing(session):
            yield
    except IntegrityError:
        raise Conflict(f"There is already a budget called {name}.") from None
