"""DuckDB as the import uses it: small, shut off from the network, every cell text."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from costoptix.bills.read.casting import MACROS
from costoptix.bounded import address_space
from costoptix.lake.layout import literal

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

MEMORY_LIMIT_MB = 320  # it spills beyond: an import is to fit beside a server in 1 GB
LEAST_MEMORY_MB = 96
_LIBRARIES_MB = 640  # of the address space of a process, before it reads
THREADS = 2
ROW_GROUP_ROWS = 61_440  # half of DuckDB's own size: small questions skip more of a file
_PARQUET = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS}"


def connect(temp_dir: Path) -> DuckDBPyConnection:
    """Open an in-memory DuckDB that spills to ``temp_dir``, with the casts' macros."""
    import duckdb  # lazily: only a process that reads a bill pays for it

    connection = duckdb.connect(
        config={
            "memory_limit": f"{_memory_limit()}MB",
            "threads": THREADS,
            "temp_directory": str(temp_dir),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    for macro in MACROS:
        connection.execute(macro)
    return connection


def _memory_limit() -> int:
    """Return how many MB DuckDB may use: of less address space less, half of it is Arrow's."""
    limit = address_space()
    if limit is None:
        return MEMORY_LIMIT_MB
    rest = ((limit >> 20) - _LIBRARIES_MB) // 2
    return min(MEMORY_LIMIT_MB, max(rest, LEAST_MEMORY_MB))


def copy_sql(select: str, target: Path) -> str:
    """Write the COPY of a SELECT into a zstd Parquet file."""
    return f"COPY ({select}) TO {literal(str(target))} ({_PARQUET})"


def parquet_sql(paths: list[Path]) -> str:
    """Write the table function of some Parquet files of one schema."""
    names = ", ".join(literal(str(path)) for path in paths)
    return f"read_parquet([{names}], hive_partitioning = false)"


def table(connection: DuckDBPyConnection, sql: str) -> pa.Table:
    """Return what a statement yields, in memory."""
    return connection.sql(sql).to_arrow_table()


@contextlib.contextmanager
def view(connection: DuckDBPyConnection, name: str, table: pa.Table) -> Iterator[None]:
    """Let SQL see a table by a name, for the block."""
    connection.register(name, table)
    try:
        yield
    except BaseException:
        connection.abort()  # what is unfinished would keep the table, and hide the error
        raise
    finally:
        connection.unregister(name)
