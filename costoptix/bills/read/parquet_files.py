"""The Parquet files of the lake, as the import writes and reads them back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import compute, parquet

from costoptix.bills.read.columns import FEW, Coded, Column, Rows, constant, encode, one_array
from costoptix.bills.read.engine import ROW_GROUP_ROWS

BATCH_ROWS = 2 * ROW_GROUP_ROWS
STATISTICS = (
    "billing_account_id", "sub_account_id", "service_name", "resource_id", "charge_period_start",
    "day",
)  # fmt: skip
"""The columns by which files are sorted: of others the least and the greatest exclude nothing."""
FEW_ROWS = 1_000
"""Dictionaries and statistics of so few rows take more space than they spare."""
_BATCH_ROWS = 8 << 10  # of a column at a time; Arrow's own, 1,024, take a tenth longer
_DICTIONARY_BYTES = 16 << 20
"""Codes are written as they are, however large their dictionary is."""


def write(path: Path, columns: Mapping[str, Column], rows: Rows) -> int:
    """Write some rows of columns, in this order; return the size of the file."""
    names = list(columns)
    repeating = [name for name, column in columns.items() if isinstance(column, Coded)]
    types = [_type(column) for column in columns.values()]
    are_few = len(rows) <= FEW_ROWS
    with parquet.ParquetWriter(
        path,
        pa.schema(list(zip(names, types, strict=True))),
        compression="zstd"
        if are_few
        else {name: _compression(column) for name, column in columns.items()},
        use_dictionary=[] if are_few else repeating,
        write_statistics=[] if are_few else [name for name in names if name in STATISTICS],
        dictionary_pagesize_limit=_DICTIONARY_BYTES,
        write_batch_size=_BATCH_ROWS,
        store_schema=False,
    ) as writer:
        for first in range(0, len(rows), ROW_GROUP_ROWS):
            arrays = _rows_of(columns, rows[first : first + ROW_GROUP_ROWS])
            writer.write_table(pa.table(arrays), row_group_size=ROW_GROUP_ROWS)
    return path.stat().st_size


def _compression(column: Column) -> str:
    """Return LZ4 for amounts: files are a tenth larger, and read in two thirds of the time.

    For columns of few values too: to begin with zstd takes longer than to write their pages.
    """
    if isinstance(column, Coded):
        return "lz4" if len(column.values) <= FEW else "zstd"
    return "lz4" if pa.types.is_decimal(column.type) else "zstd"


def _type(column: Column) -> pa.DataType:
    if isinstance(column, Coded):
        return pa.dictionary(pa.int32(), column.values.type)
    return column.type


def _rows_of(columns: Mapping[str, Column], rows: Rows) -> dict[str, pa.Array]:
    """Return some rows; of columns that are one and the same, the same."""
    numbers = pa.array(rows.astype(np.int32))
    arrays: dict[int, pa.Array] = {}
    for column in columns.values():
        if id(column) not in arrays:
            arrays[id(column)] = _taken(column, numbers)
    return {name: arrays[id(column)] for name, column in columns.items()}


def _taken(column: Column, rows: pa.Array) -> pa.Array:
    if not isinstance(column, Coded):
        return compute.take(column, rows, boundscheck=False)
    if not len(column.values):
        return constant(None, len(rows), column.values.type).arrow()
    # Arrow takes small numbers in two thirds of numpy's time; that rows are there is known.
    codes = np.asarray(compute.take(pa.array(column.codes), rows, boundscheck=False))
    return Coded(codes, column.values).compact().arrow()


def read(
    paths: Sequence[Path], names: Sequence[str], repeating: Collection[str]
) -> Iterator[tuple[dict[str, Column], int]]:
    """Yield some columns of the files in batches of whole row groups, and how many rows these have.

    A batch has at most ``BATCH_ROWS`` rows, or is one row group. ``repeating`` are columns of text
    to be numbered.
    """
    batch: list[pa.Table] = []
    for table in _row_groups(paths, names, repeating):
        if sum(part.num_rows for part in batch) + table.num_rows > BATCH_ROWS and batch:
            yield _batch(batch, names, repeating)
            batch = []
        batch.append(table)
    if batch:
        yield _batch(batch, names, repeating)


def row_count(path: Path) -> int:
    """Return how many rows a file has."""
    return int(parquet.read_metadata(path).num_rows)


def _row_groups(
    paths: Sequence[Path], names: Sequence[str], repeating: Collection[str]
) -> Iterator[pa.Table]:
    for path in paths:
        with parquet.ParquetFile(path, read_dictionary=list(repeating)) as file:
            for number in range(file.num_row_groups):
                yield file.read_row_group(number, columns=list(names), use_threads=False)


def _batch(
    tables: Sequence[pa.Table], names: Sequence[str], repeating: Collection[str]
) -> tuple[dict[str, Column], int]:
    table = pa.concat_tables(tables).unify_dictionaries()
    columns: dict[str, Column] = {}
    for name in names:
        column = table.column(name)
        columns[name] = encode(column) if name in repeating else one_array(column)
    return columns, table.num_rows
