"""How the SQL database is opened and written to.

SQLite's default transaction handling loses updates under concurrency (a read that becomes a
write fails at once, or overwrites), so writers say so beforehand: ``with writing(session):``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, create_engine, delete, event, select
from sqlalchemy.orm import InstrumentedAttribute, Session

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another, on SQLite as on a server: far longer than a writing block
may take (250 ms), and shorter than a proxy waits for an answer."""

POOL_TIMEOUT_SECONDS = 3
"""How long a thread waits for a connection; there are enough, so that none has to."""

WAL_KEPT_BYTES = 16 << 20
"""How long SQLite's write-ahead log may stay once no reader needs it; four times what it has in
ordinary use. Without a limit it would keep the size that the longest reader has made it grow to."""

WAL_PATIENCE_MS = 250
"""How long taking the log in waits for readers; it holds up writers meanwhile."""

AT_ONCE = 200
"""Rows deleted in one transaction: with what goes with them, some 10 ms of the write lock."""
_IMMEDIATE = "costoptix_immediate"
_DEPTH = "costoptix_writing"
_NOTES = "costoptix_notes"
_GATHERED = "costoptix_gathered"
_writing: ContextVar[bool] = ContextVar("costoptix_is_writing", default=False)


def open_engine(url: str) -> Engine:
    """Open the SQL database for a process without the application."""
    engine = create_engine(url)
    prepare_engine(engine)
    return engine


def prepare_engine(engine: Engine) -> None:
    """Give an engine the house's transaction rules, or, of a server, the house's patience."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    else:
        event.listen(engine, "do_connect", _connects_to_server())


def engine_options(url: str, threads: int) -> dict[str, Any]:
    """Return how an engine is made whose connections so many threads share.

    A thread has up to two at once, of the request and of what is noted beside it: none waits for
    another's. SQLite's pool needs nothing.
    """
    if url.startswith("sqlite"):
        return {}
    return {"pool_size": threads, "max_overflow": threads + 5, "pool_timeout": POOL_TIMEOUT_SECONDS}


def _connects_to_server() -> Callable[..., Any]:
    from costoptix import postgresql  # here: an installation on SQLite needs no driver

    servers: list[postgresql.Server] = []

    def connect(_dialect: Any, _record: Any, arguments: Any, options: dict[str, Any]) -> Any:
        if not servers:
            lock_timeout = f"-c lock_timeout={BUSY_TIMEOUT_MS}"
            servers.append(postgresql.Server(*arguments, **{"options": lock_timeout} | options))
        return servers[0].connect()

    return connect


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _on_begin, not by the driver
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=FULL",
        f"journal_size_limit={WAL_KEPT_BYTES}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _on_begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(_IMMEDIATE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def writing(session: Session) -> Iterator[None]:
    """Hold the write lock for the block, commit at its end, roll back on an exception.

    Within another ``writing`` block it joins that one: the outermost commits. Objects that were
    loaded before the block are read anew inside it, since they may have changed meanwhile.
    Keep it short: never hash a password, stream a file or call out within it.
    """
    if session.info.get(_DEPTH):
        yield
        return
    if session.in_transaction():
        # A read that SQLite is asked to turn into a write fails with "database is locked" at once,
        # whatever the timeout: so the read ends here. Nothing can be pending outside of a block.
        session.commit()
    session.info[_DEPTH] = True
    locked: Token[bool] | None = None
    try:
        # BEGIN IMMEDIATE waits for the lock before it reads. With the driver's own transactions
        # four processes that read, then wrote, lost 147 of 200 updates without an error.
        session.connection(execution_options={_IMMEDIATE: True})
        locked = _writing.set(True)
        # What was loaded before the lock may have been changed by others since. It also means that
        # a row remembers nothing across a lock: a worker once compared the token of its lease with
        # the row's, which had just been read anew, and so with itself. What must be compared later
        # is copied into a value first (``queue.Claim``).
        session.expire_all()
        yield
        for note in session.info.get(_NOTES, ()):
            note()
        for finish, items in session.info.pop(_GATHERED, {}).items():
            finish(session, items)
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        if locked is not None:
            _writing.reset(locked)
        session.info[_DEPTH] = False
        session.info.pop(_GATHERED, None)


def shrink_log(engine: Engine) -> None:
    """Take SQLite's write-ahead log into the database and empty it, where it has grown.

    Each commit takes in what no reader needs, but the log begins anew only at a commit that no
    reader is older than. Where readers overlap and writes go on, there may never be one: so new
    writers are kept out here, for ``WAL_PATIENCE_MS`` at most, until the readers have caught up.
    One that reads for longer is not waited for. A server keeps its own log.
    """
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        (page_bytes,) = cursor.execute("PRAGMA page_size").fetchone()
        # Most of it is taken in now, without keeping anybody out.
        _, pages, _ = cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages * page_bytes > WAL_KEPT_BYTES:
            cursor.execute(f"PRAGMA busy_timeout={WAL_PATIENCE_MS}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()
    except BaseException:
        connection.invalidate()
        raise
    connection.close()  # gives it back


def delete_in_batches(
    session: Session,
    row_id: InstrumentedAttribute[str],
    which: ColumnElement[bool],
    *,
    at_once: int = AT_ONCE,
) -> int:
    """Delete rows by their ids, ``at_once`` in each transaction; return how many there were.

    They are looked for without the write lock, and deleted if the condition still holds then.
    """
    ids = session.scalars(select(row_id).where(which)).all()
    session.rollback()
    deleted = 0
    for start in range(0, len(ids), at_once):
        some = row_id.in_(ids[start : start + at_once])
        statement = delete(row_id.class_).where(some, which).returning(row_id)
        with writing(session):
            gone = session.scalars(statement, execution_options={"synchronize_session": False})
            deleted += len(gone.all())
    return deleted


@contextmanager
def noted(session: Session, note: Callable[[], None]) -> Iterator[None]:
    """Call ``note`` at the end of each ``writing`` of the block, within its transaction.

    What it writes is there exactly if the transaction's own changes are.
    """
    before = session.info.get(_NOTES, ())
    session.info[_NOTES] = (*before, note)
    try:
        yield
    finally:
        session.info[_NOTES] = before


def gather(session: Session, finish: Callable[[Session, list[Any]], None], item: object) -> None:
    """Have ``finish`` called with the items gathered for it, as the last of the ``writing`` block.

    It is called once, within the transaction, at the end of the outermost block; not at all where
    that is rolled back. What it locks is thus locked after all else, and held shortly.

    Raises:
        RuntimeError: there is no such block.
    """
    if not session.info.get(_DEPTH):
        raise RuntimeError("what is gathered is written by a `writing` block")
    session.info.setdefault(_GATHERED, {}).setdefault(finish, []).append(item)


def is_writing() -> bool:
    """Tell whether this thread holds the write lock, by ``writing``.

    Nothing slow may be done then: the tests watch, by this, that no block opens a file, starts a
    process, asks DuckDB, hashes a password, calls out or fetches more than 1,000 rows.
    """
    return _writing.get()
