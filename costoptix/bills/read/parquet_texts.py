"""How many bytes the rows of a Parquet file are once each cell stands by itself.

A dictionary says a text of 1 MB once, however many rows have it: written out, 2,000 rows are 2 GB
of 463 bytes. What a file writes out to is counted while it is read, and bounded as in any other
file; a piece of it never has more than a piece of a text file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import compute

from costoptix.bills.read.csv_pieces import MAX_RECORD_BYTES, PIECE_BYTES
from costoptix.bills.read.parquet_pages import DAMAGED, TOO_MUCH, allowance
from costoptix.bills.read.parquet_schema import BYTES, TEXT
from costoptix.errors import Invalid
from costoptix.lake.layout import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STEP_ROWS = 2_048
"""DuckDB's own step: of so many rows at a time it is asked how long their texts are."""
_LONGEST_STEP_BYTES = 2 * PIECE_BYTES
_TOO_LONG = "The Parquet file has rows that are longer than a row can be."


class Allowance:
    """What a file may still write out to."""

    def __init__(self, source: Path) -> None:
        self._left = allowance(source.stat().st_size)

    def take(self, size: int) -> None:
        """Count some bytes.

        Raises:
            Invalid: the file writes out to more than it may.
        """
        self._left -= size
        if self._left < 0:
            raise Invalid(TOO_MUCH)


def parts(table: pa.Table, allowed: Allowance) -> Iterator[pa.Table]:
    """Yield a table in parts that are no larger than a piece is, written out.

    Raises:
        Invalid: it is damaged, or writes out to more than it may; or a text is too long.
    """
    size = written_bytes(table)
    allowed.take(size)
    yield from _halved(table, size)


def _halved(table: pa.Table, size: int) -> Iterator[pa.Table]:
    if size <= 2 * PIECE_BYTES or table.num_rows == 1:
        yield table
        return
    middle = table.num_rows // 2
    for part in (table.slice(0, middle), table.slice(middle)):
        yield from _halved(part, written_bytes(part))


def written_bytes(table: pa.Table) -> int:
    """Return how many bytes the cells of a table are, each written out.

    Raises:
        Invalid: a text is longer than a row can be.
    """
    return sum(_bytes_of(chunk) for column in table.columns for chunk in column.chunks)


def _bytes_of(values: pa.Array) -> int:
    if not isinstance(values, pa.DictionaryArray):
        return int(values.nbytes)
    texts = values.dictionary
    if not len(texts):
        return 0
    lengths = np.asarray(compute.binary_length(texts).fill_null(0), dtype=np.int64)
    if lengths.max() > MAX_RECORD_BYTES:
        raise Invalid(_TOO_LONG)
    codes = np.asarray(values.indices.drop_null() if values.null_count else values.indices)
    if len(codes) and not 0 <= codes.min() <= codes.max() < len(lengths):
        raise Invalid(DAMAGED)  # Arrow takes the numbers that a file says
    uses = np.bincount(codes, minlength=len(lengths))
    return int(uses @ lengths)


def row_ranges(
    source: Path,
    columns: Sequence[tuple[str, str]],
    connection: DuckDBPyConnection,
    allowed: Allowance,
) -> Iterator[tuple[int, int]]:
    """Yield the first row and the one after the last of parts that are no larger than a piece is.

    ``columns`` are names and DuckDB's types. For files that DuckDB reads: it says how long their
    texts are without writing them out. What is no text is bounded by the pages that it is in.

    Raises:
        Invalid: the file writes out to more than it may, or its rows are too long.
    """
    counted = {TEXT: "strlen", BYTES: "octet_length"}
    lengths = [
        f"coalesce({counted[type_]}({_quoted(name)}), 0)"
        for name, type_ in columns
        if type_ in counted
    ]
    asked = (
        f"SELECT count(*), sum({' + '.join(lengths) or 0}) "  # noqa: S608
        f"FROM read_parquet({literal(str(source))}, file_row_number = true) "
        f"GROUP BY file_row_number // {STEP_ROWS} ORDER BY file_row_number // {STEP_ROWS}"
    )
    first = last = size = 0
    for rows, more in connection.execute(asked).fetchall():
        allowed.take(int(more))
        if more > _LONGEST_STEP_BYTES:
            raise Invalid(_TOO_LONG)
        if last > first and size + more > PIECE_BYTES:
            yield first, last
            first, size = last, 0
        last, size = last + rows, size + int(more)
    if last > first:
        yield first, last


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
