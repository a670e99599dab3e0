"""The Parquet files of the lake, as the import writes and reads them back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import compute, parquet

from costoptix.bills.read.columns import (
    FEW,
    Coded,
    Column,
    Rows,
    compacted,
    encode,
    indices,
    one_array,
)
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
    schema = pa.schema(list(zip(names, types, strict=True)))
    # A file of Arrow's: of a path it would look up the file system first, thousands of times.
    with (
        pa.OSFile(str(path), "wb") as file,
        parquet.ParquetWriter(
            file,
            schema,
            compression="zstd"
            if are_few
            else {name: _compression(column) for name, column in columns.items()},
            use_dictionary=[] if are_few else repeating,
            write_statistics=[] if are_few else [name for name in names if name in STATISTICS],
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
            write_batch_size=_BATCH_ROWS,
            store_schema=False,
        ) as writer,
    ):
        for first in range(0, len(rows), ROW_GROUP_ROWS):
            some = _RowsOfColumns(rows[first : first + ROW_GROUP_ROWS])
            arrays = [some.of(column) for column in columns.values()]
            writer.write_table(pa.table(arrays, schema), row_group_size=ROW_GROUP_ROWS)
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


class _RowsOfColumns:
    """Some rows of columns; what columns share is taken once: themselves, or their codes."""

    def __init__(self, rows: Rows) -> None:
        self._numbers = pa.array(rows.astype(np.int32))
        self._arrays: dict[int, pa.Array] = {}
        self._codes: dict[tuple[int, int], tuple[pa.Array, pa.Array | None]] = {}

    def of(self, column: Column) -> pa.Array:
        """Return these rows of a column, which must outlive this."""
        if id(column) not in self._arrays:
            self._arrays[id(column)] = (
                self._of_values(column) if isinstance(column, Coded) else self._taken(column)
            )
        return self._arrays[id(column)]

    def _of_values(self, column: Coded) -> pa.Array:
        size = len(column.values)
        key = id(column.codes), size
        if key not in self._codes:
            codes = np.asarray(self._taken(pa.array(column.codes)))
            codes, used = compacted(codes, size)
            self._codes[key] = indices(codes, size), used
        numbers, used = self._codes[key]
        values = column.values if used is None else column.values.take(used)
        return pa.DictionaryArray.from_arrays(numbers, values, safe=False)

    def _taken(self, values: pa.Array) -> pa.Array:
        # Arrow takes small numbers in two thirds of numpy's time; that rows are there is known.
        return compute.take(values, self._numbers, boundscheck=False)


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
        source = pa.OSFile(str(path))
        with source, parquet.ParquetFile(source, read_dictionary=list(repeating)) as file:
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
