"""Background work: a row is the job, a conditional UPDATE with a lease is the claim.

A job runs at least once: a worker that dies loses its lease, and the next one takes the job up
again. What a job does must therefore be safe to begin anew.

A claim is a value and never the row: a row is read anew in each transaction, so that its token
would be compared with itself once another worker has taken the job.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import JOB_MOVES, Job, JobState, Organization, WorkerHeartbeat, new_id

LEASE = timedelta(seconds=60)
"""How long a job is a dead worker's: the next one waits so long before it takes the job up."""
MAX_ATTEMPTS = 5
RENEW_SECONDS = 15.0
"""How often the lease of a job that runs is renewed: three times can fail before it ends."""
RETRY_AFTER = timedelta(seconds=10)
"""Doubled at each attempt: the last of five comes five minutes after the first."""
MISSED_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Claim:
    """A job that is ours while its row holds our token; ``attempts`` counts this one."""

    id: str
    kind: str
    organization_id: str | None
    payload: Mapping[str, Any]
    token: str
    attempts: int

    @property
    def is_last(self) -> bool:
        """Tell whether the job is given up if this attempt fails."""
        return self.attempts >= MAX_ATTEMPTS


class NoPayload(BaseModel):
    """What the job of a kind needs that is about an organization and nothing more."""


class Abandoned(Exception):
    """The worker died at each attempt at the job."""

    def __init__(self) -> None:
        super().__init__(f"the worker was ended {MAX_ATTEMPTS} times while it did this job")


class LeaseLost(Exception):
    """Another worker has taken the job up: this one must not go on."""


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
    waiting = Job.state == JobState.DUE
    if since is not None:
        waiting |= Job.created_at >= since
    with writing(session):
        # On PostgreSQL `writing` keeps nobody out: workers that looked at the same moment made the
        # same night's judgement up to three times. Rows that refer to this one are not held up.
        ours = select(Organization.id).where(Organization.id == organization_id)
        session.execute(ours.with_for_update(key_share=True))
        waits = select(Job.id).where(
            Job.kind == kind, Job.organization_id == organization_id, waiting
        )
        if session.scalar(waits.limit(1)) is None:
            enqueue(session, kind, {}, organization_id=organization_id)


def claim(
    session: Session, job_id: str | None = None, *, kinds: Collection[str] | None = None
) -> Claim | None:
    """Take the job that is due first, or whose worker died, for one ``LEASE``; None if none is.

    With ``job_id`` that one or none; with ``kinds`` none of another kind. A job whose workers
    died ``MAX_ATTEMPTS`` times is not taken: see ``claim_abandoned``.
    """
    with writing(session):
        now = utc_now()
        return _take(session, now, _is_free(now, job_id, kinds), Job.attempts < MAX_ATTEMPTS)


def claim_abandoned(
    session: Session, job_id: str | None = None, *, kinds: Collection[str] | None = None
) -> Claim | None:
    """Take a job whose worker died at the last attempt, to be given up and not to be run."""
    with writing(session):
        now = utc_now()
        return _take(session, now, _is_free(now, job_id, kinds), Job.attempts >= MAX_ATTEMPTS)


def _is_free(
    now: datetime, job_id: str | None, kinds: Collection[str] | None
) -> ColumnElement[bool]:
    is_dead = (Job.state == JobState.RUNNING) & (Job.lease_until < now)
    free = or_(Job.state == JobState.DUE, is_dead) & (Job.run_at <= now)
    if job_id is not None:
        free &= Job.id == job_id
    if kinds is not None:
        free &= Job.kind.in_(kinds)
    return free


