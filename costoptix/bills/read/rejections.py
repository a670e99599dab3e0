"""Rows that are left out: which line, which cell, what it holds and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import orjson

from costoptix.bills.read.staged import Rejection
from costoptix.lake.charges import Column, ColumnKind

SHOWN_CHARACTERS = 200
FILE_NAME = "rejections.jsonl"


def path(lake: Path, organization_id: str, import_id: str) -> Path:
    """Return where the rejected rows of an import are kept; the file exists if there are any."""
    return lake / f"organization={organization_id}" / f"import={import_id}" / FILE_NAME


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


def read(source: Path, start: int = 0, limit: int | None = None) -> Iterator[Rejection]:
    """Yield the rejections of a file from number ``start`` (from 0), at most ``limit``.

    A file that does not exist holds none.
    """
    if not source.exists():
        return
    with source.open("rb") as file:
        for number, line in enumerate(file):
            if limit is not None and number >= start + limit:
                return
            if number >= start:
                yield Rejection.model_validate_json(line)


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
