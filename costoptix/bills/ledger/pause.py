"""While a backup copies files, none is removed that its snapshot of the database may name.

Each backup holds a row with an end, and moves that end while it lives. One that was killed moves
it no more: the sweep goes on ``LEASE`` later.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

from sqlalchemy import Engine, delete, exists, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import SweepPause, new_id

LEASE = timedelta(minutes=5)
RENEW_SECONDS = 60.0
LAST_RENEWAL_SECONDS = 15.0
"""How long the end of a backup waits for a renewal that is under way."""

logger = logging.getLogger(__name__)


def is_held(session: Session) -> bool:
    """Tell whether a backup copies files now.

    Asked after it was seen that no row names a file, and before the file is removed: a row that a
    snapshot has was there when the backup began, hence went after its pause came.
    """
    return bool(session.scalar(select(exists().where(SweepPause.until > utc_now()))))


@contextmanager
def held(engine: Engine) -> Iterator[None]:
    """Keep the sweep from removing files while the block runs."""
    pause_id = new_id()
    _begin(engine, pause_id)
    ended = Event()
    thread = Thread(target=_renew, args=(engine, pause_id, ended), name="pause", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(LAST_RENEWAL_SECONDS)
        with Session(engine) as session, writing(session):
            session.execute(delete(SweepPause).where(SweepPause.id == pause_id))


def _begin(engine: Engine, pause_id: str) -> None:
    holder = f"{platform.node()}:{os.getpid()}"[:100]
    now = utc_now()
    with Session(engine) as session, writing(session):
        session.execute(delete(SweepPause).where(SweepPause.until <= now))
        session.add(SweepPause(id=pause_id, holder=holder, begun_at=now, until=now + LEASE))


def _renew(engine: Engine, pause_id: str, ended: Event) -> None:
    renewal = update(SweepPause).where(SweepPause.id == pause_id)
    while not ended.wait(RENEW_SECONDS):
        try:
            with Session(engine) as session, writing(session):
                session.execute(renewal.values(until=utc_now() + LEASE))
        except SQLAlchemyError as error:  # locked or gone for a while: the next renewal may do
            logger.warning("the pause of the sweep was not renewed: %s", error)
