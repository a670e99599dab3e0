"""The imports of Acme Cloud as of the days on which they would have come, and one that waits."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import Caller
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.demo import acme
from costoptix.demo.bills import copy_for_finance
from costoptix.models import UNFINISHED_STATES, Import, ImportState, Job, JobState, Organization

WAITED = timedelta(seconds=2)
ROWS_A_SECOND = 1500
"""How long an import would have waited for a worker, and how fast it would have been read."""

_JUST_NOW = timedelta(hours=1)


def are_coming(session: Session, organization: Organization) -> bool:
    """Tell whether bills are on their way, or due to be brought."""
    mine = Import.organization_id == organization.id
    unfinished = select(Import.id).where(mine, Import.state.in_(UNFINISHED_STATES))
    bringing = select(Job.id).where(
        Job.organization_id == organization.id,
        Job.kind == acme.JOB_KIND,
        Job.state.in_((JobState.DUE, JobState.RUNNING)),
    )
    return any(session.scalar(one.limit(1)) is not None for one in (unfinished, bringing))


def date_them(session: Session, organization: Organization) -> None:
    """Have the imports of bills of the past be read and live when they came, too.

    What is older now was live before: in the order in which bills are brought it came too late.
    """
    mine = select(Import).where(
        Import.organization_id == organization.id,
        Import.created_at < utc_now() - _JUST_NOW,
        Import.finished_at.is_not(None),
    )
    with writing(session):
        for row in session.scalars(mine):
            if row.started_at is not None and row.started_at - row.created_at > _JUST_NOW:
                row.started_at = row.created_at + WAITED
                row.finished_at = row.started_at + timedelta(seconds=row.rows_read / ROWS_A_SECOND)
                if row.state == ImportState.OLDER:
                    row.message = None
                if row.state in (ImportState.LIVE, ImportState.OLDER):
                    row.live_at = row.finished_at


def bring_copy(session: Session, organization: Organization, maya: Caller, config: Config) -> None:
    """Receive a bill that is live already under another source: its import will wait."""
    bill = copy_for_finance(acme.story_of(organization))
    mine = select(Import.id).where(
        Import.organization_id == organization.id, Import.file_name == bill.name
    )
    if session.scalar(mine.limit(1)) is None:
        acme.bring(session, organization, config, [bill], caller=maya)
