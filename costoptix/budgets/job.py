"""The job "check_budgets": after every change of the data or of a budget, and nightly."""

from __future__ import annotations

from sqlalchemy.orm import Session

from config import Config
from costoptix.budgets import service
from costoptix.costs.answers import CostStore
from costoptix.models import Organization
from costoptix.queue import Claim

JOB_KIND = service.JOB_KIND


def run(session: Session, claim: Claim, config: Config) -> None:
    """Raise the crossings of an organization's budgets; a second run raises nothing new."""
    organization = session.get(Organization, claim.organization_id)
    if organization is None:
        return
    with CostStore(config.lake_dir, config.temp_dir) as store:
        service.tell(session, organization, store)
