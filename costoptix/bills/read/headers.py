"""The header of a CSV file: its columns, and what stands between cells.

Between cells stands a comma, semicolon, tab or bar: the one by which the header has most columns,
or the one that a line such as ``sep=;`` before the header names (Excel writes it).
"""

from __future__ import annotations

import csv
import io
import re

from costoptix.errors import Invalid

SEPARATORS = (",", ";", "\t", "|")
MAX_COLUMNS = 2_000
_NAMED = re.compile(rb'"?sep=([^\r\n]*?)"?\r?\n', re.IGNORECASE)


def named_separator(text: bytes) -> tuple[str | None, int] | None:
    """Return the separator that the first line of a text names and where the header begins.

    Raises:
        Invalid: it is one that is not read.
    """
    line = _NAMED.match(text)
    if line is None:
        return None
    name = line[1].decode(errors="replace") or None
    if name not in (*SEPARATORS, None):
        raise Invalid(
            f"The first line says that {str(name)[:20]!a} stands between cells: only a comma, "
            "semicolon, tab or bar is read."
        )
    return name, line.end()


def read_header(text: bytes, separator: str | None = None) -> tuple[tuple[str, ...], str]:
    """Return the names in a header, and what stands between them.

    Raises:
        Invalid: it is no header, or has too many columns.
    """
    try:
        header = text.decode()
    except UnicodeDecodeError as error:
        raise Invalid("The header is not UTF-8 text.") from error
    tried = SEPARATORS if separator is None else (separator,)
    readings = [(names, mark) for mark in tried if (names := _names(header, mark)) is not None]
    if not readings:
        raise Invalid("The first line is not a header in CSV.")
    names, used = max(readings, key=lambda reading: len(reading[0]))
    if not any(name.strip() for name in names):
        raise Invalid("The file has no header line.")
    if len(names) > MAX_COLUMNS:
        raise Invalid(f"The header has {len(names)} columns; at most {MAX_COLUMNS} are read.")
    return tuple(name.strip() for name in names), used


def _names(header: str, separator: str) -> list[str] | None:
    """Return the names in a header; None where it cannot be read so."""
    reader = csv.reader(io.StringIO(header, newline=""), delimiter=separator, strict=True)
    try:
        return next(reader, [])
    except csv.Error:
        return None


def first_record_end(text: bytes) -> int:
    """Return the offset after the first line end outside of quotes; 0 when there is none."""
    start = quotes = 0
    while end := text.find(b"\n", start) + 1:
        quotes += text.count(b'"', start, end)
        if quotes % 2 == 0:
            return end
        start = end
    return 0
