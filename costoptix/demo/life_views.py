"""The saved views of Acme Cloud: two that all see, and one of the admin's own."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access import sessions
from costoptix.access.permissions import Caller
from costoptix.demo.company import ACCOUNTS
from costoptix.models import Organization, SavedView, User
from costoptix.views import service
from costoptix.views.drafts import ViewDraft

STAGING = ACCOUNTS["aws-staging"]

SHARED = (
    ViewDraft(
        name="Teams, month by month",
        question="range=last_6_months&granularity=monthly&group_by=tag:team",
        shared=True,
    ),
    ViewDraft(
        name="Clouds, month by month",
        question="range=last_6_months&granularity=monthly&group_by=provider_name",
        shared=True,
    ),
)
PERSONAL = ViewDraft(
    name="Staging, day by day",
    question="range=last_30_days&granularity=daily&group_by=service_name"
    f"&account={STAGING.provider.slug}:{STAGING.id}",
    shared=False,
)


def settle(session: Session, organization: Organization, maya: Caller, admin: User) -> None:
    """Make the views that are missing."""
    mine = select(SavedView.name).where(SavedView.organization_id == organization.id)
    there = set(session.scalars(mine))
    views = [*((maya, draft) for draft in SHARED), (sessions.caller_of(admin, ""), PERSONAL)]
    for owner, draft in views:
        if draft.name not in there:
            service.create(session, organization, owner, draft)
