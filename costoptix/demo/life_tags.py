"""Rules that clean the tags of Acme Cloud; some of what is typed otherwise is left."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.models import CleaningRule, Organization
from costoptix.tags import service
from costoptix.tags.drafts import RuleDraft

RULES = (
    RuleDraft.model_validate({"key": None, "from": ["Team"], "to": "team"}),
    RuleDraft.model_validate({"key": "team", "from": ["Platform"], "to": "platform"}),
)
"""Not cleaned yet: " org", and the values check-out, Data and ERP of ``team``."""


def settle(session: Session, organization: Organization, maya: Caller) -> None:
    """Make the rules, where there are none yet."""
    mine = select(CleaningRule.id).where(CleaningRule.organization_id == organization.id)
    if session.scalar(mine.limit(1)) is None:
        for draft in RULES:
            service.add_rule(session, organization, maya, draft)
