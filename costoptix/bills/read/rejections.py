"""Rows that are left out: which line, which cell, what it holds and what is wrong with it."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import orjson

from costoptix.bills.read.staged import Rejection
from costoptix.lake.charges import Column, ColumnKind
from costoptix.lake.files import organization_folder

SHOWN_CHARACTERS = 200
FILE_NAME = "rejections.jsonl"


def path(lake: Path, organization_id: str, import_id: str) -> Path:
    """Return where the rejected rows of an import are kept; the file exists if there are any."""
    return lake / organization_folder(organization_id) / f"import={import_id}" / FILE_NAME


class Rejections:
    """The file of rejected rows while it is written: one JSON object a line, in file order."""

    def __init__(self, target: Path) -> None:
        self._file: BinaryIO = target.open("wb")

    def __enter__(self) -> Rejections:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, rejection: Rejection) -> None:
        """Write one."""
        self._file.write(orjson.dumps(rejection.model_dump(), option=orjson.OPT_APPEND_NEWLINE))


@dataclass(frozen=True)
class RejectionsPart:
    """Rejections that follow each other in a file, and the byte where the next ones begin."""

    rows: list[Rejection]
    next_byte: int | None  # None at the end


def read(source: Path) -> Iterator[Rejection]:
    """Yield the rejections of a file, one after the other; of a file that is not there, none."""
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(source.open("rb"))
        except FileNotFoundError:
            return
        for line in file:
            yield Rejection.model_validate_json(line)


def read_part(source: Path, first_byte: int, limit: int) -> RejectionsPart | None:
    """Return at most ``limit`` rejections from the line on that begins at a byte.

    None where no line begins; but for byte 0: a file that is not there holds none.
    """
    try:
        file = source.open("rb")
    except FileNotFoundError:
        return None if first_byte else RejectionsPart([], None)
    with file:
        size = os.fstat(file.fileno()).st_size
        if first_byte:
            if not 0 < first_byte < size:
                return None
            file.seek(first_byte - 1)
            if file.read(1) != b"\n":
                return None
        rows = [Rejection.model_validate_json(line) for line in itertools.islice(file, limit)]
        return RejectionsPart(rows, file.tell() if file.tell() < size else None)


def shown(text: str | None) -> str | None:
    """Cut a cell to what a person needs to see of it."""
    if text is None or len(text) <= SHOWN_CHARACTERS:
        return text
    return text[:SHOWN_CHARACTERS] + "…"


_REASONS = {
    ColumnKind.MONEY: "is not a number of at most 20 digits before the point",
    ColumnKind.TIME: "is not a time in ISO 8601 from 1970 to 2199",
    ColumnKind.TEXT: "is not a currency code of three letters",
}


_HAS_SIGN = "has a currency sign: an amount is a number alone, like 1234.56"
_HAS_GROUPS = "has a comma: whether it groups thousands or begins decimals is not guessed"
_HAS_DECIMAL_COMMA = "has a decimal comma, which is not read: amounts need a point, like 1234.56"
_SIGNS = re.compile(r"[^\W\d_]{0,3}[$€£¥₹₩]|[^\W\d_]{2,3}(?=[\d\s.,+-]|$)")
_BLANKS = re.compile(r"[\s\u00a0\u202f'’]+")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d*),\d+")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")


def has_decimal_comma(column: Column, value: str | None) -> bool:
    """Tell whether an amount can only be one of which a comma begins the decimals."""
    if column.kind is not ColumnKind.MONEY or value is None or "," not in value:
        return False
    number = _BLANKS.sub("", _SIGNS.sub("", value))
    return bool(_DECIMAL_COMMA.fullmatch(number)) and not _GROUPED.fullmatch(number)


def reason(column: Column, value: str | None) -> str:
    """Say what is wrong with a cell that could not be cast."""
    if value is None:
        return "is empty, and a charge needs it"
    if column.kind is not ColumnKind.MONEY:
        return _REASONS[column.kind]
    if has_decimal_comma(column, value):
        return _HAS_DECIMAL_COMMA
    number = _BLANKS.sub("", _SIGNS.sub("", value))
    if number != _BLANKS.sub("", value) and re.fullmatch(r"[+-]?\d[\d.,]*", number):
        return _HAS_SIGN
    return _HAS_GROUPS if _GROUPED.fullmatch(number) else _REASONS[column.kind]
