"""The cells of a piece as text, in memory: read fast where it is regular, else by DuckDB.

A regular piece is CSV as RFC 4180 has it: quotes open and close only beside what parts cells, every
record has as many cells as the header. Then Arrow's reader, which takes less than half the time,
reads what DuckDB's would. Of any other piece DuckDB tells which lines are no records.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import csv

from costoptix.bills.formats import identifier
from costoptix.bills.read import engine, fast_casts, fast_texts
from costoptix.bills.read.columns import (
    Bytes,
    Coded,
    Column,
    Flags,
    Rows,
    arrow,
    constant,
    encode,
    hardly_repeats,
    once,
    one_array,
    only_value,
    take,
    without,
)
from costoptix.bills.read.csv_pieces import TextPiece
from costoptix.bills.read.headers import SEPARATORS
from costoptix.bills.read.notes import Noted
from costoptix.bills.read.parquet_pages import DAMAGED
from costoptix.bills.read.parquet_pieces import ParquetPiece
from costoptix.errors import Invalid

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NULLS = ["", "NULL", "null"]
VIEW = "cells"
"""The name by which the SQL of formats knows the cells."""
RECORD = "record"
"""The column of the view that is the number of the row, from 0."""

_BLOCK_BYTES = 1 << 20
_WINDOW_BYTES = 1 << 19
_QUOTE, _RETURN = b'"\r'
_NOT_ASCII = 0x80
_LINE_ENDS = np.arange(256) == ord("\n")


def _flags(marks: str) -> Flags:
    return np.isin(np.arange(256), list(marks.encode()))


# Of a quote that opens, a quote just before closed: the two are one escaped quote.
_MAY_OPEN_AFTER = {mark: _flags(f'{mark}\n"') for mark in SEPARATORS}
_MAY_FOLLOW_CLOSE = {mark: _flags(f'{mark}\r\n"') for mark in SEPARATORS}


@dataclass(frozen=True)
class Cells:
    """The columns of a file, by position; NULL where a cell is empty, ``NULL`` or ``null``.

    All are text, but for amounts that a Parquet file has as decimals.
    """

    columns: Sequence[Column]
    rows: int  # in the order of the file
    is_regular: bool = True  # else what is no record was left out, and DuckDB tells it
    noted: Sequence[Noted] = ()

    def take(self, rows: Rows, numbers: Collection[int] | None = None) -> Cells:
        """Return some rows; with what they have in the columns of these numbers alone, if any."""
        nothing = constant(None, len(rows))
        return Cells(
            [
                take(column, rows) if numbers is None or number in numbers else nothing
                for number, column in enumerate(self.columns)
            ],
            len(rows),
        )

    @contextlib.contextmanager
    def viewed(self, connection: DuckDBPyConnection, sql: str) -> Iterator[None]:
        """Let SQL see, for the block, the columns that it names, as text."""
        named = {identifier(number): number for number in named_columns(sql)}
        table = pa.table(
            {name.strip('"'): arrow(self.columns[number]) for name, number in named.items()}
            | {RECORD: pa.array(np.arange(self.rows))}
        )
        texts = {
            field.name: f"CAST({field.name} AS VARCHAR)"
            for field in table.schema
            if pa.types.is_decimal(field.type)
        }
        if texts:
            table = _replaced(table, _selected(connection, table, texts))
        with engine.view(connection, VIEW, table):
            yield


def named_columns(sql: str) -> list[int]:
    """Return the positions of the cells that an expression of a format names."""
    return sorted({int(number) for number in re.findall(r'"c(\d+)"', sql)})


class Reader:
    """Reads the pieces of one file.

    What its columns are like is seen in the first piece: where values hardly repeat, as amounts,
    they are kept plain; of columns that say the same, as a region's id and name, one is kept for
    all, as long as they do. ``amounts`` are the columns that need not be made text of where they
    are decimals that can be stored.
    """

    def __init__(
        self, connection: DuckDBPyConnection, amounts: Collection[int] = frozenset()
    ) -> None:
        self._duckdb = connection
        self._amounts = amounts
        self._plain: frozenset[int] = frozenset()
        self._twins: dict[int, int] | None = None  # the column before which is the same

    def read(self, piece: TextPiece | ParquetPiece) -> Cells:
        """Return the cells of a piece."""
        table = _read_regular(piece) if isinstance(piece, TextPiece) else self._of_table(piece)
        is_regular = table is not None or isinstance(piece, ParquetPiece)
        if table is None:
            table = engine.table(self._duckdb, piece.cells())
        columns = self._columns(table.columns[: piece.width])
        self._plain = frozenset(
            number for number, column in enumerate(columns) if hardly_repeats(column)
        )
        if self._twins is None:
            self._twins = _twins(columns)
        if isinstance(piece, ParquetPiece):
            columns = [_cleaned(column) for column in columns]
        return Cells(columns, table.num_rows, is_regular)

    def _columns(self, texts: Sequence[pa.ChunkedArray]) -> list[Column]:
        columns: list[Column] = []
        for number, text in enumerate(texts):
            twin = self._twins.get(number) if self._twins else None
            if twin is not None and text.equals(texts[twin]):
                columns.append(columns[twin])
            else:
                columns.append(_column(text, is_plain=number in self._plain))
        return columns

    def _of_table(self, piece: ParquetPiece) -> pa.Table | None:
        """Return the cells of a piece that was read already: what is no text made into it.

        Raises:
            Invalid: a text is not UTF-8 or a number leads nowhere: Arrow takes what a file says.
        """
        if piece.table is None:
            return None
        try:
            piece.table.validate(full=True)
        except pa.ArrowInvalid as error:
            raise Invalid(DAMAGED) from error
        texts = {
            number: sql
            for number, sql in piece.texts_of_table().items()
            if not (number in self._amounts and is_amount(piece.table.column(number).type))
        }
        table = piece.table
        for number in sorted(texts):
            column = table.column(number)
            if number not in self._plain and _can_be_numbered(column.type):
                written = self._by_value(column, identifier(number), texts.pop(number))
            elif fast_texts.are_fast(column.type):
                written = fast_texts.texts(one_array(column))
                del texts[number]
            else:
                continue
            table = table.set_column(number, table.column_names[number], written)
        if texts:
            sql = {table.column_names[number]: text for number, text in texts.items()}
            made = _selected(self._duckdb, table.select(list(sql)), sql)
            table = _replaced(table, made)
        return table

    def _by_value(self, column: pa.ChunkedArray, name: str, sql: str) -> pa.Array:
        """Make text of a column's distinct values only."""
        numbered = encode(column)
        if fast_texts.are_fast(column.type):
            return Coded(numbered.codes, fast_texts.texts(numbered.values)).arrow()
        values = pa.table({name.strip('"'): numbered.values})
        texts = _selected(self._duckdb, values, {name.strip('"'): sql}).column(0)
        return Coded(numbered.codes, one_array(texts)).arrow()


