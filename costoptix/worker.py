"""The background worker: claims jobs, does them, and keeps the house in order."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType

from sqlalchemy.orm import Session

from config import Config
from costoptix import job_process, jobs, lease, queue
from costoptix.access import audit_pruning, expiring_keys, idempotency
from costoptix.bills.intake import inbox
from costoptix.bills.ledger import housekeeping
from costoptix.clock import utc_now
from costoptix.database import delete_in_batches, shrink_log, writing
from costoptix.models import Job, WorkerHeartbeat
from costoptix.notify import dispatches, report_job
from costoptix.notify.sender import Sender
from costoptix.queue import Abandoned, Claim
from costoptix.version import __version__

IDLE_SECONDS = 1.0
RECOVERY_SECONDS = 5.0
"""How long the worker waits before it asks a database again that did not answer."""
HEARTBEAT_SECONDS = 10.0  # pages say that no worker is there after a minute without one
SCAN_SECONDS = 15.0
LOG_SECONDS = 60.0
HOUSEKEEPING_SECONDS = 600.0
JOBS_KEPT = timedelta(days=30)
HEARTBEATS_KEPT = timedelta(days=1)

logger = logging.getLogger(__name__)


class Stopped(BaseException):
    """The process was asked to end: what it does is put back and begun anew by the next."""


def run(sessions: Callable[[], Session], config: Config, *, once: bool) -> None:
    """Do jobs until SIGTERM or SIGINT; with ``once`` until none is due.

    ``sessions`` makes a session of the SQL database; it is closed here.
    """
    with _ending_by_signal():
        try:
            worker, sender = _Worker(sessions, config), Sender(sessions, config)
            if once:
                worker.run(once=True)
                sender.drain()
            else:
                with sender:
                    worker.run(once=False)
        except Stopped:
            logger.info("worker stopped")


def run_job(session: Session, config: Config, job_id: str) -> bool:
    """Do one job in the foreground; False when another worker has it or it is not due."""
    return _do_next(session, config, job_id)


@dataclass
class _Chore:
    """A part of keeping house, done by itself: what happens to one is nothing to the others."""

    name: str
    every: float  # seconds
    do: Callable[[Session], object]
    next_at: float = 0.0  # of the monotonic clock


class _Worker:
    def __init__(self, sessions: Callable[[], Session], config: Config) -> None:
        self._sessions = sessions
        self._config = config
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._started_at = utc_now()
        self._watch = inbox.Watch()
        self._once = False
        self._unknown_kinds: set[str] = set()
        self._parts = (
            _Chore("the sign of life", HEARTBEAT_SECONDS, self._show_life),
            _Chore("the inbox", SCAN_SECONDS, self._scan),
            _Chore("jobs of unknown kinds", SCAN_SECONDS, self._note_unknown_kinds),
            _Chore("the write-ahead log", LOG_SECONDS, _shrink_log),
            _Chore("the nightly judgement", HOUSEKEEPING_SECONDS, jobs.judge_nightly),
            _Chore("reports", HOUSEKEEPING_SECONDS, report_job.make_due),
            _Chore("old jobs", HOUSEKEEPING_SECONDS, prune),
            _Chore("keys that expire", HOUSEKEEPING_SECONDS, expiring_keys.tell_expiring),
            _Chore("the log of channels", HOUSEKEEPING_SECONDS, dispatches.prune),
            _Chore("answered requests", HOUSEKEEPING_SECONDS, idempotency.prune),
            _Chore("the audit log", HOUSEKEEPING_SECONDS, self._keep_audit_log),
            _Chore("old deliveries", HOUSEKEEPING_SECONDS, housekeeping.prune_history),
            _Chore("files that nothing names", HOUSEKEEPING_SECONDS, self._sweep),
        )

    def run(self, *, once: bool) -> None:
        self._once = once
        while True:
            is_busy = self._do_next(once=once)  # before the house: no folder comes before a job
            is_busy |= self._keep_house()
            if is_busy:
                continue
            if once:
                return
            time.sleep(IDLE_SECONDS)

    def _do_next(self, *, once: bool) -> bool:
        try:
            with self._sessions() as session:
                return _do_next(session, self._config)
        except Exception as error:
            if once:
                raise
            # A restarted database is no reason to end: every other worker would end as well.
            logger.warning("the next job could not be taken or ended, trying again: %s", error)
            time.sleep(RECOVERY_SECONDS)
            return False

    def _keep_house(self) -> bool:
        """Do the parts that are due; return whether any was."""
        due = [part for part in self._parts if time.monotonic() >= part.next_at]
        for part in due:
            part.next_at = time.monotonic() + part.every
            try:
                with self._sessions() as session:
                    part.do(session)
            except Exception:
                logger.exception("keeping house failed for now: %s", part.name)
        return bool(due)

    def _scan(self, session: Session) -> None:
        """Look into the inbox; with ``once`` until all that lies there is taken in."""
        while inbox.scan(session, self._config, watch=self._watch) and self._once:
            if not self._watch.is_unfinished:
                return

    def _show_life(self, session: Session) -> None:
        with writing(session):
            session.merge(
                WorkerHeartbeat(
                    id=self._name, seen_at=utc_now(),
                    started_at=self._started_at, version=__version__,
                )
            )  # fmt: skip

    def _note_unknown_kinds(self, session: Session) -> None:
        """Say once of each kind that its jobs wait for a worker of another version."""
        for kind in queue.unknown_kinds(session, jobs.KINDS) - self._unknown_kinds:
            self._unknown_kinds.add(kind)
            logger.warning(
                "jobs of the kind %s are left for a newer worker: this version does not know it",
                kind,
            )

    def _keep_audit_log(self, session: Session) -> None:
        audit_pruning.keep(session, self._config.audit_days)

    def _sweep(self, session: Session) -> None:
        housekeeping.sweep(session, self._config)


def _shrink_log(session: Session) -> None:
    shrink_log(session.get_bind().engine)


def prune(session: Session) -> None:
    """Forget jobs that ended long ago and workers that are gone."""
    now = utc_now()
    delete_in_batches(session, Job.id, Job.finished_at < now - JOBS_KEPT)
    delete_in_batches(session, WorkerHeartbeat.id, WorkerHeartbeat.seen_at < now - HEARTBEATS_KEPT)


def _do_next(session: Session, config: Config, job_id: str | None = None) -> bool:
    """Do the next job, or the one of an id; False when there is none to be done."""
    abandoned = queue.claim_abandoned(session, job_id, kinds=jobs.KINDS)
    if abandoned is not None:
        logger.error("job %s (%s) is given up: its workers died", abandoned.id, abandoned.kind)
        _fail(session, abandoned, Abandoned())
        return True
    claim = queue.claim(session, job_id, kinds=jobs.KINDS)
    if claim is None:
        return False
    _do(session, claim, config)
    return True


def _do(session: Session, claim: Claim, config: Config) -> None:
    """Run a job to its end; whatever it raises is logged and the job tried again later."""
    try:
        with lease.kept(session.get_bind(), claim):
            _run(session, claim, config)
        queue.finish(session, claim)
    except queue.LeaseLost:
        session.rollback()
        logger.warning("job %s was taken up by another worker", claim.id)
    except Stopped:
        session.rollback()
        queue.release(session, claim)
        raise
    except Exception as error:
        session.rollback()
        logger.exception("job %s (%s) failed", claim.id, claim.kind)
        _fail(session, claim, error)


def _run(session: Session, claim: Claim, config: Config) -> None:
    kind = jobs.KINDS[claim.kind]
    kind.payload.model_validate(claim.payload)
    if kind.bounded:
        job_process.run(claim, config)
    else:
        kind.run(session, claim, config)


def _fail(session: Session, claim: Claim, error: Exception) -> None:
    """Put the job back, or give it up and say so where a person looks, in one transaction."""
    give_up = jobs.KINDS[claim.kind].give_up
    with writing(session):
        is_ours = queue.fail(session, claim, _reason(error))
        if is_ours and claim.is_last and give_up is not None:
            give_up(session, claim, error)


def _reason(error: Exception) -> str:
    if isinstance(error, (job_process.JobFailed, Abandoned)):
        return str(error)[:1000]
    return f"{type(error).__name__}: {error}"[:1000]


@contextmanager
def _ending_by_signal() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
