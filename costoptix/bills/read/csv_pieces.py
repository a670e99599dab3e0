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
from costoptix.bills.read.headers import first_record_end, named_separator, read_header
from costoptix.errors import Invalid
from costoptix.lake.layout import literal

PIECE_BYTES = 64 << 20
PIECE_ROWS = 128 << 10
PIECE_CELLS = 6 << 20
"""A piece has about so many at most: in memory a cell takes a few bytes even where it is empty."""
MAX_HEADER_BYTES = 1 << 20
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
    separator: str = ","

    def cells(self) -> str:
        """Write the SELECT of the cells as text; what is no record goes to ``REJECTS_TABLE``."""
        text = self._with_one_line_end()
        self.path.write_bytes(text)
        line_end = ", new_line = '\\n'" if _has_lone_ends(text) else ""
        names = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(self.width))
        return (
            f"SELECT * FROM read_csv({literal(str(self.path))}, auto_detect = false, "  # noqa: S608
            f"header = false, delim = {literal(self.separator)}, quote = '\"', escape = '\"', "
            f"columns = {{{names}}}, nullstr = ['', 'NULL', 'null'], "
            f"max_line_size = {MAX_RECORD_BYTES}, store_rejects = true{line_end})"
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
            records = csv.reader(file, delimiter=self.separator)
            line = self.first_line
            for record in records:
                if record and line not in without:
                    yield line
                line = self.first_line + records.line_num

    def line_at(self, offset: int) -> int:
        """Return the physical line that holds the byte at this offset of what DuckDB reads."""
        return self.first_line + self._with_one_line_end()[:offset].count(b"\n")

    def _with_one_line_end(self) -> bytes:
        """Return the text with one kind of line ends outside of quotes.

        DuckDB takes the first line end, be it within quotes, for that of all, others for damage.
        """
        text = bytes(self.text)
        if b"\r\n" not in text or not _has_lone_ends(text):
            return text
        written = np.frombuffer(text, dtype=np.uint8)
        returns = np.flatnonzero(written[:-1] == ord("\r"))
        returns = returns[written[returns + 1] == ord("\n")]
        quotes_before = np.searchsorted(np.flatnonzero(written == ord('"')), returns)
        return np.delete(written, returns[quotes_before % 2 == 0]).tobytes()


def _has_lone_ends(text: bytes) -> bool:
    """Tell whether a line feed is without a carriage return."""
    return text.count(b"\n") > text.count(b"\r\n")


class TextPieces:
    """The header of a text file and its records, piece by piece."""

    def __init__(
        self,
        source: Path,
        folder: Path,
        piece_bytes: int = PIECE_BYTES,
        encoding: str | None = None,
    ) -> None:
        self._reader = TextReader(source, encoding)
        self._chunks = self._reader.chunks()
        self._path = folder / "piece.csv"
        self._piece_bytes = piece_bytes
        self._line = 1
        self._rest = b""  # read, and not yet part of a piece
        self.header, self._separator = self._read_header()
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
        # Not a bytearray, which is written to in full: most bills are small.
        size = self._piece_bytes + CHUNK_BYTES + MAX_HEADER_BYTES
        buffer = np.empty(size, dtype=np.uint8).data
        while self._rest or self._fill():
            first_line = self._line
            length = self._read_into(buffer)
            width = len(self.header.names)
            yield TextPiece(buffer[:length], first_line, width, self._path, self._separator)

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
        widths = _first_widths(self._rest, columns, self._separator)
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

    def _read_header(self) -> tuple[Header, str]:
        """Read to the end of the header; return it, and what stands between cells."""
        text = self._to_first_end(b"").removeprefix(codecs.BOM_UTF8)
        separator = None
        if named := named_separator(text):
            separator, start = named
            self._line += 1
            text = self._to_first_end(text[start:])
        end = first_record_end(text) or len(text)
        if end >= MAX_HEADER_BYTES:
            raise Invalid("The first line is longer than a header can be.")
        # Once seen in the wild: a second mark before the first row.
        self._rest = text[end:].removeprefix(codecs.BOM_UTF8)
        self._line += text.count(b"\n", 0, end)
        names, separator = read_header(text[:end].removeprefix(codecs.BOM_UTF8), separator)
        return Header(names), separator

    def _to_first_end(self, text: bytes) -> bytes:
        """Return a text with what follows, until it has a whole record or is too long for one."""
        while not first_record_end(text) and len(text) < MAX_HEADER_BYTES and self._fill():
            text += self._rest
        return text


def most_rows(columns: int) -> int:
    """Return how many rows of so many columns a piece should have at most."""
    return max(min(PIECE_ROWS, PIECE_CELLS // columns), 1)


def count(text: bytes, byte: bytes) -> int:
    """Return how often a byte is in a text: of frequent ones much faster than ``bytes.count``."""
    return int(np.count_nonzero(np.frombuffer(text, dtype=np.uint8) == ord(byte)))


def _first_widths(text: bytes, columns: int, separator: str) -> list[int]:
    """Return how many cells the first records have, as far as they can be read.

    Empty cells beyond the columns of the header do not count: nothing is lost with them.
    """
    csv.field_size_limit(MAX_RECORD_BYTES)
    lines = io.StringIO(text.decode(errors="replace"), newline="")
    records = csv.reader(lines, delimiter=separator)
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
