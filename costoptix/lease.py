"""The lease of a job, renewed from a thread while the job runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from costoptix import queue
from costoptix.queue import Claim

LAST_RENEWAL_SECONDS = 15.0
"""How long the end of a job waits for a renewal that is under way."""

logger = logging.getLogger(__name__)


@contextmanager
def kept(bind: Engine | Connection, claim: Claim) -> Iterator[None]:
    """Renew the lease of a job every ``queue.RENEW_SECONDS`` until the block ends.

    The thread has a session of its own: the job's may be in the middle of a transaction. What
    the job holds up (the interpreter, the database) holds the thread up as well; should the lease
    end meanwhile, another worker may take the job, and ``queue.hold`` says so to this one.
    """
    ended = Event()
    thread = Thread(target=_renew, args=(bind, claim, ended), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(LAST_RENEWAL_SECONDS)


def _renew(bind: Engine | Connection, claim: Claim, ended: Event) -> None:
    while not ended.wait(queue.RENEW_SECONDS):
        try:
            with Session(bind) as session:
                is_ours = queue.extend(session, claim)
        except SQLAlchemyError as error:  # locked or gone for a while: the next renewal may do
            logger.warning("the lease of job %s was not renewed: %s", claim.id, error)
            continue
        if not is_ours:
            return
