"""Alembic's environment: the application's own engine, one process at a time."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from costoptix import startup
from costoptix.errors import Conflict
from costoptix.models import Base

_ADVISORY_LOCK = 0xC057
_PATIENCE_MS = 60 * 60 * 1000
"""How long one process waits for another that migrates: far longer than a writer waits for one."""

_CACHE_KIB = 256 * 1024
"""Memory for changed pages of SQLite: with its own 2 MB they are written again and again."""


def run() -> None:
    """Run the migrations in one transaction that only one process can hold."""
    restored = context.config.attributes.get("engine")  # of a backup, which is no installation yet
    engine = restored or current_app.extensions["migrate"].db.engine
    try:
        if restored is None:
            startup.require_installation(current_app.config["COSTOPTIX"])
        version = startup.require_known_schema(engine)
    except Conflict as error:
        raise SystemExit(error.sentence) from None
    try:
        _run(engine.execution_options(costoptix_immediate=True))
    except DBAPIError as error:
        raise SystemExit(
            f"The database could not be migrated from {version or 'nothing'} to "
            f"{startup.newest()}, and is as it was: {startup.failure(error)}"
        ) from None


def _run(engine: Engine) -> None:
    with engine.connect() as connection:
        _prepare_sqlite(connection)
        with connection.begin():
            _migrate(connection)
        connection.detach()  # never back to the pool like this


def _migrate(connection: Connection) -> None:
    _lock(connection)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
        # Not the module that a column type happens to live in: migrations outlive that.
        user_module_prefix="costoptix.models.",
    )
    with context.begin_transaction():
        context.run_migrations()


def _prepare_sqlite(connection: Connection) -> None:
    """Let batch mode replace tables that others refer to, and wait; on this connection only."""
    if connection.dialect.name == "sqlite":
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA foreign_keys=OFF")
        cursor.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
        cursor.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")


def _lock(connection: Connection) -> None:
    """Let one of several processes that start together migrate; the others wait for it."""
    if connection.dialect.name == "postgresql":
        patience = connection.execute(text("SHOW lock_timeout")).scalar_one()
        connection.execute(text(f"SET LOCAL lock_timeout = {_PATIENCE_MS}"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _ADVISORY_LOCK})
        # Its tables are another matter: who waits for a reader keeps all others waiting behind.
        connection.execute(text("SELECT set_config('lock_timeout', :was, true)"), {"was": patience})


if context.is_offline_mode():
    raise SystemExit("Migrations run against a database, not as a script.")
run()
