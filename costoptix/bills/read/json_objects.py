"""The objects of a JSON file: one a line, in a list, or one after the other, however they are set.

A list is read object by object: no more of it is in memory than a row can have.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import NoReturn

import orjson

from costoptix.bills.read.container import TextReader
from costoptix.bills.read.csv_pieces import MAX_RECORD_BYTES
from costoptix.errors import Invalid

WRAPPED = "send the list of its rows by itself, or one object a line."
_BLANKS = " \t\r\n\ufeff"
_NESTED_LISTS = 3


def objects(reader: TextReader) -> Iterator[tuple[int, bytes]]:
    """Yield the objects of a text, each with its line, or in a list its number, from 1.

    Raises:
        Invalid: the file is damaged, or a line or a member of the list is no object.
    """
    chunks = reader.chunks()
    start = b""
    while b"\n" not in start.lstrip() and len(start) <= MAX_RECORD_BYTES:
        more = next(chunks, b"")
        if not more:
            break
        start += more
    first_line, *_ = start.removeprefix(codecs.BOM_UTF8).lstrip().split(b"\n", 1)
    text = chain((start,), chunks)
    if _is_object(first_line):
        return _lines(text)
    return _JsonValues(text).objects()


def members(line: bytes) -> Mapping[str, object]:
    """Return the members of an object, its numbers as they happen to be read.

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


def no_object(number: int) -> Invalid:
    """Say which line holds no object."""
    return Invalid(f"Line {number} is not a JSON object.")


def list_within(value: object, depth: int = _NESTED_LISTS) -> str | None:
    """Return the path of the list of objects that an object wraps; None where it has none."""
    if not isinstance(value, dict) or not depth:
        return None
    for name, member in value.items():
        if isinstance(member, list) and member and isinstance(member[0], dict):
            return str(name)
        if (path := list_within(member, depth - 1)) is not None:
            return f"{name}.{path}"
    return None


def _is_object(line: bytes) -> bool:
    if len(line) > MAX_RECORD_BYTES:
        return False
    try:
        members(line)
    except ValueError:
        return False
    return True


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


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, each with its number, from 1."""
    number, rest = 0, b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_RECORD_BYTES:
            raise Invalid(f"Line {number + len(whole) + 1} is longer than a row can be.")
        for line in whole:
            number += 1
            if text := line.removeprefix(codecs.BOM_UTF8).strip():
                yield number, text
    if text := rest.removeprefix(codecs.BOM_UTF8).strip():
        yield number + 1, text


class _JsonValues:
    """A text of JSON values, of which the end of each is not known before it is read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._texts = codecs.iterdecode(chunks, "utf-8", errors="replace")
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder(parse_float=str, parse_int=str)

    def objects(self) -> Iterator[tuple[int, bytes]]:
        """Yield the members of a list, or values that follow each other, with their numbers."""
        is_list = self._next() == "["
        self._at += is_list
        if is_list and self._next() == "]":
            raise Invalid("The JSON list is empty: the file holds no charges.")
        number = 0
        while (character := self._next()) not in ("", "]"):
            if is_list and number:
                if character != ",":
                    raise self._damaged(number)
                self._at += 1
            number += 1
            yield number, self._object(number)
        if is_list != (character == "]"):
            raise Invalid(f"The JSON list is cut off after its object {number}.")
        self._at += is_list
        if is_list and self._next():
            raise self._damaged(number)

    def _next(self) -> str:
        """Return the next character that is not blank, without reading on; "" at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANKS:
                    return self._text[self._at]
                self._at += 1
            if not self._read_more():
                return ""

    def _object(self, number: int) -> bytes:
        self._next()
        while True:
            try:
                _, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._text) - self._at > MAX_RECORD_BYTES:
                    raise self._too_long(number) from error
                if not self._read_more():
                    raise self._damaged(number - 1) from error
                continue
            text = self._text[self._at : end].encode()
            if len(text) > MAX_RECORD_BYTES:
                raise self._too_long(number)
            self._at = end
            if not _is_object(text):
                raise Invalid(f"Object {number} of the file is not a JSON object.")
            return text

    def _read_more(self) -> bool:
        more = next(self._texts, "")
        self._text, self._at = self._text[self._at :] + more, 0
        return bool(more)

    def _damaged(self, number: int) -> Invalid:
        where = f"after its object {number}" if number else "from its start"
        return Invalid(f"The file is no JSON {where}: it is damaged or cut off.")

    def _too_long(self, number: int) -> Invalid:
        if number == 1 and self._text[self._at] == "{":
            return Invalid(f"The file is a JSON object that is longer than a row can be: {WRAPPED}")
        return Invalid(f"Object {number} of the file is no JSON, or longer than a row can be.")
