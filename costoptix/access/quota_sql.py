"""The quota's storages in SQL: a SQLite file of its own, or a schema of its own in PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
from abc import abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import psycopg

from config import ConfigError
from costoptix.access.quota import SCHEME, BegunDay, CallsOfDay, QuotaStorage, Unmarked
from costoptix.access.refusals import Refusals
from costoptix.database import WAL_KEPT_BYTES
from costoptix.errors import is_full_disk
from costoptix.postgresql import Server

BUSY_TIMEOUT_SECONDS = 5.0
"""Counting takes microseconds: who waits longer is answered 503 and never let through."""
SERVER_TIMEOUT_SECONDS = 3


class _Connection(Protocol):
    def execute(self, statement: Any, parameters: Any = ..., /) -> Any: ...
    def close(self) -> None: ...


C = TypeVar("C", bound=_Connection)


class SQLQuotaStorage(QuotaStorage, Generic[C]):
    """What both have in common: idle connections of this process, and the reading."""

    USED: str
    CALLS: str
    REFUSED: str
    ADD_REFUSALS: str
    PRUNE: tuple[str, ...]
    MARK: str
    MARKED: str

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self._idle: deque[C] = deque()
        self._pid = os.getpid()
        self._place = self._where()

    @abstractmethod
    def _open(self) -> C:
        """Open a connection that commits each statement by itself."""

    def _where(self) -> tuple[int, int]:
        """Return what tells a file from one that took its place."""
        return (0, 0)

    @contextmanager
    def _connection(self) -> Iterator[C]:
        """Lend a connection of this process: none may cross a fork, none may come back broken.

        Nor does one come back that leads to a file that is gone or was replaced: it would go on
        counting there.
        """
        if self._pid != os.getpid():
            self._idle, self._pid = deque(), os.getpid()
        place = self._where()
        if self._place != place:
            self.disconnect()
            self._place = place
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._open()
        try:
            yield connection
        except BaseException:
            connection.close()
            self.disconnect()  # the server may be gone: the idle ones are not to be trusted
            raise
        if self._place == place:
            self._idle.append(connection)
        else:
            connection.close()

    def disconnect(self) -> None:
        """Close the connections that are idle; the next call opens one anew."""
        while self._idle:
            self._idle.pop().close()

    def _fetch(self, statement: str, *parameters: object) -> Sequence[Sequence[Any]]:
        with self._connection() as connection:
            # Every row: an open RETURNING or SELECT would hold its lock.
            rows: Sequence[Sequence[Any]] = connection.execute(statement, parameters).fetchall()
        return rows

    def used(self, organization_id: str, day: date) -> int:
        """Return the calls of an organization on one day."""
        rows = self._fetch(self.USED, organization_id, day.isoformat())
        return rows[0][0] if rows else 0

    def calls(self, organization_id: str, since: date) -> list[CallsOfDay]:
        """Return the calls of each key on each day from ``since`` on (inclusive), unordered."""
        rows = self._fetch(self.CALLS, organization_id, since.isoformat())
        return [CallsOfDay(date.fromisoformat(day), key, calls) for day, key, calls in rows]

    def refused(self, organization_id: str, since: date) -> dict[date, int]:
        """Return about how many calls were refused on each day from ``since`` on (inclusive)."""
        rows = self._fetch(self.REFUSED, organization_id, since.isoformat())
        return {date.fromisoformat(day): calls for day, calls in rows}

    def mark(self, day: date, mark: str) -> str:
        """Put the mark of a day in, unless there is one; return the one that is there."""
        with self._connection() as connection:
            connection.execute(self.MARK, (day.isoformat(), mark))
            rows = connection.execute(self.MARKED, (day.isoformat(),)).fetchall()
        return str(rows[0][0])

    def marked(self, day: date) -> str | None:
        """Return the mark of a day; None where there is none."""
        rows = self._fetch(self.MARKED, day.isoformat())
        return str(rows[0][0]) if rows else None

    def add_refusals(self, refusals: Refusals) -> None:
        """Add to the refused calls."""
        with self._connection() as connection:
            for (organization_id, day), calls in refusals.items():
                connection.execute(self.ADD_REFUSALS, (organization_id, day.isoformat(), calls))

    def prune(self, before: date) -> None:
        """Forget the days before ``before``."""
        with self._connection() as connection:
            for statement in self.PRUNE:
                connection.execute(statement, (before.isoformat(),))

    def check(self) -> bool:
        """Tell whether the storage answers."""
        try:
            self._fetch("SELECT 1")
        except self.base_exceptions:
            return False
        return True


class CounterFile(sqlite3.Connection):
    """A connection to the counter's file, and the day that this file was seen to be marked for.

    It stays with its file, whatever takes the place of that; so its mark is looked at once a day.
    """

    marked_for: BegunDay | None = None

    def is_marked_for(self, begun: BegunDay | None, statement: str) -> bool:
        """Tell whether calls may be counted here on that day; ``statement`` reads the mark."""
        if begun is None or self.marked_for is begun:
            return True
        if self.execute(statement, (begun.day.isoformat(),)).fetchall() != [(begun.mark,)]:
            return False
        self.marked_for = begun
        return True


class SQLiteQuotaStorage(SQLQuotaStorage[CounterFile]):
    """A SQLite file of its own, so that an import never waits for a count, nor a count for it."""

    STORAGE_SCHEME = [f"{SCHEME}sqlite"]
    # One statement counts for organization and key: it holds the write lock within one step of
    # SQLite. Two, or one with RETURNING, would hold it while a thread waits for the interpreter.
    SCHEMA = """
        CREATE TABLE IF NOT EXISTS days (
            organization_id TEXT NOT NULL, day TEXT NOT NULL,
            used INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0,
            api_key_id TEXT,  -- of the call counted last, for the triggers
            PRIMARY KEY (organization_id, day)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS key_days (
            organization_id TEXT NOT NULL, day TEXT NOT NULL, api_key_id TEXT NOT NULL,
            calls INTEGER NOT NULL,
            PRIMARY KEY (organization_id, day, api_key_id)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS marks (day TEXT PRIMARY KEY, mark TEXT NOT NULL) WITHOUT ROWID;
        CREATE TRIGGER IF NOT EXISTS first_call AFTER INSERT ON days WHEN new.used > 0 BEGIN
            INSERT INTO key_days VALUES (new.organization_id, new.day, new.api_key_id, 1);
        END;
        CREATE TRIGGER IF NOT EXISTS further_call AFTER UPDATE OF used ON days BEGIN
            INSERT INTO key_days VALUES (new.organization_id, new.day, new.api_key_id, 1)
            ON CONFLICT DO UPDATE SET calls = calls + 1;
        END;
    """
    ADD_CALL = """
        INSERT INTO days (organization_id, day, api_key_id, used) VALUES (?, ?, ?, 1)
        ON CONFLICT DO UPDATE SET used = used + 1, api_key_id = excluded.api_key_id
        WHERE used < ?
    """
    MARK = "INSERT INTO marks VALUES (?, ?) ON CONFLICT DO NOTHING"
    MARKED = "SELECT mark FROM marks WHERE day = ?"
    ADD_REFUSALS = """
        INSERT INTO days (organization_id, day, refused) VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET refused = refused + excluded.refused
    """
    USED = "SELECT used FROM days WHERE organization_id = ? AND day = ?"
    CALLS = "SELECT day, api_key_id, calls FROM key_days WHERE organization_id = ? AND day >= ?"
    REFUSED = "SELECT day, refused FROM days WHERE organization_id = ? AND day >= ?"
    PRUNE = (
        "DELETE FROM days WHERE day < ?",
        "DELETE FROM key_days WHERE day < ?",
        "DELETE FROM marks WHERE day < ?",
    )

    def __init__(self, uri: str) -> None:
        self._path = uri.removeprefix(f"{SCHEME}sqlite:///")
        self._uri = f"{Path(self._path).absolute().as_uri()}?mode=rw"
        super().__init__(uri)
        # Made at the start only: a file that vanishes later must not come back empty.
        try:
            self._make()
        except (sqlite3.Error, OSError) as error:
            way_out = (
                "Free some space on its disk."
                if is_full_disk(error)
                else "Where it is damaged, move it away, start, and run: "
                "flask --app app quota begin"
            )
            raise ConfigError(
                f"COSTOPTIX_QUOTA_URL: the call counter {self._path} cannot be used ({error}). "
                f"{way_out}"
            ) from None

    def _make(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(self.SCHEMA)
        Path(self._path).chmod(0o600)

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return the errors that mean that the storage does not answer."""
        return sqlite3.Error

    def _open(self) -> CounterFile:
        connection = sqlite3.connect(
            self._uri,
            uri=True,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # lent to one thread at a time
            factory=CounterFile,
        )
        # A killed process loses nothing; only a power cut may take the last moment's counts.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
        return connection

    def _where(self) -> tuple[int, int]:
        """Return the file's device and inode; zeros while there is no file."""
        try:
            place = os.stat(self._path)  # noqa: PTH116 - at each call: a path object costs as much
        except OSError:
            return (0, 0)
        return (place.st_dev, place.st_ino)

    def add_call(
        self,
        organization_id: str,
        api_key_id: str,
        day: date,
        limit: int,
        begun: BegunDay | None = None,
    ) -> int | None:
        """Count a call for organization and key in one statement, in a file that has the mark.

        The number returned is read after it, and holds what others counted meanwhile.
        """
        day_text = day.isoformat()
        values = (organization_id, day_text, api_key_id, limit)
        with self._connection() as connection:
            if is_marked := connection.is_marked_for(begun, self.MARKED):
                if connection.execute(self.ADD_CALL, values).rowcount != 1:
                    return None
                rows = connection.execute(self.USED, (organization_id, day_text)).fetchall()
        if not is_marked:
            raise Unmarked
        return int(rows[0][0])


class PostgreSQLQuotaStorage(SQLQuotaStorage["psycopg.Connection[Any]"]):
    """A schema of its own in PostgreSQL."""

    STORAGE_SCHEME = [f"{SCHEME}postgresql+psycopg"]
    SCHEMA = """
        SELECT pg_advisory_xact_lock(hashtext('costoptix quota'));
        CREATE SCHEMA IF NOT EXISTS quota;
        CREATE TABLE IF NOT EXISTS quota.days (
            organization_id text NOT NULL, day text NOT NULL,
            used bigint NOT NULL DEFAULT 0, refused bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (organization_id, day));
        CREATE TABLE IF NOT EXISTS quota.key_days (
            organization_id text NOT NULL, day text NOT NULL, api_key_id text NOT NULL,
            calls bigint NOT NULL,
            PRIMARY KEY (organization_id, day, api_key_id));
        CREATE TABLE IF NOT EXISTS quota.marks (day text PRIMARY KEY, mark text NOT NULL);
    """
    ADD_CALL = """
        WITH counted AS (
            INSERT INTO quota.days AS today (organization_id, day, used)
            SELECT %(organization)s, %(day)s, 1
            WHERE %(mark)s::text IS NULL
            OR %(mark)s = (SELECT mark FROM quota.marks WHERE day = %(day)s)
            ON CONFLICT (organization_id, day) DO UPDATE SET used = today.used + 1
            WHERE today.used < %(limit)s
            RETURNING used
        ), counted_for_key AS (
            INSERT INTO quota.key_days AS today (organization_id, day, api_key_id, calls)
            SELECT %(organization)s, %(day)s, %(key)s, 1 FROM counted
            ON CONFLICT (organization_id, day, api_key_id) DO UPDATE SET calls = today.calls + 1
        )
        SELECT used FROM counted
    """
    ADD_REFUSALS = """
        INSERT INTO quota.days AS today (organization_id, day, refused) VALUES (%s, %s, %s)
        ON CONFLICT (organization_id, day)
        DO UPDATE SET refused = today.refused + excluded.refused
    """
    USED = "SELECT used FROM quota.days WHERE organization_id = %s AND day = %s"
    CALLS = (
        "SELECT day, api_key_id, calls FROM quota.key_days WHERE organization_id = %s AND day >= %s"
    )
    REFUSED = "SELECT day, refused FROM quota.days WHERE organization_id = %s AND day >= %s"
    PRUNE = (
        "DELETE FROM quota.days WHERE day < %s",
        "DELETE FROM quota.key_days WHERE day < %s",
        "DELETE FROM quota.marks WHERE day < %s",
    )
    MARK = "INSERT INTO quota.marks VALUES (%s, %s) ON CONFLICT DO NOTHING"
    MARKED = "SELECT mark FROM quota.marks WHERE day = %s"

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        # Only a crash of the server's machine may take the last moment's counts; waiting for the
        # disk at each call would cost a factor of ten.
        self._server = Server(
            uri.removeprefix(SCHEME).replace("postgresql+psycopg", "postgresql", 1),
            autocommit=True,
            options="-c synchronous_commit=off "
            f"-c statement_timeout={SERVER_TIMEOUT_SECONDS * 1000}",
        )
        self._has_schema = False

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return the errors that mean that the storage does not answer."""
        return psycopg.Error

    def _open(self) -> psycopg.Connection[Any]:
        connection = self._server.connect()
        if not self._has_schema:
            with connection.transaction():
                connection.execute(self.SCHEMA)
            self._has_schema = True
        return connection

    def add_call(
        self,
        organization_id: str,
        api_key_id: str,
        day: date,
        limit: int,
        begun: BegunDay | None = None,
    ) -> int | None:
        """Count a call for organization and key in one statement, by the mark of the day."""
        values = {
            "organization": organization_id,
            "key": api_key_id,
            "day": day.isoformat(),
            "limit": limit,
            "mark": None if begun is None else begun.mark,
        }
        with self._connection() as connection:
            row = connection.execute(self.ADD_CALL, values).fetchone()
        if row is not None:
            return int(row[0])
        if begun is not None and self.marked(day) != begun.mark:
            raise Unmarked
        return None
