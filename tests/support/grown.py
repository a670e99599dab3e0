"""The frozen installation with each of its organizations many times: a database of any size."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from tests.support import frozen

ONCE = frozenset({"alembic_version", "setup_state", "worker_heartbeats", "sqlite_sequence"})
"""Tables that are about the installation and no organization."""


def put_grown_database(path: Path, rows: int) -> int:
    """Make the frozen SQLite database at ``path``, of at least so many rows; return how many."""
    frozen.put_database(path)
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for name in _tables(connection) if name not in ONCE]
        # SQLite inserts, and refuses to change, entries of the audit log; so do the copies.
        copies = rows // _rows(connection, tables)
        for table in tables:
            connection.execute(_copy(connection, table), {"copies": copies})
        connection.commit()
        connection.execute("PRAGMA journal_mode=WAL")
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return _rows(connection, tables)


def sums(path: Path) -> dict[str, tuple[int, str]]:
    """Return of each table how many rows it has, and a sum over all they hold in any order."""
    with closing(sqlite3.connect(path)) as connection:
        return {name: _sum(connection, name) for name in _tables(connection)}


def _sum(connection: sqlite3.Connection, table: str) -> tuple[int, str]:
    names = sorted(row[1] for row in connection.execute(f'PRAGMA table_info("{table}")'))
    columns = ", ".join(f'"{name}"' for name in names)
    count, total = 0, 0
    for row in connection.execute(f'SELECT {columns} FROM "{table}"'):
        count += 1
        total += int.from_bytes(sha256(repr(row).encode()).digest()[:8])
    return count, f"{total:x} of {columns}"


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [
        name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]


def _rows(connection: sqlite3.Connection, tables: list[str]) -> int:
    counted = (connection.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in tables)
    return sum(count for (count,) in counted)


def _copy(connection: sqlite3.Connection, table: str) -> str:
    """Return the statement that copies a table's rows, with ids of their own."""
    names, values = [], []
    references = {row[3] for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')}
    alone = _alone(connection, table, references)
    for _, name, kind, _, _, is_key in connection.execute(f'PRAGMA table_info("{table}")'):
        if is_key and kind == "INTEGER":
            continue  # SQLite counts on
        value = f't."{name}"'
        if is_key or name in references or name == "organization_id":
            value = f"substr({value}, 1, length({value}) - 6) || printf('%06x', n)"
        elif name in alone:
            value = f"{value} || '-' || n"
        names.append(f'"{name}"')
        values.append(value)
    return (
        "WITH RECURSIVE numbers(n) AS"
        " (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :copies)"
        f' INSERT INTO "{table}" ({", ".join(names)}) SELECT {", ".join(values)}'
        f' FROM "{table}" t, numbers WHERE :copies > 0'
    )


def _alone(connection: sqlite3.Connection, table: str, references: set[str]) -> set[str]:
    """Return the columns that are unique by themselves."""
    found = set()
    for _, index, is_unique, *_ in connection.execute(f'PRAGMA index_list("{table}")'):
        columns = [row[2] for row in connection.execute(f'PRAGMA index_info("{index}")')]
        if is_unique and not {*columns} & {*references, "organization_id", "id"}:
            found |= {*columns}
    return found
