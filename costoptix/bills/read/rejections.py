"""Rows that are left out: which line, which cell, what it holds and what is wrong with it."""

from __future__ import annotations

import contextlib
import itertools
import os
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
    ColumnKind.JSON_OBJECT: "is not a JSON object",
    ColumnKind.TEXT: "is not a currency code of three capital letters",
}


def reason(column: Column, value: str | None) -> str:
    """Say what is wrong with a cell that could not be cast."""
    if value is None:
        return "is empty, and a charge needs it"
    return _REASONS[column.kind]
