"""What each kind of job is: the one table. ``worker.py`` is the loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import events, queue
from costoptix.anomalies import job as anomalies
from costoptix.bills.intake import receive
from costoptix.bills.ledger import giving_up, importer, restated
from costoptix.budgets import job as budgets
from costoptix.clock import utc_now
from costoptix.demo import acme, life
from costoptix.models import Organization
from costoptix.notify import report_job
from costoptix.queue import Claim, NoPayload


def judge_anew(session: Session, claim: Claim, _config: Config) -> None:
    """Have an organization's anomalies and budgets judged: its data changed."""
    if claim.organization_id is not None:
        judge(session, claim.organization_id)


def judge(session: Session, organization_id: str, *, since: datetime | None = None) -> None:
    """Make the jobs that judge an organization due, unless they were since an instant."""
    for kind in (anomalies.JOB_KIND, budgets.JOB_KIND):
        queue.enqueue_once(session, kind, organization_id, since=since)


def judge_nightly(session: Session) -> None:
    """Have every organization judged that was not yet today: a day that ended is complete now."""
    today = utc_now().date()
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC)
    for organization_id in session.scalars(select(Organization.id)).all():
        judge(session, organization_id, since=midnight)
    budgets.make_due(session)


@dataclass(frozen=True)
class JobKind:
    """What a kind of job does.

    ``run`` must be safe to begin anew. ``give_up`` says, where a person looks, that the job failed
    for the last time; a kind without it has a page that asks ``queue.failed_at``. One that is
    ``bounded`` runs in a child process (``job_process``); imports read in one of their own.
    """

    run: Callable[[Session, Claim, Config], None]
    give_up: Callable[[Session, Claim, Exception], None] | None = None
    bounded: bool = False
    payload: type[BaseModel] = NoPayload


KINDS: dict[str, JobKind] = {
    receive.JOB_KIND: JobKind(importer.run, giving_up.give_up, payload=receive.ImportPayload),
    restated.JOB_KIND: JobKind(restated.run, payload=restated.RestatedPayload),
    acme.JOB_KIND: JobKind(acme.run, bounded=True),
    acme.LIFE_KIND: JobKind(life.run, bounded=True),
    events.DATA_CHANGED: JobKind(judge_anew),
    anomalies.JOB_KIND: JobKind(anomalies.run, bounded=True),
    budgets.JOB_KIND: JobKind(budgets.run, bounded=True),
    report_job.JOB_KIND: JobKind(report_job.run, bounded=True),
}
