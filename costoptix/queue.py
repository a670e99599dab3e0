"""Background work: a row is the job, a conditional UPDATE with a lease is the claim.

A job runs at least once: a worker that dies loses its lease, and the next one takes the job up
again. What a job does must therefore be safe to begin anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import Job, WorkerHeartbeat, new_id

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5
RETRY_AFTER = timedelta(seconds=10)
MISSED_AFTER = timedelta(minutes=1)


def enqueue(
    session: Session,
    kind: str,
    payload: dict[str, Any],
    *,
    organization_id: str | None = None,
    run_at: datetime | None = None,
) -> Job:
    """Add a job, in the transaction of what makes it necessary."""
    job = Job(
        kind=kind, payload=payload, organization_id=organization_id, run_at=run_at or utc_now()
    )
    with writing(session):
        session.add(job)
    return job


def enqueue_once(
    session: Session, kind: str, organization_id: str, *, since: datetime | None = None
) -> None:
    """Add a job for an organization unless one waits already, or was made at ``since`` or later.

    One that runs does not count: it may have looked before what makes this one necessary.
    """
    waiting = Job.state == "due"
    if since is not None:
        waiting |= Job.created_at >= since
    with writing(session):
        known = select(Job.id).where(
            Job.kind == kind, Job.organization_id == organization_id, waiting
        )
        if session.scalar(known.limit(1)) is None:
            enqueue(session, kind, {}, organization_id=organization_id)


def claim(session: Session, job_id: str | None = None) -> Job | None:
    """Take the oldest job that is due (or whose worker died) for one ``LEASE``; None if none is.

    With ``job_id`` that one or none.
    """
    now = utc_now()
    claimable = or_(Job.state == "due", (Job.state == "running") & (Job.lease_until < now))
    if job_id is not None:
        claimable &= Job.id == job_id
    candidate = (
        select(Job.id).where(claimable, Job.run_at <= now).order_by(Job.run_at, Job.id).limit(1)
    )
    with writing(session):
        job_id = session.scalar(candidate)
        if job_id is None:
            return None
        token = new_id()
        taken = session.scalar(
            update(Job)
            .where(Job.id == job_id, claimable)
            .values(
                state="running",
                lease_token=token,
                lease_until=now + LEASE,
                attempts=Job.attempts + 1,
            )
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
        if taken is None:  # another worker was quicker (PostgreSQL)
            return None
        return session.scalars(
            select(Job).where(Job.id == job_id).execution_options(populate_existing=True)
        ).one()


def extend(session: Session, job: Job) -> bool:
    """Renew the lease; False when the job was taken by another worker meanwhile: stop then."""
    return _close(session, job, lease_until=utc_now() + LEASE)


def finish(session: Session, job: Job) -> bool:
    """Mark the job as done; False when it was no longer ours."""
    return _close(session, job, state="done", finished_at=utc_now(), lease_token=None)


def release(session: Session, job: Job) -> bool:
    """Put the job back untried, because its worker is asked to stop."""
    return _close(session, job, state="due", attempts=job.attempts - 1, lease_token=None)


def fail(session: Session, job: Job, error: str) -> bool:
    """Put the job back for a later try, or give it up after ``MAX_ATTEMPTS``."""
    if job.attempts < MAX_ATTEMPTS:
        later = utc_now() + RETRY_AFTER * 2**job.attempts
        return _close(session, job, state="due", run_at=later, error=error, lease_token=None)
    return _close(
        session, job, state="failed", finished_at=utc_now(), error=error, lease_token=None
    )


def has_worker(session: Session) -> bool:
    """Tell whether a worker was seen within the last minute.

    One that is at a long job renews the lease of that job, not its heartbeat.
    """
    now = utc_now()
    is_seen = exists().where(WorkerHeartbeat.seen_at > now - MISSED_AFTER)
    is_at_work = exists().where(Job.state == "running", Job.lease_until > now)
    return bool(session.scalar(select(or_(is_seen, is_at_work))))


def _close(session: Session, job: Job, **values: Any) -> bool:
    """Change the job only while our lease token is on it."""
    with writing(session):
        changed = session.scalar(
            update(Job)
            .where(Job.id == job.id, Job.lease_token == job.lease_token)
            .values(**values)
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
    return changed is not None