def is_amount(type_: pa.DataType) -> bool:
    """Tell whether every number of a type can be stored as an amount without rounding."""
    if not pa.types.is_decimal128(type_):
        return False
    whole_digits = fast_casts.AMOUNT.precision - fast_casts.AMOUNT.scale
    fits = 0 <= type_.scale <= fast_casts.AMOUNT.scale
    return bool(fits and type_.precision - type_.scale <= whole_digits)


def _can_be_numbered(type_: pa.DataType) -> bool:
    """Tell whether equal values of a type are written equally: 0.0 and -0.0 are not."""
    return bool(
        pa.types.is_decimal(type_) or pa.types.is_temporal(type_) or pa.types.is_integer(type_)
    )


def _selected(connection: DuckDBPyConnection, table: pa.Table, sql: Mapping[str, str]) -> pa.Table:
    """Return columns of a table with what SQL makes of them, in the order of its rows."""
    named = ", ".join(f"{text} AS {name}" for name, text in sql.items())
    numbered = table.append_column(RECORD, pa.array(np.arange(table.num_rows)))
    with engine.view(connection, VIEW, numbered):
        made = engine.table(connection, f"SELECT {named}, {RECORD} FROM {VIEW}")  # noqa: S608
    records = np.asarray(made.column(RECORD))
    if not (np.diff(records) > 0).all():
        made = made.take(pa.array(np.argsort(records)))
    return made.drop_columns([RECORD])


