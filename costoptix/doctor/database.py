"""The databases: there, whole, of this version, under this SECRET_KEY, their logs short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from costoptix import startup
from costoptix.access import audit_chain
from costoptix.backup import sqlite
from costoptix.backup.making import in_words
from costoptix.doctor.trouble import Installation, Trouble
from costoptix.errors import Conflict
from costoptix.models import Base, SealedCanary

LONGEST_LOG = 256 << 20
"""Bytes of a write-ahead log: thousands of writes that nobody could bring into the database."""

RESTORE = "Restore a backup into an empty folder (docs/backup.md), and keep the damaged files."
NAMED = 5


def reachable(installation: Installation) -> Iterator[Trouble]:
    """Find a database that is missing, does not answer, or was restored in part."""
    try:
        startup.require_installation(installation.config)
        with installation.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except Conflict as error:
        yield Trouble(error.sentence, "Run the restore again, or put the files back.")
    except DBAPIError as error:
        sentence = startup.failure(error)
        is_damaged = startup.DAMAGED in sentence
        yield Trouble(
            sentence, RESTORE if is_damaged else "Start the database, or mend DATABASE_URL."
        )


def schema(installation: Installation) -> Iterator[Trouble]:
    """Find a database of an older or a newer version, or one that lacks what its version has."""
    try:
        startup.require_schema(installation.engine)
    except Conflict as error:
        yield Trouble(error.sentence, _way_to_this_version(error.sentence))
        return
    with installation.engine.connect() as connection:
        looked_at = inspect(connection)
        there = {
            (table, column["name"])
            for table in looked_at.get_table_names()
            for column in looked_at.get_columns(table)
        }
    missing = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if (table.name, column.name) not in there
    ]
    if missing:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        yield Trouble(f"The database lacks columns: {', '.join(missing[:NAMED])}{more}.", RESTORE)


def _way_to_this_version(sentence: str) -> str:
    if startup.DAMAGED in sentence:
        return RESTORE
    if startup.UPGRADE in sentence:
        return f"{startup.UPGRADE}, after a backup."
    return "Start the newer version again, or restore a backup of this one into an empty folder."


def secret_key(installation: Installation) -> Iterator[Trouble]:
    """Find a SECRET_KEY that does not open what is sealed."""
    with Session(installation.engine) as session:
        if session.scalar(select(SealedCanary.id)) is None:
            return  # the first start seals one; a look must not
    try:
        startup.require_secret_key(installation.engine, installation.config)
    except Conflict as error:
        yield Trouble(error.sentence, "Without the former key, enter the channels' secrets anew.")


def integrity(installation: Installation) -> Iterator[Trouble]:
    """Find damage within SQLite's files; PostgreSQL looks after its own."""
    for file in _files(installation):
        if file.exists():
            for fault in sqlite.faults_of(file)[:NAMED]:
                yield Trouble(f"{file.name} is damaged: {fault}.", RESTORE)


def log_size(installation: Installation) -> Iterator[Trouble]:
    """Find a write-ahead log that a reader keeps from being emptied."""
    for file in _files(installation):
        log = file.with_name(f"{file.name}-wal")
        if log.exists() and log.stat().st_size > LONGEST_LOG:
            yield Trouble(
                f"{log.name} has grown to {in_words(log.stat().st_size)}: some process has read "
                "for long, or ended badly.",
                "Restart web and worker; it is emptied when nobody reads.",
            )


def audit_log(installation: Installation) -> Iterator[Trouble]:
    """Find entries of the audit log that were changed, removed or put in."""
    with Session(installation.engine) as session:
        chains = audit_chain.verify_all(session)
    for chain in chains:
        if chain.faults:
            yield Trouble(
                f"The audit log of {chain.name} does not hold: {', '.join(chain.faults[:NAMED])}.",
                "Somebody wrote to the database itself: compare with the audit log of a backup.",
            )


def _files(installation: Installation) -> list[Path]:
    config = installation.config
    files = (sqlite.file_of(config.database_url), sqlite.file_of(config.quota_url))
    return [file for file in files if file is not None]