def _take(
    session: Session, now: datetime, free: ColumnElement[bool], tried: ColumnElement[bool]
) -> Claim | None:
    # Two workers on PostgreSQL do not wait for each other's row: the second takes the next one.
    first = select(Job.id, Job.attempts).where(free, tried).order_by(Job.run_at, Job.id).limit(1)
    candidate = session.execute(first.with_for_update(skip_locked=True)).one_or_none()
    if candidate is None:
        return None
    attempts = min(candidate.attempts + 1, MAX_ATTEMPTS)
    token = new_id()
    taken = session.execute(
        update(Job)
        .where(Job.id == candidate.id)
        .values(
            state=JobState.RUNNING,
            lease_token=token,
            lease_until=now + LEASE,
            # At the claim, since a job that kills its worker never comes to its end: such a job was
            # once taken for ever, and as the oldest kept all others waiting.
            attempts=attempts,
            run_at=now + _delay(attempts),  # should it be killed: others are older by then
        )
        .returning(Job.id, Job.kind, Job.organization_id, Job.payload)
        .execution_options(synchronize_session=False)
    ).one()
    return Claim(taken.id, taken.kind, taken.organization_id, taken.payload, token, attempts)


def _delay(attempts: int) -> timedelta:
    """Return how long a job waits after so many attempts."""
    return RETRY_AFTER * (1 << attempts)


def extend(session: Session, claim: Claim) -> bool:
    """Renew the lease; False when the job was taken by another worker meanwhile: stop then."""
    return _move(session, claim, JobState.RUNNING, lease_until=utc_now() + LEASE)


def hold(session: Session, claim: Claim) -> None:
    """Renew the lease in the transaction that makes anything of the job count.

    No other worker can take the job before that transaction ends.

    Raises:
        LeaseLost: another worker has it.
    """
    if not extend(session, claim):
        raise LeaseLost(claim.id)


def finish(session: Session, claim: Claim) -> bool:
    """Mark the job as done; False when it was no longer ours."""
    return _move(session, claim, JobState.DONE, finished_at=utc_now(), lease_token=None)


def release(session: Session, claim: Claim) -> bool:
    """Put the job back untried, because its worker is asked to stop; False as in ``finish``."""
    attempts = claim.attempts - 1
    return _move(
        session, claim, JobState.DUE, run_at=utc_now(), attempts=attempts, lease_token=None
    )


def fail(session: Session, claim: Claim, error: str) -> bool:
    """Put the job back for a later try, or give up the last one; False as in ``finish``."""
    if claim.is_last:
        return give_up(session, claim, error)
    later = utc_now() + _delay(claim.attempts)
    return _move(session, claim, JobState.DUE, run_at=later, error=error, lease_token=None)


def give_up(session: Session, claim: Claim, error: str) -> bool:
    """Have the job failed for good; False as in ``finish``."""
    return _move(
        session, claim, JobState.FAILED, finished_at=utc_now(), error=error, lease_token=None
    )


def unknown_kinds(session: Session, kinds: Collection[str]) -> set[str]:
    """Return the kinds of jobs that are not ended and not among those that a worker knows."""
    open_jobs = Job.state.in_((JobState.DUE, JobState.RUNNING))
    query = select(Job.kind).where(open_jobs, Job.kind.not_in(kinds))
    return set(session.scalars(query.distinct()))


def failed_at(session: Session, kind: str, organization_id: str) -> datetime | None:
    """Return when an organization's newest job of a kind that ended was given up.

    None when it was done, or none has ended.
    """
    newest = (
        select(Job.state, Job.finished_at)
        .where(
            Job.organization_id == organization_id,
            Job.kind == kind,
            Job.finished_at.is_not(None),
        )
        .order_by(Job.finished_at.desc())
        .limit(1)
    )
    ended = session.execute(newest).one_or_none()
    return ended.finished_at if ended is not None and ended.state == JobState.FAILED else None


def has_worker(session: Session) -> bool:
    """Tell whether a worker was seen within the last minute.

    One that is at a long job renews the lease of that job, not its heartbeat.
    """
    now = utc_now()
    is_seen = exists().where(WorkerHeartbeat.seen_at > now - MISSED_AFTER)
    is_at_work = exists().where(Job.state == JobState.RUNNING, Job.lease_until > now)
    return bool(session.scalar(select(or_(is_seen, is_at_work))))


def _move(session: Session, claim: Claim, state: JobState, **values: Any) -> bool:
    """Change the job only while our token is on it."""
    before = [earlier for earlier, moves in JOB_MOVES.items() if state in moves]
    with writing(session):
        moved = session.scalar(
            update(Job)
            .where(Job.id == claim.id, Job.lease_token == claim.token, Job.state.in_(before))
            .values(state=state, **values)
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
    return moved is not None
