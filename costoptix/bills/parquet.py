"""A Parquet file in pieces of rows, every cell as the text it would have in a CSV file."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self

from costoptix.bills.formats import Header, identifier
from costoptix.bills.formats.expressions import literal
from costoptix.bills.pieces import MAX_COLUMNS
from costoptix.errors import Invalid

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PIECE_ROWS = 100_000
MAX_CELLS = 20_000_000_000
"""Rows × columns: a hundred million rows of two hundred columns."""

_NESTED = ("STRUCT", "MAP", "UNION", "JSON")


@dataclass(frozen=True)
class ParquetPiece:
    """The rows from ``first`` (counted from 0) to before ``last``."""

    path: Path
    selected: str  # the SELECT list of the cells
    first: int
    last: int

    def cells(self) -> str:
        """Write the SELECT of the cells as text; ``record`` is the row's number, from 1."""
        return (
            f"SELECT {self.selected}, file_row_number + 1 AS record "  # noqa: S608
            f"FROM read_parquet({literal(str(self.path))}, file_row_number = true) "
            f"WHERE file_row_number >= {self.first} AND file_row_number < {self.last}"
        )

    def numbered_cells(self) -> str:
        """Write the same: the rows of a Parquet file always have their number."""
        return self.cells()

    def halves(self) -> tuple[Self, Self] | None:
        """Cut the piece in two; None where it is one row."""
        middle = (self.first + self.last) // 2
        if middle == self.first:
            return None
        return replace(self, last=middle), replace(self, first=middle)

    def lines(self, _without: Collection[int]) -> Iterator[int]:
        """Yield 1, 2, 3 …: a row of a Parquet file is on the line of its number."""
        return count(1)


class ParquetPieces:
    """The columns of a Parquet file and its rows, piece by piece."""

    def __init__(
        self, source: Path, connection: DuckDBPyConnection, piece_rows: int = PIECE_ROWS
    ) -> None:
        self._source = source
        self._piece_rows = piece_rows
        self._size = source.stat().st_size
        self.bytes_done = 0
        columns, self._rows = _read_footer(source, connection)
        if len(columns) > MAX_COLUMNS or len(columns) * self._rows > MAX_CELLS:
            raise Invalid(f"The file has {len(columns)} columns and {self._rows} rows: too many.")
        self.header = Header(tuple(columns))
        self._selected = ", ".join(
            f"{_as_text(name, type_)} AS {identifier(position)}"
            for position, (name, type_) in enumerate(columns.items())
        )

    def shrink(self) -> None:
        """Make the pieces to come half as large."""
        self._piece_rows = max(self._piece_rows // 2, 1)

    def __iter__(self) -> Iterator[ParquetPiece]:
        """Yield the pieces, in the order of the file."""
        last = 0
        while last < self._rows:
            first, last = last, min(last + self._piece_rows, self._rows)
            self.bytes_done = self._size * last // self._rows
            yield ParquetPiece(self._source, self._selected, first, last)


def _read_footer(source: Path, connection: DuckDBPyConnection) -> tuple[dict[str, str], int]:
    import duckdb

    table = f"read_parquet({literal(str(source))}, hive_partitioning = false)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()  # noqa: S608
        counted = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    except duckdb.Error as error:
        raise Invalid("The Parquet file is damaged.") from error
    return {name: type_ for name, type_, *_ in described}, counted[0] if counted else 0


def _as_text(name: str, type_: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if type_.startswith(_NESTED) or type_.endswith("]"):
        return f"CAST(to_json({quoted}) AS VARCHAR)"
    text = f"CAST({quoted} AS VARCHAR)"
    if type_ == "VARCHAR":
        return f"CASE WHEN {text} NOT IN ('', 'NULL', 'null') THEN {text} END"
    return text
