"""A file of JSON lines (BigQuery's export) in pieces, every cell as the text of a CSV file.

One object a line. Its members are the columns; numbers keep every digit, objects and lists stay
JSON. What columns there are is only known at the end of the file, so that it is read twice.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import NoReturn, Self

import orjson

from costoptix.bills.formats import Header
from costoptix.bills.read.container import TextReader
from costoptix.bills.read.csv_pieces import (
    MAX_COLUMNS,
    MAX_RECORD_BYTES,
    PIECE_BYTES,
    TextPiece,
    most_rows,
)
from costoptix.errors import Invalid


def is_json_lines(source: Path) -> bool:
    """Tell whether a text file (or what is in a gzip file) begins with a JSON object.

    Raises:
        Invalid: the file is damaged or is not text.
    """
    start = next(TextReader(source).chunks(), b"")
    return start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")


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
    """The columns of a file of JSON lines and its records, piece by piece."""

    def __init__(self, source: Path, folder: Path, piece_bytes: int = PIECE_BYTES) -> None:
        self._path = folder / "piece.csv"
        self._piece_bytes = piece_bytes
        self.header = Header(_names(TextReader(source)))
        self._reader = TextReader(source)

    @property
    def bytes_done(self) -> int:
        """Bytes of the sent file read so far."""
        return self._reader.bytes_done

    def shrink(self) -> None:
        """Halve the size of the pieces to come."""
        self._piece_bytes //= 2

    def __iter__(self) -> Iterator[JsonLinesPiece]:
        """Yield the pieces.

        Raises:
            Invalid: the file is damaged, unpacks to too much, or a line is no JSON object.
        """
        lines = _lines(self._reader)
        for first in lines:
            text, numbers = self._records(chain((first,), lines))
            yield JsonLinesPiece(text, numbers[0], len(self.header.names), self._path, numbers)

    def _records(self, lines: Iterable[tuple[int, bytes]]) -> tuple[bytes, array[int]]:
        """Return the next objects as records of CSV, and the line that each is on."""
        numbers, read = array("q"), 0
        most = most_rows(len(self.header.names))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.header.names, lineterminator="\n")
        for number, line in lines:
            writer.writerow({name: _cell(value) for name, value in _members(number, line)})
            numbers.append(number)
            read += len(line)
            if read >= self._piece_bytes or len(numbers) >= most:
                break
        return text.getvalue().encode(), numbers


def _names(reader: TextReader) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for number, line in _lines(reader):
        try:
            names.update(dict.fromkeys(member_names(line)))
        except ValueError as error:
            raise _no_object(number) from error
        if len(names) > MAX_COLUMNS:
            raise Invalid(f"The file has more than {MAX_COLUMNS} columns.")
    return tuple(names)


def member_names(line: bytes) -> Iterable[str]:
    """Return the names of an object's members.

    Raises:
        ValueError: the line is no JSON object.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value = _with_any_numbers(line)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - of the text, not of an argument
    return value


def _with_any_numbers(line: bytes) -> object:
    """Read what holds a number that no float can be, such as 1e999: it rejects its row alone.

    Raises:
        ValueError: it is no JSON for another reason.
    """
    try:
        value: object = json.loads(line, parse_float=str, parse_int=str, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair cannot be written
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _no_object(number: int) -> Invalid:
    return Invalid(f"Line {number} is not a JSON object.")


def _members(number: int, line: bytes) -> Iterable[tuple[str, object]]:
    """Read an object; its numbers are their text."""
    try:
        members: dict[str, object] = json.loads(line, parse_float=str, parse_int=str)
        return members.items()
    except (ValueError, RecursionError) as error:
        raise _no_object(number) from error


def _cell(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _lines(reader: TextReader) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, each with its number, from 1."""
    number, rest = 0, b""
    for chunk in reader.chunks():
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_RECORD_BYTES:
            raise Invalid(f"Line {number + len(whole) + 1} is longer than a row can be.")
        for line in whole:
            number += 1
            if text := line.removeprefix(codecs.BOM_UTF8).strip():
                yield number, text
    if text := rest.removeprefix(codecs.BOM_UTF8).strip():
        yield number + 1, text
