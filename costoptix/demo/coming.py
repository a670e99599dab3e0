"""How far the demo's bills are: its last months are in soon, the others come from the worker."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix import queue
from costoptix.bills.intake import receive
from costoptix.demo import acme
from costoptix.demo.bills import MONTHS
from costoptix.demo.company import PROVIDERS
from costoptix.models import Delivery, Job, JobState, Organization

RECENT_MONTHS = 3
"""How many months are enough to open the pages on: the running one, and two to compare with."""


@dataclass(frozen=True)
class DemoProgress:
    """How many bills of the demo are in, of how many."""

    done: int
    total: int

    @property
    def is_open(self) -> bool:
        """Tell whether the months are in that pages open on."""
        return self.done >= RECENT_MONTHS * len(PROVIDERS)


def make_rest_due(session: Session, organization: Organization) -> None:
    """Have a worker bring the bills that are missing, unless that is due already."""
    queue.enqueue_once(session, acme.JOB_KIND, organization.id)


def progress(session: Session, organization: Organization) -> DemoProgress | None:
    """Return how far the bills of the demo are; None where none is on its way."""
    mine = Job.organization_id == organization.id
    is_open = Job.state.in_((JobState.DUE, JobState.RUNNING))
    brings = Job.kind == acme.JOB_KIND
    if session.scalar(select(Job.id).where(mine, brings).limit(1)) is None:
        return None
    imports = Job.kind == receive.JOB_KIND
    if session.scalar(select(Job.id).where(mine, is_open, brings | imports).limit(1)) is None:
        return None
    live = select(Delivery.source_id, Delivery.billing_period).where(
        Delivery.organization_id == organization.id, Delivery.is_live
    )
    total = MONTHS * len(PROVIDERS)
    done = session.scalar(select(func.count()).select_from(live.distinct().subquery())) or 0
    return DemoProgress(done, total) if done < total else None
