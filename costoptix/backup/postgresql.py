"""The database on PostgreSQL, through the server's own programs: pg_dump and pg_restore."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import errors, sql
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from costoptix.errors import Conflict, Unavailable
from costoptix.models import new_id

GET_PROGRAMS = "apt install postgresql-client"


def dump(connection: Connection, file: Path) -> None:
    """Write what a transaction sees into a file, in pg_dump's own compressed format.

    The transaction is REPEATABLE READ: what else it reads is of the same moment.

    Raises:
        Unavailable: pg_dump is missing, older than the server, or fails.
    """
    server = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    program = _program("pg_dump", server)
    snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    url = connection.engine.url
    _run(
        [program, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}",
         f"--file={file}"],
        url,
    )  # fmt: skip


def load(url: URL, file: Path) -> None:
    """Put what ``dump`` wrote into a database, in one transaction, in place of what it holds.

    Raises:
        Unavailable: pg_restore is missing, older than what wrote the file, or fails.
    """
    with _connect(url) as connection:
        server = connection.info.server_version // 10_000
    _run(
        [_program("pg_restore", server), "--clean", "--if-exists", "--no-owner", "--no-privileges",
         "--single-transaction", "--exit-on-error", str(file)],
        url,
    )  # fmt: skip


@contextmanager
def scratch_database(url: URL) -> Iterator[URL]:
    """Make an empty database beside the installation's own for the length of a block.

    Raises:
        Conflict: the role may not make databases.
    """
    name = f"costoptix_verify_{new_id().replace('-', '')[:12]}"
    with _connect(url) as connection:
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except errors.InsufficientPrivilege:
            raise Conflict(
                f"--verify restores into a database of its own, which the role {url.username} may "
                f"not make: ALTER ROLE {url.username} CREATEDB."
            ) from None
    try:
        yield url.set(database=name)
    finally:
        with _connect(url) as connection:
            statement = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            connection.execute(statement)


def _connect(url: URL) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(_conninfo(url), password=url.password, autocommit=True)


def _program(name: str, server: int) -> str:
    """Return the program of at least the server's version, the newest of those installed."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: float(folder.parent.name) if folder.parent.name.isdigit() else 0,
    )
    places = [folder / name for folder in reversed(folders)]
    if on_path := shutil.which(name):
        places.append(Path(on_path))
    versions = {str(place): _version(place) for place in places if place.exists()}
    if not versions:
        raise Unavailable(f"{name} is missing: {GET_PROGRAMS}")
    for place, version in versions.items():
        if version >= server:
            return place
    newest = max(versions.values())
    raise Unavailable(
        f"{name} is of version {newest}, older than the server ({server}): "
        f"apt install postgresql-client-{server}"
    )


def _version(program: Path) -> int:
    done = subprocess.run(  # noqa: S603 - a program of the system, by its place
        [str(program), "--version"], capture_output=True, text=True, check=False
    )
    number = re.search(r"\s(\d+)", done.stdout)
    return int(number[1]) if number else 0


def _run(command: list[str], url: URL) -> None:
    with tempfile.NamedTemporaryFile("w", prefix="costoptix-", suffix=".pgpass") as passwords:
        target = _conninfo(url)
        if url.password:  # in a file of this account alone: arguments stand in every list
            passwords.write(f"*:*:*:*:{_escaped(url.password)}\n")
            passwords.flush()
            target = psycopg.conninfo.make_conninfo(target, passfile=passwords.name)
        done = subprocess.run(  # noqa: S603 - a program of the system, by its place
            [*command, f"--dbname={target}"], capture_output=True, text=True, check=False
        )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = lines[0] if lines else f"it ended with {done.returncode}"
        raise Unavailable(f"{Path(command[0]).name} failed: {' '.join(reason.split())[:300]}")


def _escaped(password: str) -> str:
    return password.replace("\\", "\\\\").replace(":", "\\:")


def _conninfo(url: URL) -> str:
    """Return how the programs and the driver reach the database, without the password."""
    parts = url.translate_connect_args(username="user", database="dbname")
    parts.pop("password", None)
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    return psycopg.conninfo.make_conninfo("", **(parts | query))
