"""What is looked at when a process starts: that code, SECRET_KEY and lake belong to the database.

A database of another version would fail at the first table or column that is missing, in whatever
words; so it is refused in one line, unchanged. A lake that is missing or cannot be written to is
said, and all else goes on.
"""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, exists, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import secrets
from costoptix.errors import Conflict
from costoptix.models import Delivery, Organization

VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"
_IDENTIFIER = re.compile(r"""^(revision|down_revision) = ["']?(\w+)["']?$""", re.MULTILINE)
UPGRADE = "flask --app app db upgrade"
DAMAGED = "The database is damaged"
"""How the sentence of such a one begins."""


def require_known_schema(engine: Engine) -> str | None:
    """Return the version of the database; None where it has none yet, or does not answer.

    Raises:
        Conflict: this version of the code does not know it, or the file is damaged.
    """
    try:
        version = _version(engine)
    except (OperationalError, InterfaceError):
        return None  # whoever needs it says so, when it does
    except DatabaseError as error:
        raise Conflict(failure(error)) from None
    if version is not None and version not in _versions():
        raise Conflict(
            f"The database is of version {version[:40]!a}, which this version of Cost Optix (up to "
            f"{newest()}) does not know. Start the newer one that wrote it, or restore a backup; "
            "nothing was changed."
        )
    return version


UNFINISHED_RESTORE = "restore-unfinished"
"""A file in the data folder while a backup is put in its place."""


def require_installation(config: Config) -> None:
    """Return where what lies in the data folder is whole: a new database never hides a lost one.

    Raises:
        Conflict: a restore was cut short, or the lake is there without its database.
    """
    if (config.data_dir / UNFINISHED_RESTORE).exists():
        raise Conflict(
            "A restore was cut short: run flask --app app restore FILE again; it begins anew."
        )
    parts = make_url(config.database_url)
    if parts.get_backend_name() != "sqlite" or not parts.database:
        return
    database = Path(parts.database)
    if database.exists() and database.stat().st_size:
        return
    if any(config.lake_dir.glob("organization=*")):
        raise Conflict(
            f"The database {database} is missing or empty, and the lake beside it is not: put the "
            "file back, or restore a backup into an empty folder. Nothing was changed."
        )


def require_schema(engine: Engine) -> None:
    """Return when the database is of this version, or does not answer.

    Raises:
        Conflict: it is older, newer or empty; the sentence says what to do.
    """
    version = require_known_schema(engine)
    if version == newest() or (version is None and not _answers(engine)):
        return
    if version is None:
        raise Conflict(f"The database has no tables of this version yet. Run: {UPGRADE}")
    raise Conflict(f"The database is of version {version}, not yet {newest()}. Run: {UPGRADE}")


def failure(error: DBAPIError) -> str:
    """Say in one line what is wrong with a database, and what to do."""
    words = " ".join(str(error.orig).split())[:200]
    if any(sign in words for sign in ("malformed", "not a database", "corrupt")):
        return f"{DAMAGED} ({words}). Restore a backup; nothing was changed."
    if "locked" in words or "lock timeout" in words:
        return f"Another process holds the database ({words}). Try again when it is done."
    if "readonly" in words or "read-only" in words:
        return f"The database cannot be written to ({words})."
    return f"The database does not answer ({words})."


def newest() -> str:
    """Return the version that the migrations lead to."""
    return next(version for version in _versions() if version not in _versions().values())


def require_secret_key(engine: Engine, config: Config) -> None:
    """Return when SECRET_KEY opens what the database holds sealed, or the database does not answer.

    Raises:
        Conflict: stored secrets are sealed under another.
    """
    try:
        with Session(engine) as session:
            secrets.require_key(session, secrets.SealingKeys.of(config))
    except secrets.Unopenable as error:
        raise Conflict(error.sentence) from None
    except DBAPIError:
        return  # whoever needs it says so, when it does


def lake_warnings(engine: Engine, lake: Path) -> list[str]:
    """Say in a line each what is wrong with the folder of the lake."""
    if not lake.is_dir():
        if not _has_live_deliveries(engine):
            return []
        return [
            f"The folder {lake} is missing, and with it the charges of every import: put it back "
            "from a backup. Until then questions about costs are refused; the rest goes on."
        ]
    try:
        with tempfile.TemporaryFile(dir=lake):
            return []
    except OSError as error:
        reason = error.strerror or error
        return [
            f"The folder {lake} cannot be written to ({reason}): imports wait until it can; the "
            "rest goes on."
        ]


@cache
def _versions() -> dict[str, str]:
    """Return the versions of the database that this code knows, each with the one before it.

    Read as text: to load the migrations would take longer than most commands.
    """
    versions = {}
    for path in sorted(VERSIONS.glob("*.py")):
        given = dict(_IDENTIFIER.findall(path.read_text()))
        versions[given["revision"]] = given["down_revision"]
    return versions


def version_of(connection: Connection) -> str | None:
    """Read the version of a database; None where it has none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if version is None else str(version)


def is_known(version: str) -> bool:
    """Tell whether this version of the code can bring a database of that version up to its own."""
    return version in _versions()


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return version_of(connection)


def _answers(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError:
        return False
    return True


def _has_live_deliveries(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            is_live = (Delivery.organization_id == Organization.id) & Delivery.is_live
            live = select(Organization.id).where(exists().where(is_live)).limit(1)
            return connection.execute(live).first() is not None
    except DBAPIError:
        return False
