"""The job "detect_anomalies": after every change of the data, and nightly."""

from __future__ import annotations

from sqlalchemy.orm import Session

from config import Config
from costoptix.anomalies import service
from costoptix.costs.answers import CostStore
from costoptix.models import Job, Organization

JOB_KIND = "detect_anomalies"


def run(session: Session, job: Job, config: Config) -> None:
    """Detect for the organization of a job. Done twice, it changes nothing."""
    organization = session.get(Organization, job.organization_id)
    if organization is not None:
        service.run(session, organization, CostStore(config.lake_dir, config.temp_dir))
