"""The background worker: claims jobs, does them, and keeps the house in order."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from config import Config
from costoptix import jobs, queue
from costoptix.bills.intake import inbox, receive
from costoptix.bills.ledger import housekeeping, importer
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import Job, Organization, WorkerHeartbeat
from costoptix.queue import Claim

IDLE_SECONDS = 1.0
HEARTBEAT_SECONDS = 10.0
SCAN_SECONDS = 15.0
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
            _Worker(sessions, config).run(once=once)
        except Stopped:
            logger.info("worker stopped")


def run_job(session: Session, config: Config, job_id: str) -> bool:
    """Do one job in the foreground; False when another worker has it or it is not due."""
    claim = queue.claim(session, job_id)
    if claim is None:
        return False
    _do(session, claim, config)
    return True


class _Worker:
    def __init__(self, sessions: Callable[[], Session], config: Config) -> None:
        self._sessions = sessions
        self._config = config
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._next_heartbeat = self._next_scan = self._next_housekeeping = 0.0

    def run(self, *, once: bool) -> None:
        while True:
            with self._sessions() as session:
                self._keep_house(session)
                claim = queue.claim(session)
                if claim is not None:
                    _do(session, claim, self._config)
            if claim is None:
                if once:
                    return
                time.sleep(IDLE_SECONDS)

    def _keep_house(self, session: Session) -> None:
        now = time.monotonic()
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + HEARTBEAT_SECONDS
            with writing(session):
                session.merge(WorkerHeartbeat(id=self._name, seen_at=utc_now()))
        if now >= self._next_scan:
            self._next_scan = now + SCAN_SECONDS
            inbox.scan(session, self._config)
        if now >= self._next_housekeeping:
            self._next_housekeeping = now + HOUSEKEEPING_SECONDS
            judge_nightly(session)
            prune(session)
            housekeeping.prune_history(session)
            housekeeping.sweep(session, self._config)


def judge_nightly(session: Session) -> None:
    """Have every organization judged that was not yet today: a day that ended is complete now."""
    today = utc_now().date()
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC)
    for organization_id in session.scalars(select(Organization.id)).all():
        jobs.judge(session, organization_id, since=midnight)


def prune(session: Session) -> None:
    """Forget jobs that ended long ago and workers that are gone."""
    now = utc_now()
    with writing(session):
        session.execute(delete(Job).where(Job.finished_at < now - JOBS_KEPT))
        session.execute(
            delete(WorkerHeartbeat).where(WorkerHeartbeat.seen_at < now - HEARTBEATS_KEPT)
        )


def _do(session: Session, claim: Claim, config: Config) -> None:
    """Run a job to its end; whatever it raises is logged and the job tried again later."""
    try:
        jobs.HANDLERS[claim.kind](session, claim, config)
        queue.finish(session, claim)
    except queue.LeaseLost:
        logger.warning("job %s was taken up by another worker", claim.id)
    except Stopped:
        session.rollback()
        queue.release(session, claim)
        raise
    except Exception as error:
        session.rollback()
        logger.exception("job %s (%s) failed", claim.id, claim.kind)
        _fail(session, claim, error)


def _fail(session: Session, claim: Claim, error: Exception) -> None:
    with writing(session):
        is_ours = queue.fail(session, claim, f"{type(error).__name__}: {error}"[:1000])
        if is_ours and claim.is_last and claim.kind == receive.JOB_KIND:
            importer.give_up(session, claim, error)


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
