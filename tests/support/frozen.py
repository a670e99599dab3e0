"""The installation of 26 November 2026 that tests/data/frozen keeps, put where a test wants it."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from config import Config

FOLDER = Path(__file__).parents[1] / "data" / "frozen"
REVISION = "0002"
"""The newest migration of that day."""
NOW = "2026-03-21T09:30:00+00:00"
"""Half an hour after it was made."""


def put_files(config: Config) -> None:
    """Unpack its lake, and the uploads that still wait."""
    with tarfile.open(FOLDER / "files.tar.gz") as archive:
        # Debian 12 has Python 3.11.2, which knows no filters; from 3.12 on one wants to be named.
        named = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(config.data_dir, **named)


def put_database(path: Path) -> None:
    """Make its SQLite database, in place of what is there."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((FOLDER / "costoptix.sql").read_text())


def put_rows(url: str, folder: Path) -> None:
    """Put its rows into a PostgreSQL database whose schema is that of REVISION."""
    put_database(folder / "frozen.db")
    with (
        closing(sqlite3.connect(folder / "frozen.db")) as kept,
        psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as connection,
    ):
        # Without the checks of foreign keys, for any order of the tables.
        connection.execute("SET LOCAL session_replication_role = replica")
        tables = kept.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if table not in ("alembic_version", "sqlite_sequence"):
                _copy(kept, connection, table)


def _copy(kept: sqlite3.Connection, connection: psycopg.Connection[Any], table: str) -> None:
    cursor = kept.execute(f'SELECT * FROM "{table}"')
    names = [column[0] for column in cursor.description]
    types = dict(
        connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s",
            [table],
        ).fetchall()
    )
    insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(sql.Placeholder() for _ in names),
    )
    for row in cursor:
        values = [
            bool(value) if types[name] == "boolean" and value is not None else value
            for name, value in zip(names, row, strict=True)
        ]
        connection.execute(insert, values)
    for name, kind in types.items():
        if name == "id" and kind in ("bigint", "integer"):
            connection.execute(
                sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), max(id)) FROM {}").format(
                    sql.Literal(table), sql.Identifier(table)
                )
            )


@cache
def recorded() -> dict[str, dict[str, Any]]:
    """Return what it answered then: for each organization a key, and the data by path."""
    answers: dict[str, dict[str, Any]] = json.loads((FOLDER / "answers.json").read_text())
    return answers
