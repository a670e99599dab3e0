"""The job "detect_anomalies": after every change of the data, and nightly."""

from __future__ import annotations

from sqlalchemy.orm import Session

from config import Config
from costoptix.anomalies import service
from costoptix.costs.answers import CostStore
from costoptix.models import Organization
from costoptix.queue import Claim

JOB_KIND = "detect_anomalies"


def run(session: Session, claim: Claim, config: Config) -> None:
    """Detect for the organization of a job. Done twice, it changes nothing."""
    organization = session.get(Organization, claim.organization_id)
    if organization is not None:
        service.run(session, organization, CostStore(config.lake_dir, config.temp_dir))
