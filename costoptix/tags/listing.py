"""The rules of tags of an organization, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from costoptix.models import CleaningRule, Organization


class RuleOrder(StrEnum):
    """By what rules are listed."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    KEY = "key"
    KEY_LAST = "-key"
    TO = "to"
    TO_LAST = "-to"


_STEPS: dict[RuleOrder, tuple[Any, ...]] = {
    RuleOrder.NEWEST: (CleaningRule.created_at.desc(), CleaningRule.id.desc()),
    RuleOrder.OLDEST: (CleaningRule.created_at, CleaningRule.id),
    RuleOrder.KEY: (func.coalesce(CleaningRule.key, ""), CleaningRule.to, CleaningRule.id),
    RuleOrder.KEY_LAST: (
        func.coalesce(CleaningRule.key, "").desc(),
        CleaningRule.to,
        CleaningRule.id,
    ),
    RuleOrder.TO: (CleaningRule.to, CleaningRule.id),
    RuleOrder.TO_LAST: (CleaningRule.to.desc(), CleaningRule.id),
}


def list_rules(
    session: Session,
    organization: Organization,
    order: RuleOrder = RuleOrder.NEWEST,
    *,
    limit: int,
    offset: int = 0,
) -> Sequence[CleaningRule]:
    """List rules; ordered by key, those that rename keys come first."""
    return session.scalars(
        select(CleaningRule)
        .where(CleaningRule.organization_id == organization.id)
        .order_by(*_STEPS[order])
        .limit(limit)
        .offset(offset)
        .options(selectinload(CleaningRule.names))
    ).all()


def count_rules(session: Session, organization: Organization) -> int:
    """Count the rules."""
    mine = CleaningRule.organization_id == organization.id
    return session.execute(select(func.count()).where(mine)).scalar_one()
