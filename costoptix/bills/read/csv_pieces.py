"""A text file in pieces of whole records, so that memory does not grow with the file.

Each piece is parsed, cast, sorted and stored by itself. A record ends at a line end outside of
quotes; which ends are outside is told by counting the quotes before them.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from costoptix.bills.formats import Header
from costoptix.bills.read.container import CHUNK_BYTES, TextReader
from costoptix.errors import Invalid
from costoptix.lake.layout import literal

PIECE_BYTES = 64 << 20
PIECE_ROWS = 128 << 10
PIECE_CELLS = 6 << 20
"""A piece has about so many at most: in memory a cell takes a few bytes even where it is empty."""
MAX_HEADER_BYTES = 1 << 20
MAX_COLUMNS = 2_000
FIRST_RECORDS = 10  # looked at to tell a header of this file from one that is another's
MOST_AMISS = 20
"""Cells that the first rows may all lack or have too many and still be rows of this header."""


MAX_RECORD_BYTES = 2 << 20
REJECTS_TABLE = "reject_errors"
"""Where DuckDB tells what is no record of the expected width or not UTF-8."""


@dataclass(frozen=True)
class TextPiece:
    """Whole records of a CSV file, without its header."""

    text: bytes | memoryview
    first_line: int  # physical line of the file on which the piece begins; the header is line 1
    width: int
    path: Path  # where the text lies once it has been asked for as a file

    def cells(self) -> str:
        """Write the SELECT of the cells as text; what is no record goes to ``REJECTS_TABLE``."""
        self.path.write_bytes(self.text)
        names = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(self.width))
        return (
            f"SELECT * FROM read_csv({literal(str(self.path))}, auto_detect = false, "  # noqa: S608
            "header = false, delim = ',', quote = '\"', escape = '\"', "
            f"columns = {{{names}}}, nullstr = ['', 'NULL', 'null'], "
            f"max_line_size = {MAX_RECORD_BYTES}, store_rejects = true)"
        )

    def cut_in_two(self) -> tuple[Self, Self] | None:
        """Cut the piece in two; None where it is one record."""
        text = bytes(self.text)
        end = _last_record_end(text[: len(text) // 2], 0)
        first, second = text[:end], text[end:]
        if not first.endswith(b"\n") or not second:
            return None
        middle = self.first_line + first.count(b"\n")
        return replace(self, text=first), replace(self, text=second, first_line=middle)

    def lines(self, without: Collection[int]) -> Iterator[int]:
        """Yield the physical line on which each record begins, but of those on these lines."""
        csv.field_size_limit(MAX_RECORD_BYTES)
        with io.TextIOWrapper(
            io.BytesIO(self.text), encoding="utf-8", errors="replace", newline=""
        ) as file:
            records = csv.reader(file)
            line = self.first_line
            for record in records:
                if record and line not in without:
                    yield line
                line = self.first_line + records.line_num

    def line_at(self, offset: int) -> int:
        """Return the physical line that holds the byte at this offset of the piece."""
        return self.first_line + bytes(self.text[:offset]).count(b"\n")


class TextPieces:
    """The header of a text file and its records, piece by piece."""

    def __init__(self, source: Path, folder: Path, piece_bytes: int = PIECE_BYTES) -> None:
        self._reader = TextReader(source)
        self._chunks = self._reader.chunks()
        self._path = folder / "piece.csv"
        self._piece_bytes = piece_bytes
        self._line = 1
        self._rest = b""  # read, and not yet part of a piece
        self.header = self._read_header()
        self._check_width()
        self._piece_bytes = min(piece_bytes, self._bytes_of(most_rows(len(self.header.names))))

    @property
    def bytes_done(self) -> int:
        """Bytes of the sent file read so far."""
        return self._reader.bytes_done

    def shrink(self) -> None:
        """Halve the size of the pieces to come."""
        self._piece_bytes //= 2

    def __iter__(self) -> Iterator[TextPiece]:
        """Yield the pieces; the text of each is overwritten by the next.

        Raises:
            Invalid: the file is damaged, unpacks to too much, or is not text.
        """
        buffer = memoryview(bytearray(self._piece_bytes + CHUNK_BYTES + MAX_HEADER_BYTES))
        while self._rest or self._fill():
            first_line = self._line
            length = self._read_into(buffer)
            yield TextPiece(buffer[:length], first_line, len(self.header.names), self._path)

    def _bytes_of(self, rows: int) -> int:
        """Return about how many bytes so many rows take, by the first ones."""
        lines = max(count(self._rest, b"\n"), 1)
        return max(len(self._rest) * rows // lines, CHUNK_BYTES)

    def _check_width(self) -> None:
        """Refuse rows that are of another header.

        DuckDB takes note of every cell that a row lacks or has too many, with the whole row: of
        many such cells, more than there is memory for. Of a few each row is named.
        """
        columns = len(self.header.names)
        widths = _first_widths(self._rest, columns)
        lack = max(widths, default=columns) < columns - MOST_AMISS
        has_too_many = min(widths, default=columns) > columns + MOST_AMISS
        if not (lack or has_too_many):
            return
        raise Invalid(
            f"The header has {columns} columns, but the first rows have {min(widths)} to "
            f"{max(widths)} cells: it is not their header."
        )

    def _fill(self) -> bool:
        self._rest = next(self._chunks, b"")
        return bool(self._rest)

    def _read_into(self, buffer: memoryview) -> int:
        """Put the next piece into the buffer and return its length."""
        length = quotes = 0
        is_full = False
        while not is_full and (self._rest or self._fill()):
            chunk, self._rest = self._rest, b""
            # It is full as well where a chunk ends with a record: to go on would overflow it.
            is_full = length + len(chunk) >= self._piece_bytes
            if is_full:
                end = _last_record_end(chunk, quotes)
                chunk, self._rest = chunk[:end], chunk[end:]
            buffer[length : length + len(chunk)] = chunk
            length += len(chunk)
            self._line += count(chunk, b"\n")
            quotes += count(chunk, b'"')
        return length

    def _read_header(self) -> Header:
        text = b""
        end = 0
        while not end and len(text) < MAX_HEADER_BYTES and self._fill():
            text += self._rest
            end = _first_record_end(text)
        text = text.removeprefix(codecs.BOM_UTF8)
        end = _first_record_end(text) or len(text)
        if end >= MAX_HEADER_BYTES:
            raise Invalid("The first line is longer than a header can be.")
        # Once seen in the wild: a second mark before the first row.
        self._rest = text[end:].removeprefix(codecs.BOM_UTF8)
        self._line += text.count(b"\n", 0, end)
        return Header(_header_names(text[:end].removeprefix(codecs.BOM_UTF8)))


def most_rows(columns: int) -> int:
    """Return how many rows of so many columns a piece should have at most."""
    return max(min(PIECE_ROWS, PIECE_CELLS // columns), 1)


def count(text: bytes, byte: bytes) -> int:
    """Return how often a byte is in a text: of frequent ones much faster than ``bytes.count``."""
    return int(np.count_nonzero(np.frombuffer(text, dtype=np.uint8) == ord(byte)))


def _first_widths(text: bytes, columns: int) -> list[int]:
    """Return how many cells the first records have, as far as they can be read.

    Empty cells beyond the columns of the header do not count: nothing is lost with them.
    """
    csv.field_size_limit(MAX_RECORD_BYTES)
    records = csv.reader(io.StringIO(text.decode(errors="replace"), newline=""))
    widths: list[int] = []
    try:
        widths.extend(
            _width(record, columns) for record in itertools.islice(records, FIRST_RECORDS) if record
        )
    except csv.Error:
        return []
    return widths


def _width(record: list[str], columns: int) -> int:
    width = len(record)
    while width > columns and not record[width - 1]:
        width -= 1
    return width


def _header_names(text: bytes) -> tuple[str, ...]:
    try:
        names = next(csv.reader(io.StringIO(text.decode(), newline=""), strict=True), [])
    except UnicodeDecodeError as error:
        raise Invalid("The header is not UTF-8 text.") from error
    except csv.Error as error:
        raise Invalid("The first line is not a header in CSV.") from error
    if not any(name.strip() for name in names):
        raise Invalid("The file has no header line.")
    if len(names) > MAX_COLUMNS:
        raise Invalid(f"The header has {len(names)} columns; at most {MAX_COLUMNS} are read.")
    return tuple(name.strip() for name in names)


def _first_record_end(text: bytes) -> int:
    """Return the offset after the first line end outside of quotes; 0 when there is none."""
    start = quotes = 0
    while end := text.find(b"\n", start) + 1:
        quotes += text.count(b'"', start, end)
        if quotes % 2 == 0:
            return end
        start = end
    return 0


def _last_record_end(chunk: bytes, quotes_before: int) -> int:
    """Return the offset after the last line end outside of quotes.

    Where the quotes of a damaged file never close, the last line end must do: the parser then
    rejects the records that it cannot read.
    """
    last = end = chunk.rfind(b"\n") + 1
    quotes = quotes_before + chunk.count(b'"', 0, end)
    while end:
        if quotes % 2 == 0:
            return end
        # Only what lies between two line ends is counted: to count from the start each time took
        # a minute for a quote that never closes before a million line ends.
        before = chunk.rfind(b"\n", 0, end - 1) + 1
        quotes -= chunk.count(b'"', before, end)
        end = before
    return last or len(chunk)
