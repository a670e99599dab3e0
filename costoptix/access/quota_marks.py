"""The marks of the quota: by them it is noticed that a counter has lost what it counted.

A counter that is empty looks like one that nobody has used yet. So when the first call of a UTC
day is counted, a random mark is put into the counter, beside the counts, and then noted in the
application's database; each call is counted in the same step that compares the mark. A counter
that was emptied, replaced or began anew from nothing lacks it, and none is put in a second time
on that day: only a person does that (``flask quota begin``). The next day has a mark of its own.
"""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.permissions import command_line
from costoptix.access.quota import KEPT_DAYS, QuotaStorage
from costoptix.clock import utc_today
from costoptix.database import writing
from costoptix.errors import Conflict
from costoptix.models import QuotaMark, new_id


class QuotaMarks:
    """What the application's database says of the marks in one counter."""

    def __init__(self, engine: Engine, quota_url: str) -> None:
        self._engine = engine
        self.store = store_of(quota_url)

    def of(self, day: date) -> str | None:
        """Return the mark of a day; None where no call was counted on it yet."""
        with self._engine.connect() as connection:
            return self._of(connection, day)

    def keep(self, day: date, mark: str) -> str:
        """Note the mark of a day unless one is noted; return the one that is, committed."""
        row = {"store": self.store, "day": day, "mark": mark}
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(QuotaMark).values(row).on_conflict_do_nothing()
        with self._engine.begin() as connection:
            connection.execute(statement)
            connection.execute(
                delete(QuotaMark).where(QuotaMark.day < day - timedelta(days=KEPT_DAYS))
            )
            return self._of(connection, day) or mark

    def _of(self, connection: Connection, day: date) -> str | None:
        statement = select(QuotaMark.mark).where(
            QuotaMark.store == self.store, QuotaMark.day == day
        )
        return connection.execute(statement).scalar()


def store_of(quota_url: str) -> str:
    """Return where a counter is, without the name and password of its URL."""
    parts = urlsplit(quota_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def begin_anew(session: Session, storage: QuotaStorage) -> str:
    """Count on today although counts were lost, from what the counter still holds.

    Return where the counter is.

    Raises:
        Conflict: nothing was lost today; nothing was changed.
        StorageError: the counter does not answer.
    """
    day, marks = utc_today(), storage.marks
    if marks is None or not storage.has_lost(day):
        raise Conflict("No calls that were counted today are lost: nothing was changed.")
    # The counter first: a mark that only the database has would refuse calls as before.
    mark = storage.mark(day, new_id())
    with writing(session):
        row = session.get_one(QuotaMark, (marks.store, day))
        row.mark = mark
        audit.record(
            session, command_line(audit.INSTALLATION), "quota.begun_anew",
            subject=marks.store, after={"day": day.isoformat()},
        )  # fmt: skip
    return marks.store


def forget(session: Session) -> None:
    """Forget all marks: each counter goes on from whatever it holds, as a restore wants it."""
    with writing(session):
        session.execute(delete(QuotaMark))
