"""While a backup copies files, none is removed that its snapshot of the database may name.

Each backup holds a row with an end, and moves that end while it lives. One that was killed moves
it no more: the sweep goes on ``LEASE`` later.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from sqlalchemy import Engine, delete, exists, select, update
from sqlalchemy.orm import Session

from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import SweepPause, new_id
from costoptix.renewal import renewing

LEASE = timedelta(minutes=5)
RENEW_SECONDS = 60.0


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
    try:
        renew = partial(_renew, engine, pause_id)
        with renewing("pause", "the pause of the sweep", RENEW_SECONDS, renew):
            yield
    finally:
        with Session(engine) as session, writing(session):
            session.execute(delete(SweepPause).where(SweepPause.id == pause_id))


def _begin(engine: Engine, pause_id: str) -> None:
    holder = f"{platform.node()}:{os.getpid()}"[:100]
    now = utc_now()
    with Session(engine) as session, writing(session):
        session.execute(delete(SweepPause).where(SweepPause.until <= now))
        session.add(SweepPause(id=pause_id, holder=holder, begun_at=now, until=now + LEASE))


def _renew(engine: Engine, pause_id: str) -> bool:
    with Session(engine) as session, writing(session):
        renewal = update(SweepPause).where(SweepPause.id == pause_id)
        session.execute(renewal.values(until=utc_now() + LEASE))
    return True
