"""The look-up of a key's row, which every call makes: the driver is asked directly.

SQLAlchemy writes the statement and opens, pools and mends the connections; running the statement
through it as well would cost five times what the query itself does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import Dialect, Engine, Select, Table, bindparam, select

from costoptix.models import ApiKey, Organization


class KeyRow(NamedTuple):
    """A key and what its organization is now."""

    id: str
    organization_id: str
    name: str
    prefix: str
    permission: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    tier: str
    data_version: str


class _Statement(NamedTuple):
    """The SELECT as one driver takes it, and what turns its values into ours."""

    sql: str
    is_positional: bool
    readers: tuple[tuple[int, Callable[[Any], Any]], ...]  # by column; others stand as they are


def find_row(engine: Engine, digest: str) -> KeyRow | None:
    """Return the row of the key with that digest, as it is in the database now.

    Raises:
        sqlalchemy.exc.OperationalError: the database does not answer.
    """
    driver = engine.dialect.dbapi
    assert driver is not None, "an engine that connects has a driver"  # noqa: S101
    try:
        return _ask_driver(engine, digest)
    except driver.Error:
        return _ask(engine, digest)  # again, by what can tell failures apart


def _ask_driver(engine: Engine, digest: str) -> KeyRow | None:
    statement = _statement(engine.dialect)
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(statement.sql, (digest,) if statement.is_positional else {"digest": digest})
        values = cursor.fetchone()
        cursor.close()
    except BaseException:
        connection.invalidate()
        raise
    connection.close()  # gives it back
    if values is None:
        return None
    row = list(values)
    for column, read in statement.readers:
        row[column] = read(row[column])
    return KeyRow(*row)


def _ask(engine: Engine, digest: str) -> KeyRow | None:
    with engine.connect() as connection:
        row = connection.execute(_select(), {"digest": digest}).first()
    return None if row is None else KeyRow(*row)


def _select() -> Select[tuple[Any, ...]]:
    keys, organizations = cast(Table, ApiKey.__table__), cast(Table, Organization.__table__)
    return (
        select(*((keys.c if name in keys.c else organizations.c)[name] for name in KeyRow._fields))
        .join(organizations, organizations.c.id == keys.c.organization_id)
        .where(keys.c.digest == bindparam("digest"))
    )


@lru_cache(maxsize=2)
def _statement(dialect: Dialect) -> _Statement:
    compiled = _select().compile(dialect=dialect)
    readers = (
        column.type.dialect_impl(dialect).result_processor(dialect, None)
        for column in _select().selected_columns
    )
    result_columns = tuple((place, read) for place, read in enumerate(readers) if read is not None)
    return _Statement(str(compiled), compiled.positional, result_columns)
