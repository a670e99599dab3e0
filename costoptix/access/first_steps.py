"""What a team does first, as a checklist: each step is ticked by what is there.

It belongs to the organization: an admin dismisses it for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller, Permission, require
from costoptix.access.tiers import tier_of
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import ApiKey, Budget, Channel, Delivery, Organization, User


class FirstStep(StrEnum):
    """A step of the first hour, in its order."""

    BILL = "bill"
    BUDGET = "budget"
    CHANNEL = "channel"
    COLLEAGUE = "colleague"
    KEY = "key"


def checklist(session: Session, organization: Organization) -> Mapping[FirstStep, bool] | None:
    """Tell which steps are done; None where all are, or the checklist was dismissed.

    A tier for one person has no step for a colleague.
    """
    if organization.checklist_dismissed_at is not None:
        return None
    mine = organization.id
    users = select(func.count()).select_from(User).where(User.organization_id == mine)
    row = session.execute(
        select(
            exists().where(Delivery.organization_id == mine, Delivery.is_live),
            exists().where(Budget.organization_id == mine),
            exists().where(Channel.organization_id == mine),
            users.scalar_subquery() > 1,
            exists().where(ApiKey.organization_id == mine, ApiKey.revoked_at.is_(None)),
        )
    ).one()
    steps = {step: bool(done) for step, done in zip(FirstStep, row, strict=True)}
    if tier_of(organization.tier).users == 1:
        del steps[FirstStep.COLLEAGUE]
    return None if all(steps.values()) else steps


def dismiss(session: Session, organization: Organization, caller: Caller) -> None:
    """Show the checklist no more.

    Raises:
        Forbidden: the caller is not an admin.
    """
    require(caller, Permission.ADMIN)
    with writing(session):
        organization.checklist_dismissed_at = utc_now()
