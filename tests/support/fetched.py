"""What a test makes the SQL database do: rows fetched and statements sent, counted."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine, event


@dataclass
class Fetched:
    """Rows that were fetched, and the statements that fetched or wrote something."""

    rows: int = 0
    statements: list[str] = field(default_factory=list)


@contextmanager
def counted(engine: Engine) -> Iterator[Fetched]:
    """Count what is fetched through an engine within the block; its connections are opened anew."""
    engine.dispose()
    fetched = Fetched()

    def on_connect(connection, _record) -> None:
        connection.row_factory = _counting(fetched, connection.row_factory)

    def on_execute(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        fetched.statements.append(statement)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "before_cursor_execute", on_execute)
    try:
        yield fetched
    finally:
        event.remove(engine, "connect", on_connect)
        event.remove(engine, "before_cursor_execute", on_execute)
        engine.dispose()


def _counting(fetched: Fetched, before):
    """Return a row factory as sqlite3 and psycopg want theirs, which counts each row."""

    def of_sqlite(_cursor, row):
        fetched.rows += 1
        return row

    def of_psycopg(cursor):
        make = before(cursor)

        def count(values):
            fetched.rows += 1
            return make(values)

        return count

    return of_sqlite if before is None else of_psycopg


@contextmanager
def most_memory(bytes_at_most: int) -> Iterator[None]:
    """Expect Python to hold at no time more than so many bytes beyond what it holds now."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= bytes_at_most, f"{peak:,} bytes were held at once"
