"""DuckDB over the immutable Parquet files of the lake: one engine per process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO

from costoptix.errors import Invalid, NoSpace, is_full_disk
from costoptix.lake.files import EXPORTS

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection


THREADS = 2
MEMORY_LIMIT = "1GB"  # DuckDB would take 80% of the machine, in each process of the server
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

    def batches(
        self, sql: str, parameters: Mapping[str, Parameter], rows: int
    ) -> Iterator[pa.RecordBatch]:
        """Run one statement and yield what it selects, some rows at a time, at first none.

        Raises:
            FileGone: a file that the statement names is not there.
        """
        import duckdb
        import pyarrow as pa

        with self._connection().cursor() as cursor:
            try:
                reader = cursor.sql(sql, params=dict(parameters)).to_arrow_reader(rows)
                yield pa.RecordBatch.from_pylist([], schema=reader.schema)
                for batch in reader:
                    for first in range(0, batch.num_rows, rows):
                        yield batch.slice(first, rows)
            except duckdb.IOException as error:
                raise FileGone(str(error)) from error

    @contextmanager
    def file(self) -> Iterator[BinaryIO]:
        """Open a file for an export, without a name; where the block fails it ends at once.

        Raises:
            NoSpace: the disk is full.
        """
        folder = self._temp / EXPORTS
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = TemporaryFile(dir=folder)  # noqa: SIM115 - it is read after the block
        try:
            yield file
        except BaseException as error:
            file.close()
            if isinstance(error, OSError) and is_full_disk(error):
                raise NoSpace("There is no space left for the export.") from error
            raise

    def _connection(self) -> DuckDBPyConnection:
        if self._engine is None or self._engine_pid != os.getpid():
            with self._lock:
                if self._engine is None or self._engine_pid != os.getpid():
                    spill = str(self._temp / "duckdb")
                    self._engine, self._engine_pid = self._connect(spill), os.getpid()
        return self._engine

    def _connect(self, spill: str) -> DuckDBPyConnection:
        """Open an engine that sees the lake and nothing else, for good; it spills to a folder."""
        import duckdb

        self._lake.mkdir(mode=0o700, parents=True, exist_ok=True)
        engine = duckdb.connect(
            ":memory:",
            config={
                "threads": THREADS,
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": spill,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        engine.execute("SET GLOBAL TimeZone = 'UTC'")  # else cursors have the machine's
        engine.execute("SET GLOBAL parquet_metadata_cache = true")
        engine.execute("SET allowed_directories = ?", [[str(self._lake)]])
        engine.execute("SET enable_external_access = false")
        engine.execute("SET lock_configuration = true")
        return engine
