"""Budgets of an organization: made, changed, deleted, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from costoptix import queue
from costoptix.access import audit
from costoptix.access.ownership import get_own
from costoptix.access.permissions import Caller, Permission, require
from costoptix.access.tiers import Feature, require_feature, tier_of
from costoptix.budgets import standings
from costoptix.budgets.drafts import BudgetChange, BudgetDraft
from costoptix.budgets.questions import (
    check_question,
    query_of,
    stored_terms,
    valid_draft,
)
from costoptix.budgets.standings import Standing
from costoptix.clock import utc_today
from costoptix.costs import report
from costoptix.costs.answers import CostStore
from costoptix.costs.asking import Ask, asker
from costoptix.costs.query import TAG_PREFIX
from costoptix.currencies import ISO_4217
from costoptix.database import writing
from costoptix.drafts import read
from costoptix.errors import Conflict, Invalid, wrong_field
from costoptix.models import Budget, Organization, new_id
from costoptix.money import to_text
from costoptix.periods import DateRange

JOB_KIND = "check_budgets"
RECENT = timedelta(days=730)
"""An account that a budget is about must have been billed within this time."""

_ASKED = ("currency", "period", "account", "metric", "charge_categories", "tag_rules")
"""The fields that decide whether a budget can be computed."""


def create(
    session: Session, organization: Organization, caller: Caller, draft: BudgetDraft,
    store: CostStore,
) -> Budget:  # fmt: skip
    """Make a budget, with how it stands.

    Raises:
        Forbidden: the caller may only read; or the tier has no tag rules.
        Invalid: the bills know no such currency, account or tag key; or it cannot be computed.
        Conflict: another budget has the name.
    """
    require(caller, Permission.WRITE)
    check(session, organization, draft, store)
    standing = _standing(session, organization, draft, store)
    budget = Budget(
        id=new_id(), organization_id=organization.id, created_by=caller.label, **_columns(draft)
    )
    with _naming(session, draft.name):
        session.add(budget)
        session.flush()
        standings.keep(session, budget, standing)
        _record(session, caller, "budget.created", budget, after=_written(draft))
        queue.enqueue_once(session, JOB_KIND, organization.id)
    return budget


def change(
    session: Session, organization: Organization, caller: Caller, budget: Budget,
    changed: BudgetChange, store: CostStore,
) -> None:  # fmt: skip
    """Change a budget, and how it stands.

    One that could not be computed before may be changed as long as its question stays.

    Raises:
        Forbidden, Invalid, Conflict: as ``create``.
    """
    require(caller, Permission.WRITE)
    before, written_before = valid_draft(budget), _written_as_stored(budget)
    draft = read(BudgetDraft, {**stored_terms(budget), **changed.changes()})
    check(session, organization, draft, store, before)
    standing = _standing(session, organization, draft, store, before)
    with _naming(session, draft.name):
        for name, value in _columns(draft).items():
            setattr(budget, name, value)
        session.flush()
        standings.keep(session, budget, standing)
        _record(
            session, caller, "budget.changed", budget, before=written_before, after=_written(draft)
        )
        queue.enqueue_once(session, JOB_KIND, organization.id)


def delete(session: Session, caller: Caller, budget: Budget) -> None:
    """Delete a budget; the audit log and the events keep what was.

    Raises:
        Forbidden: the caller may only read.
    """
    require(caller, Permission.WRITE)
    with writing(session):
        _record(session, caller, "budget.deleted", budget, before=_written_as_stored(budget))
        session.delete(budget)


def get(session: Session, organization: Organization, budget_id: str) -> Budget:
    """Return a budget of the organization.

    Raises:
        NotFound: there is none of that id, or it is another organization's.
    """
    return get_own(session, Budget, organization, budget_id)


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
        Invalid: there is no such currency, the bills know no such account or tag key, or its
            figures cannot be asked for.
    """
    if draft.currency not in ISO_4217:
        raise wrong_field("currency", f"{draft.currency} is not an ISO 4217 code")
    check_question(draft, utc_today())
    if before is None or draft.account != before.account:
        _check_account(asker(session, organization, store), draft)
    if draft.tag_rules and (before is None or draft.tag_rules != before.tag_rules):
        require_feature(tier_of(organization.tier), Feature.TAG_BUDGETS)
        dimensions = report.dimension_names(session, organization, store)
        for number, rule in enumerate(draft.tag_rules):
            if TAG_PREFIX + rule.key not in dimensions:
                reason = f"no charge has the tag {rule.key!a}"
                field = f"tag_rules.{number}.key"
                raise Invalid(
                    f"The field tag_rules is wrong: {reason}.", field=field, reason=reason
                )


def _check_account(ask: Ask, draft: BudgetDraft) -> None:
    if draft.account is None:
        return
    today = utc_today()
    recent = DateRange(today - RECENT, today)
    account = draft.model_copy(update={"charge_categories": [], "tag_rules": []})
    if not ask(query_of(account, recent), 1).totals:
        raise wrong_field("account", "no bill of the last two years holds it")


def _standing(
    session: Session,
    organization: Organization,
    draft: BudgetDraft,
    store: CostStore,
    before: BudgetDraft | None = None,
) -> Standing:
    """Work out how a budget stands before it is kept.

    Raises:
        Invalid: it cannot be computed, and was not asked like that before.
    """
    standing = standings.compute(session, organization, draft, store)
    is_asked_anew = before is None or any(
        getattr(draft, name) != getattr(before, name) for name in _ASKED
    )
    if standing.error is not None and is_asked_anew:
        raise Invalid(f"This budget {standing.error}.")
    return standing


def _columns(draft: BudgetDraft) -> dict[str, Any]:
    """Return the values of a budget's columns: enums as text, rules as JSON."""
    values = draft.model_dump()
    values["period"] = draft.period.value
    values["charge_categories"] = [category.value for category in draft.charge_categories]
    return values


def _written(draft: BudgetDraft) -> dict[str, Any]:
    """Write what a budget says for the audit log."""
    return draft.model_dump(mode="json")


def _written_as_stored(budget: Budget) -> dict[str, Any]:
    """Write what a budget says for the audit log, even where no budget can be like that today."""
    if (draft := valid_draft(budget)) is not None:
        return _written(draft)
    return {
        name: to_text(value) if isinstance(value, Decimal) else value
        for name, value in stored_terms(budget).items()
    }


def _record(
    session: Session,
    caller: Caller,
    action: str,
    budget: Budget,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        session,
        caller,
        action,
        subject=budget.name,
        subject_id=budget.id,
        before=before,
        after=after,
    )


@contextmanager
def _naming(session: Session, name: str) -> Iterator[None]:
    """Write, or say that another budget has the name."""
    try:
        with writing(session):
            yield
    except IntegrityError:
        reason = f"there is already a budget called {name}"
        raise Conflict(f"T{reason[1:]}.", field="name", reason=reason) from None
