"""The job "detect_anomalies": after every change of the data, and nightly."""

from __future__ import annotations

from functools import partial

from sqlalchemy.orm import Session

from config import Config
from costoptix import queue
from costoptix.anomalies import service
from costoptix.costs.answers import CostStore
from costoptix.models import Organization
from costoptix.queue import Claim

JOB_KIND = "detect_anomalies"


def run(session: Session, claim: Claim, config: Config) -> None:
    """Detect for the organization of a job. Done twice, it changes nothing.

    Raises:
        LeaseLost: another worker has the job now; nothing was kept.
    """
    organization = session.get(Organization, claim.organization_id)
    if organization is None:
        return
    with CostStore(config.lake_dir, config.temp_dir) as store:
        service.run(session, organization, store, partial(queue.hold, session, claim))
