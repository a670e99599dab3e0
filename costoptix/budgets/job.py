"""The job "check_budgets": after every change of the data or of a budget, and nightly."""

from __future__ import annotations

from sqlalchemy.orm import Session

from config import Config
from costoptix.budgets import service
from costoptix.costs.answers import CostStore
from costoptix.models import Job, Organization

JOB_KIND = service.JOB_KIND


def run(session: Session, job: Job, config: Config) -> None:
    """Tell of crossings of the organization of a job. Done twice, it tells nothing new."""
    organization = session.get(Organization, job.organization_id)
    if organization is not None:
        service.tell(session, organization, CostStore(config.lake_dir, config.temp_dir))
