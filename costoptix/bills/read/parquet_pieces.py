"""A Parquet file in pieces of rows, every cell as the text it would have in a CSV file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self

from costoptix.bills.formats import Header, identifier
from costoptix.bills.read import parquet_schema
from costoptix.bills.read.csv_pieces import PIECE_ROWS, most_rows
from costoptix.bills.read.headers import MAX_COLUMNS
from costoptix.bills.read.parquet_pages import (
    TOO_MUCH,
    Chunk,
    allowance,
    check_footer,
    read_chunks,
)
from costoptix.bills.read.parquet_schema import BYTES, NESTED, TEXT, Schema, damage_told
from costoptix.bills.read.parquet_texts import Allowance, parts, row_ranges
from costoptix.errors import Invalid
from costoptix.lake.layout import literal

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from pyarrow import parquet as pq

MAX_CELLS = 20_000_000_000
"""Rows × columns: a hundred million rows of two hundred columns."""
_BYTES = 64 << 20
"""What row groups read at once have, before they are compressed."""
MAX_CHUNK_BYTES = 256 << 20
"""Files with more in one column of one row group, or with pages of more in all its columns, are
read by DuckDB, which minds its memory."""
MAX_NESTED_VALUES = 4 << 20
"""So are files with more values in the lists of one row group: a row may have them all."""


@dataclass(frozen=True)
class ParquetPiece:
    """The rows from ``first`` (counted from 0) to before ``last``."""

    path: Path
    columns: Sequence[tuple[str, str]]  # name and DuckDB's type of each
    first: int
    last: int
    table: pa.Table | None = None  # the same rows, where they were read already
    is_for_arrow: bool = False  # DuckDB cannot read it as it is

    @property
    def width(self) -> int:
        """Return how many columns there are."""
        return len(self.columns)

    @property
    def first_line(self) -> int:
        """Return the line of the first row: a row is on the line of its number, from 1."""
        return self.first + 1

    def cells(self) -> str:
        """Write the SELECT of the cells as text."""
        selected = ", ".join(
            f"{_as_text(_quoted(name), type_)} AS {identifier(position)}"
            for position, (name, type_) in enumerate(self.columns)
        )
        return (
            f"SELECT {selected} "  # noqa: S608
            f"FROM read_parquet({literal(str(self.path))}, file_row_number = true) "
            f"WHERE file_row_number >= {self.first} AND file_row_number < {self.last} "
            "ORDER BY file_row_number"
        )

    def texts_of_table(self) -> dict[int, str]:
        """Write, for the columns of ``table`` that are no text, what makes text of them."""
        return {
            position: _as_text(identifier(position), type_)
            for position, (_, type_) in enumerate(self.columns)
            if type_ not in (TEXT, BYTES)
        }

    def cut_in_two(self) -> tuple[Self, Self] | None:
        """Cut the piece in two; None where it is one row."""
        middle = (self.first + self.last) // 2
        if middle == self.first:
            return None
        before, after = replace(self, last=middle), replace(self, first=middle)
        if self.table is None or not self.is_for_arrow:
            return replace(before, table=None), replace(after, table=None)
        rows = middle - self.first
        return replace(before, table=self.table[:rows]), replace(after, table=self.table[rows:])

    def lines(self, _without: Collection[int]) -> Iterator[int]:
        """Yield the numbers of the rows, from 1: they are their lines."""
        return count(self.first_line)


class ParquetPieces:
    """The columns of a Parquet file and its rows, piece by piece."""

    def __init__(
        self, source: Path, connection: DuckDBPyConnection, piece_rows: int = PIECE_ROWS
    ) -> None:
        self._source = source
        self._piece_rows = piece_rows
        self._size = source.stat().st_size
        self._duckdb = connection
        self.bytes_done = 0
        check_footer(source)
        self._schema = parquet_schema.read(source, connection)
        self._rows = self._schema.rows
        columns = len(self._schema.names)
        if columns * self._rows > allowance(self._size):
            raise Invalid(TOO_MUCH)
        if columns > MAX_COLUMNS or columns * self._rows > MAX_CELLS:
            raise Invalid(f"The file has {columns} columns and {self._rows} rows: too many.")
        self.header = Header(self._schema.names)

    def shrink(self) -> None:
        """Halve the size of the pieces to come."""
        self._piece_rows = max(self._piece_rows // 2, 1)

    def __iter__(self) -> Iterator[ParquetPiece]:
        """Yield the pieces, in the order of the file.

        Raises:
            Invalid: the file is damaged, or unpacks to too much.
        """
        last = 0
        allowed = Allowance(self._source)
        for table in _tables(self._source, self._schema):
            for part in parts(table, allowed):
                for rows in self._parts(part):
                    first, last = last, last + rows.num_rows
                    yield self._piece(first, last, rows)
        if last < self._rows:
            self._schema.check_for_duckdb()
            yield from self._read_by_duckdb(allowed)

    def _parts(self, table: pa.Table) -> Iterator[pa.Table]:
        while table.num_rows:
            yield table.slice(0, self._piece_rows)
            table = table.slice(self._piece_rows)

    def _read_by_duckdb(self, allowed: Allowance) -> Iterator[ParquetPiece]:
        for start, end in row_ranges(self._source, self._schema.columns, self._duckdb, allowed):
            last = start
            while last < end:
                first, last = last, min(last + self._piece_rows, end)
                yield self._piece(first, last)

    def _piece(self, first: int, last: int, table: pa.Table | None = None) -> ParquetPiece:
        self.bytes_done = self._size * last // self._rows
        schema = self._schema
        return ParquetPiece(self._source, schema.columns, first, last, table, schema.is_for_arrow)


def _tables(source: Path, schema: Schema) -> Iterator[pa.Table]:
    """Yield the rows as Arrow has them, the values of texts numbered; nothing of large parts."""
    import pyarrow as pa
    from pyarrow import parquet

    names = [identifier(number).strip('"') for number in range(len(schema.names))]
    with damage_told():
        chunks = read_chunks(source, parquet.read_metadata(source))
        if not _has_small_parts(chunks):
            return
    with damage_told(), parquet.ParquetFile(source, read_dictionary=schema.texts) as file:
        for groups, rows in _together(file.metadata, chunks, most_rows(len(names))):
            if rows is None:
                table = file.read_row_groups(groups, use_threads=False)
                yield schema.readable(table.rename_columns(names))
                continue
            for batch in file.iter_batches(rows, groups, use_threads=False):
                yield schema.readable(pa.Table.from_batches([batch]).rename_columns(names))


def _has_small_parts(groups: Sequence[Sequence[Chunk]]) -> bool:
    """Tell whether no part of the file is very large."""
    return all(
        max((chunk.unpacked_bytes for chunk in chunks), default=0) <= MAX_CHUNK_BYTES
        and sum(chunk.largest_page_bytes for chunk in chunks) <= MAX_CHUNK_BYTES
        and sum(chunk.values for chunk in chunks if chunk.is_nested) <= MAX_NESTED_VALUES
        for chunks in groups
    )


def _together(
    metadata: pq.FileMetaData, groups_of_chunks: Sequence[Sequence[Chunk]], most: int
) -> Iterator[tuple[list[int], int | None]]:
    """Yield the numbers of row groups to be read at once, or one and how many rows at a time."""
    groups: list[int] = []
    rows = size = 0
    for number, chunks in enumerate(groups_of_chunks):
        more_rows = metadata.row_group(number).num_rows
        more_bytes = sum(chunk.unpacked_bytes for chunk in chunks)
        if groups and (rows + more_rows > most or size + more_bytes > _BYTES):
            yield groups, None
            groups, rows, size = [], 0, 0
        if more_rows > 2 * most or more_bytes > _BYTES:
            part = min(1.0, _BYTES / more_bytes)
            yield [number], max(min(int(more_rows * part), most), 1)
            continue
        groups.append(number)
        rows, size = rows + more_rows, size + more_bytes
    if groups:
        yield groups, None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_text(column: str, type_: str) -> str:
    if type_.startswith(NESTED) or type_.endswith("]"):
        return f"CAST(to_json({column}) AS VARCHAR)"
    text = f"CAST({column} AS VARCHAR)"
    if type_ == BYTES:
        text = f"coalesce(try(decode({column})), hex({column}))"
    if type_ in (TEXT, BYTES):
        return f"CASE WHEN {text} NOT IN ('', 'NULL', 'null') THEN {text} END"
    return text
