"""DuckDB over the immutable Parquet files of the lake: one engine per process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import uuid4

from costoptix.errors import Invalid, NoSpace
from costoptix.lake.files import EXPORTS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


THREADS = 2
MEMORY_LIMIT = "1GB"  # DuckDB would take 80% of the machine, in each process of the server
COPY_MEMORY_LIMIT = "512MB"
COPY_ROW_GROUP_ROWS = 30_720
"""One thread and small row groups: a copy holds two of them at most, however long the file is."""
FETCHED_AT_ONCE = 2_048
TOO_LARGE = "These costs add up to more than 20 digits before the decimal point; ask for less."

Parameter = str | int | date | None | list[str]


class FileGone(Exception):
    """A file that the pointer named cannot be read: the delivery was replaced long ago."""


class Engine:
    """Reads the lake. One per process; the engine is made at first use, after any fork."""

    def __init__(self, lake_dir: Path, temp_dir: Path) -> None:
        self._lake = lake_dir
        self._temp = temp_dir
        self._lock = Lock()
        self._engine: DuckDBPyConnection | None = None
        self._engine_pid = 0

    def close(self) -> None:
        """Give back the memory, threads and temporary files of the engine, if it was used."""
        with self._lock:
            if self._engine is not None and self._engine_pid == os.getpid():
                self._engine.close()
            self._engine = None

    def path(self, relative: str) -> Path:
        """Return where a file of the lake lies."""
        return self._lake / relative

    def read(self, sql: str, parameters: Mapping[str, Parameter]) -> Iterator[tuple[Any, ...]]:
        """Run one statement on a cursor of its own and yield its rows.

        Raises:
            FileGone: a file that the statement names is not there.
            Invalid: a sum has more than 20 digits before the point.
        """
        import duckdb

        with self._connection().cursor() as cursor:
            try:
                cursor.execute(sql, dict(parameters))
                while rows := cursor.fetchmany(FETCHED_AT_ONCE):
                    yield from rows
            except duckdb.IOException as error:
                raise FileGone(str(error)) from error
            except duckdb.OutOfRangeException as error:
                raise Invalid(TOO_LARGE) from error

    def copy(self, sql: str, parameters: Mapping[str, Parameter]) -> BinaryIO:
        """Run one statement into a Parquet file that has no name and ends when it is closed.

        Raises:
            FileGone: a file that the statement names is not there.
            NoSpace: the disk is full.
        """
        import duckdb

        folder = self._temp / EXPORTS
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{uuid4()}.parquet"
        target = str(path).replace("'", "''")
        form = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {COPY_ROW_GROUP_ROWS}"
        try:
            # An engine of its own: several threads keep in memory what they did out of turn.
            with self._connect("", threads=1, memory_limit=COPY_MEMORY_LIMIT) as engine:
                engine.execute(f"COPY ({sql}) TO '{target}' ({form})", dict(parameters))
            return path.open("rb")
        except duckdb.IOException as error:
            if "No space left" in str(error):
                raise NoSpace("There is no space left for the export.") from error
            raise FileGone(str(error)) from error
        finally:
            path.unlink(missing_ok=True)

    def _connection(self) -> DuckDBPyConnection:
        if self._engine is None or self._engine_pid != os.getpid():
            with self._lock:
                if self._engine is None or self._engine_pid != os.getpid():
                    spill = str(self._temp / "duckdb")
                    self._engine, self._engine_pid = self._connect(spill), os.getpid()
        return self._engine

    def _connect(
        self, spill: str, threads: int = THREADS, memory_limit: str = MEMORY_LIMIT
    ) -> DuckDBPyConnection:
        """Open an engine that sees the lake and a folder for exports and nothing else, for good.

        It spills to the folder ``spill``, which is to be no other engine's; "" is nowhere.
        """
        import duckdb

        self._lake.mkdir(mode=0o700, parents=True, exist_ok=True)
        engine = duckdb.connect(
            ":memory:",
            config={
                "threads": threads,
                "memory_limit": memory_limit,
                "temp_directory": spill,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute("SET parquet_metadata_cache = true")
        allowed = [str(self._lake), str(self._temp / EXPORTS)]
        engine.execute("SET allowed_directories = ?", [allowed])
        engine.execute("SET enable_external_access = false")
        engine.execute("SET lock_configuration = true")
        return engine