def _replaced(table: pa.Table, columns: pa.Table) -> pa.Table:
    """Return a table with other columns in the place of those of their names."""
    for name in columns.column_names:
        table = table.set_column(table.column_names.index(name), name, columns.column(name))
    return table


def _cleaned(column: Column) -> Column:
    """Return a column of a Parquet file as one of a CSV file would be."""
    if not isinstance(column, Coded) and pa.types.is_decimal(column.type):
        return column
    return without(once(column), NULLS)


def _column(text: pa.ChunkedArray, *, is_plain: bool) -> Column:
    if text.null_count == len(text):
        return constant(None, len(text))
    if pa.types.is_decimal(text.type):
        return one_array(text)
    if is_plain:
        return one_array(text.cast(pa.string()))
    return only_value(text) or encode(text)


def _twins(columns: Sequence[Column]) -> dict[int, int]:
    """Return, for each column that is the same as one before it, the first such."""
    twins: dict[int, int] = {}
    for number, column in enumerate(columns):
        for first in range(number):
            if first not in twins and _are_same(columns[first], column):
                twins[number] = first
                break
    return twins


def _are_same(one: Column, other: Column) -> bool:
    if not (isinstance(one, Coded) and isinstance(other, Coded)) or not len(one.values):
        return False
    return one.values.equals(other.values) and np.array_equal(one.codes, other.codes)


def _read_regular(piece: TextPiece) -> pa.Table | None:
    """Read a piece with Arrow's reader; None where it is not regular."""
    if not is_regular(piece.text, piece.separator):
        return None
    names = [identifier(position) for position in range(piece.width)]
    try:
        return csv.read_csv(
            pa.py_buffer(piece.text),
            csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, column_names=names),
            csv.ParseOptions(
                delimiter=piece.separator, newlines_in_values=True, ignore_empty_lines=True
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=NULLS,
                strings_can_be_null=True,
                check_utf8=not _is_ascii(piece.text),
            ),
        )
    except pa.ArrowInvalid:  # more cells or less, not UTF-8, longer than a block
        return None


def _is_ascii(text: bytes | memoryview) -> bool:
    return not len(text) or bool(np.frombuffer(text, dtype=np.uint8).max() < _NOT_ASCII)


def is_regular(text: bytes | memoryview, separator: str = ",") -> bool:
    """Tell whether quotes and carriage returns are where RFC 4180 has them."""
    written = np.frombuffer(text, dtype=np.uint8)
    opens = True  # whether the next quote does
    for start in range(0, len(written), _WINDOW_BYTES):
        window = written[start : start + _WINDOW_BYTES]
        returns = window == _RETURN
        if returns.any() and not _are_followed(
            written, np.flatnonzero(returns) + start, _LINE_ENDS
        ):
            return False
        quotes = np.flatnonzero(window == _QUOTE)
        quotes += start
        opening, closing = (quotes[::2], quotes[1::2]) if opens else (quotes[1::2], quotes[::2])
        before = opening[opening > 0] - 1 if start == 0 else opening - 1
        if not _MAY_OPEN_AFTER[separator].take(written.take(before)).all():
            return False
        if not _are_followed(written, closing, _MAY_FOLLOW_CLOSE[separator]):
            return False
        opens ^= len(quotes) % 2 == 1
    return opens


def _are_followed(text: Bytes, at: Rows, allowed: Flags) -> bool:
    """Tell whether the byte after each of some is allowed, but for the end of the text."""
    if len(at) and at[-1] == len(text) - 1:
        at = at[:-1]
    return bool(allowed.take(text.take(at + 1)).all())
