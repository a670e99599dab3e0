"""Cells that hold more than one value, made JSON before a format maps them.

What a cell means is worked out once per distinct text. What cannot be read is NULL from here on;
its text moves into a column of its own after those of the file, which ``casting`` puts among the
charge's other columns: no row is lost for its tags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from costoptix.bills.formats import Header, NestedCell, Unread, position_of
from costoptix.bills.read.cells import Cells, Reader
from costoptix.bills.read.columns import Coded, Column, Rows, constant
from costoptix.bills.read.csv_pieces import TextPiece
from costoptix.bills.read.notes import Noted
from costoptix.bills.read.parquet_pieces import ParquetPiece

SENTENCE = "{value} of {rows} could not be read: {lines}. What the file says is kept with them."
_MOST_REMEMBERED = 8 << 20  # characters of the texts of a column, so that memory stays bounded
_FOR_A_TEXT = 200  # characters that remembering a short one takes beside it
_Both = tuple[str | None, str | None]  # a text as JSON, and the text where it cannot be read
_NOTHING: Mapping[str | None, _Both] = {None: (None, None)}


class NestedReader:
    """Reads the pieces of one file, of which some columns are nested."""

    def __init__(self, reader: Reader, header: Header, nested: Sequence[NestedCell]) -> None:
        self._reader = reader
        self._columns = {position_of(cell.cell): _NestedColumn(cell) for cell in nested}
        self._names = header.names

    def read(self, piece: TextPiece | ParquetPiece) -> Cells:
        """Return the cells of a piece: nested ones as JSON, and after all what cannot be read."""
        cells = self._reader.read(piece)
        columns, noted = list(cells.columns), []
        for position, column in self._columns.items():
            columns[position], unread = column.read(cells.columns[position])
            columns.append(constant(None, cells.rows) if unread is None else unread)
            if unread is not None and len(rows := _filled(unread)):
                noted.append(Noted("unread", SENTENCE, rows, _title(self._names[position])))
        return replace(cells, columns=columns, noted=tuple(noted))


class _NestedColumn:
    """One column's texts: what they are as JSON, and which of them cannot be read."""

    def __init__(self, nested: NestedCell) -> None:
        self._nested = nested
        self._remembered = dict(_NOTHING)
        self._size = 0

    def read(self, column: Column) -> tuple[Column, Column | None]:
        """Return the column as JSON, and a column of what cannot be read, where there is any."""
        texts = (column.values if isinstance(column, Coded) else column).to_pylist()
        both = [self._remembered.get(text) or self._read(text) for text in texts]
        values = [value for value, _ in both]
        unread = [text for _, text in both]
        return (
            column if values == texts else _through(column, values),
            _through(column, unread) if any(text is not None for text in unread) else None,
        )

    def _read(self, text: str) -> _Both:
        both: _Both
        try:
            both = self._nested.read(text), None
        except Unread:
            both = (text if self._nested.is_needed else None), text
        self._size += len(text) + _FOR_A_TEXT
        if self._size > _MOST_REMEMBERED:
            self._remembered, self._size = dict(_NOTHING), 0
        self._remembered[text] = both
        return both


def _through(column: Column, values: Sequence[str | None]) -> Column:
    array = pa.array(values, pa.string())
    return column.through(array) if isinstance(column, Coded) else array


def _filled(column: Column) -> Rows:
    """Return the rows that are not NULL."""
    if isinstance(column, Coded):
        return np.flatnonzero(column.codes >= 0)
    return np.flatnonzero(np.asarray(column.is_valid()))


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]
