"""Which files of a zip or folder are bills: others are named, and the bills among them read.

What may be a bill is never left out: a file that has half of the columns of a format, or as many as
the bills beside it and no header, or that cannot be looked into, is read, and refuses the whole
where it cannot be.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from costoptix.bills.formats import Header, Options
from costoptix.bills.read import recognize
from costoptix.bills.read.archives import HIDDEN, DeliveryPart
from costoptix.bills.read.container import Container, TextReader, detect
from costoptix.bills.read.csv_pieces import TextPieces
from costoptix.bills.read.headers import SEPARATORS
from costoptix.bills.read.json_lines import is_json
from costoptix.bills.read.json_objects import members, objects
from costoptix.bills.read.parquet_pieces import ParquetPieces
from costoptix.errors import Invalid
from costoptix.written import counted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ANY_CURRENCY = Options(currency="XXX")
OTHER_FILES = "These files were not read: {value}."
OTHER_DATASETS = "These files hold no charges and were not read: {value}."
NO_CHARGES = "None of the files holds charges: {files}. Send the dataset Cost and Usage."
DATASET = "the dataset {} of FOCUS"
_NO_BILL = "There is no billing file among these: {files}."
_UNKNOWN = "its columns are no bill's"
_PEEKED_OBJECTS = 1_000
_START_BYTES = 64 << 10
_FEW_COLUMNS = 4  # so many a text may have by chance
_NAMED = 5
_LONGEST_NAME = 60
_MEMBER = re.compile(r'"([^"\\]+)"\s*:')


@dataclass(frozen=True)
class Look:
    """What a look into a file needs."""

    scratch: Path
    connection: DuckDBPyConnection
    encoding: str | None


def header_of(file: Path, look: Look) -> Header:
    """Return the columns of a file; of JSON those of its first objects.

    Raises:
        Invalid: it is no table, or damaged.
    """
    if detect(file) is Container.PARQUET:
        return ParquetPieces(file, look.connection).header
    if is_json(file, look.encoding):
        return _json_header(file, look.encoding)
    return TextPieces(file, look.scratch, encoding=look.encoding).header


def _json_header(file: Path, encoding: str | None) -> Header:
    """Return the members of the first objects; the last of them may be cut off."""
    names: dict[str, None] = {}
    try:
        for _, text in itertools.islice(objects(TextReader(file, encoding)), _PEEKED_OBJECTS):
            names.update(dict.fromkeys(members(text)))
    except (Invalid, ValueError) as error:
        if not names:
            raise Invalid("This is not a file of JSON objects.") from error
    return Header(tuple(names))


def may_be_bill(file: Path, look: Look) -> bool:
    """Tell whether a file may be a bill, also one that is damaged or lacks columns."""
    try:
        return recognize.resembles(header_of(file, look))
    except Invalid:
        if detect(file) is not Container.TEXT:
            return True
    return any(recognize.resembles(header) for header in _possible_headers(_start(file)))


def sorted_out(
    parts: Sequence[DeliveryPart], look: Look
) -> tuple[list[DeliveryPart], list[DeliveryPart]]:
    """Return the parts that are read, and those that are no bills.

    Raises:
        Invalid: none is a bill.
    """
    at_first = [part for part in parts if part.other is not None]
    unsure = [part for part in parts if part.other is None and part.is_unnamed]
    if len(unsure) == len(parts) == 1:
        return list(parts), []  # it says itself why it is none
    columns = {part.path: _columns(part, look) for part in unsure}
    widths = {count for count in columns.values() if count}
    bills, others = [], at_first
    for part in parts:
        if part.other is not None:
            continue
        if part.is_unnamed and not columns[part.path] and not _lacks_header(part, widths):
            others.append(replace(part, other=_kind(part, look)))
        else:
            bills.append(part)
    if not bills and others:
        raise Invalid(_NO_BILL.format(files=named(others)))
    return bills, others


def _kind(part: DeliveryPart, look: Look) -> str:
    """Say what a file is that is no bill."""
    try:
        recognize.recognize(header_of(part.path, look), ANY_CURRENCY)
    except recognize.OtherDataset as error:
        return DATASET.format(error.dataset)
    except Invalid:
        pass
    return _UNKNOWN


def _columns(part: DeliveryPart, look: Look) -> int:
    """Return how many columns a file has that may be a bill; -1 where that is not to be seen."""
    if not may_be_bill(part.path, look):
        return 0
    try:
        return len(header_of(part.path, look).names)
    except Invalid:
        return -1


def _lacks_header(part: DeliveryPart, widths: set[int]) -> bool:
    """Tell whether the first line of a file may be a row of one of the bills."""
    headers = _possible_headers(_start(part.path))
    return any(_FEW_COLUMNS < len(header.names) in widths for header in headers)


def _start(file: Path) -> bytes:
    """Return the first bytes of a text, however it is written."""
    with file.open("rb") as opened:
        return opened.read(_START_BYTES).replace(b"\0", b"")


def _possible_headers(start: bytes) -> Iterator[Header]:
    text = start.decode("latin-1")
    for line in text.splitlines()[:2]:  # before the second a separator may be named
        for mark in SEPARATORS:
            yield Header(tuple(next(csv.reader(io.StringIO(line), delimiter=mark), [])))
    yield Header(tuple(dict.fromkeys(_MEMBER.findall(text))))


def named(others: Sequence[DeliveryPart]) -> str:
    """Name files that are no bills, as many as people read; the hidden ones are counted."""
    shown = [part for part in others if part.other != HIDDEN]
    hidden = len(others) - len(shown)
    words = [f"{printable(part.name)} ({part.other})" for part in shown[:_NAMED]]
    if len(shown) > _NAMED:
        words.append(f"{len(shown) - _NAMED} more")
    if hidden:
        words.append(counted(hidden, "hidden file"))
    return ", ".join(words)


def printable(name: str) -> str:
    """Return a name without what could disturb a page or a terminal, and not too long."""
    name = "".join(c if c.isprintable() else "\ufffd" for c in name)
    return name if len(name) <= _LONGEST_NAME else f"…{name[-_LONGEST_NAME:]}"
