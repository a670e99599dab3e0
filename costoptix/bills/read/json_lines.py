"""A file of JSON objects (BigQuery's export) in pieces, every cell as the text of a CSV file.

One object a line, or a list of them. Their members are the columns; numbers keep every digit,
objects and lists stay JSON. What columns there are is only known at the end of the file, so that it
is read twice.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Self

from costoptix.bills.formats import Header
from costoptix.bills.read.container import TextReader
from costoptix.bills.read.csv_pieces import PIECE_BYTES, TextPiece, most_rows
from costoptix.bills.read.headers import MAX_COLUMNS
from costoptix.bills.read.json_objects import (
    WRAPPED,
    list_within,
    members,
    no_object,
    objects,
)
from costoptix.errors import Invalid


def is_json(source: Path, encoding: str | None = None) -> bool:
    """Tell whether a text file (or what is in a gzip file) begins with a JSON object or list.

    Raises:
        Invalid: the file is damaged or is not text.
    """
    start = next(TextReader(source, encoding).chunks(), b"")
    return start.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"["))


@dataclass(frozen=True)
class JsonLinesPiece(TextPiece):
    """Some objects as the records of a CSV file."""

    numbers: array[int] = field(default_factory=lambda: array("q"))  # the line of each record

    def cut_in_two(self) -> tuple[Self, Self] | None:
        """Cut the piece in two; None where it is one record."""
        if (parts := super().cut_in_two()) is None:
            return None
        first, second = parts
        count = sum(1 for _ in TextPiece.lines(first, ()))
        numbers = self.numbers
        return replace(first, numbers=numbers[:count]), replace(second, numbers=numbers[count:])

    def lines(self, _without: Collection[int]) -> Iterator[int]:
        """Yield the line of the file on which each record was."""
        return iter(self.numbers)


class JsonLinesPieces:
    """The columns of a file of JSON objects and its records, piece by piece."""

    def __init__(
        self,
        source: Path,
        folder: Path,
        piece_bytes: int = PIECE_BYTES,
        encoding: str | None = None,
    ) -> None:
        self._path = folder / "piece.csv"
        self._piece_bytes = piece_bytes
        names, self._list_path = _names(TextReader(source, encoding))
        self.header = Header(names)
        self._reader = TextReader(source, encoding)

    @property
    def bytes_done(self) -> int:
        """Bytes of the sent file read so far."""
        return self._reader.bytes_done

    @property
    def wrapper(self) -> str | None:
        """Say where the rows are when the first object wraps a list; None when it does not."""
        if self._list_path is None:
            return None
        return f"The rows are in the member {self._list_path!a} of a JSON object: {WRAPPED}"

    def shrink(self) -> None:
        """Halve the size of the pieces to come."""
        self._piece_bytes //= 2

    def __iter__(self) -> Iterator[JsonLinesPiece]:
        """Yield the pieces.

        Raises:
            Invalid: the file is damaged, unpacks to too much, or a line is no JSON object.
        """
        rows = objects(self._reader)
        for first in rows:
            text, numbers = self._records(chain((first,), rows))
            width = len(self.header.names)
            yield JsonLinesPiece(text, numbers[0], width, self._path, numbers=numbers)

    def _records(self, rows: Iterable[tuple[int, bytes]]) -> tuple[bytes, array[int]]:
        """Return the next objects as records of CSV, and the line that each is on."""
        numbers, read = array("q"), 0
        most = most_rows(len(self.header.names))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.header.names, lineterminator="\n")
        for number, line in rows:
            writer.writerow({name: _cell(value) for name, value in _texts(number, line)})
            numbers.append(number)
            read += len(line)
            if read >= self._piece_bytes or len(numbers) >= most:
                break
        return text.getvalue().encode(), numbers


def _names(reader: TextReader) -> tuple[tuple[str, ...], str | None]:
    """Return the members of all objects, and the path of a list that the first one wraps."""
    names: dict[str, None] = {}
    list_path = None
    for number, text in objects(reader):
        try:
            row = members(text)
        except ValueError as error:
            raise no_object(number) from error
        if not names:
            list_path = list_within(row)
        names.update(dict.fromkeys(row))
        if len(names) > MAX_COLUMNS:
            raise Invalid(f"The file has more than {MAX_COLUMNS} columns.")
    return tuple(names), list_path


def _texts(number: int, line: bytes) -> Iterable[tuple[str, object]]:
    """Read an object; its numbers are their text."""
    try:
        row: dict[str, object] = json.loads(
            line, parse_float=str, parse_int=str, object_pairs_hook=_of_pairs
        )
    except (ValueError, RecursionError) as error:
        raise no_object(number) from error
    if isinstance(row, _Ambiguous):
        raise Invalid(f"The object on line {number} names {row.name!a} twice.")
    return row.items()


class _Ambiguous(dict[str, object]):
    """An object in which a member is there twice: one of two costs would be lost."""

    name = ""


def _of_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    row = dict(pairs)
    if len(row) == len(pairs):
        return row
    ambiguous = _Ambiguous(row)
    (ambiguous.name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
    return ambiguous


def _cell(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
