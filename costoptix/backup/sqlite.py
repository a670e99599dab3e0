"""The databases in SQLite files: copied while others write, packed, unpacked and checked."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from costoptix.errors import Invalid

LEVEL = 3
"""Of gzip: beyond it a database of ours hardly gets smaller, and takes three times as long."""

CHUNK = 1 << 20
PATIENCE_SECONDS = 10.0


def file_of(url: str) -> Path | None:
    """Return the file of a SQLite URL; None for another database."""
    parts = make_url(url)
    is_file = parts.get_backend_name() == "sqlite" and parts.database
    return Path(parts.database or "").absolute() if is_file else None


def copy(database: Path, target: Path) -> None:
    """Copy a database as it is in one moment, while others read and write it.

    A plain copy of the file is not that: of 12 made while another process wrote, one was good.
    """
    with closing(_reading(database)) as source, closing(sqlite3.connect(target)) as copied:
        source.backup(copied)
        copied.execute("PRAGMA journal_mode = DELETE").close()  # one file, no log beside it


def _reading(database: Path) -> sqlite3.Connection:
    """Open a database to read it; its path may hold what a URI gives another meaning."""
    uri = f"{database.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=PATIENCE_SECONDS)


def pack(file: Path, target: Path) -> None:
    """Compress a file."""
    with file.open("rb") as source, gzip.open(target, "wb", compresslevel=LEVEL) as packed:
        shutil.copyfileobj(source, packed, CHUNK)


def unpack(packed: Path, target: Path) -> None:
    """Write what ``pack`` has compressed, for this account alone, and check it.

    Raises:
        Invalid: it is no whole database.
    """
    try:
        with gzip.open(packed, "rb") as source, target.open("xb") as out:
            shutil.copyfileobj(source, out, CHUNK)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Invalid(f"The database in the backup cannot be read: {error}.") from None
    target.chmod(0o600)
    if faults := faults_of(target):
        raise Invalid(f"The database in the backup is damaged: {faults[0]}.")


def faults_of(database: Path) -> list[str]:
    """Return what SQLite finds wrong with a database file; nothing of one that is whole."""
    try:
        with closing(_reading(database)) as connection:
            lines = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
            lines += [
                f"a row of {table} refers to a row of {parent} that is not there"
                for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check")
            ][:5]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [line for line in lines if line != "ok"]
