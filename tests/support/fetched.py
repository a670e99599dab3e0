"""What a test makes the SQL database do: rows fetched and statements sent, counted."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

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
        count_rows(connection, lambda: setattr(fetched, "rows", fetched.rows + 1))

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


def count_rows(connection: Any, on_row: Callable[[], object]) -> None:
    """Have a connection of sqlite3 or psycopg call ``on_row`` for each row that is fetched."""
    before = connection.row_factory

    def of_sqlite(cursor, row):
        on_row()
        return row if before is None else before(cursor, row)

    def of_psycopg(cursor):
        make = before(cursor)

        def row_of(values):
            on_row()
            return make(values)

        return row_of

    is_sqlite = isinstance(connection, sqlite3.Connection)
    connection.row_factory = of_sqlite if is_sqlite else of_psycopg


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
