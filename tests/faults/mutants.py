"""Bills damaged as files are damaged, and wrapped as files are wrapped. Each has a number, so that
one which does harm can be made again."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import random
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import duckdb

HEAD_ROWS = 25
"""Damage matters there as anywhere, and a short file is read quickly."""

CELLS = (
    "", " ", "NULL", "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1E+400000000", "1e-999",
    "1e-25", "0.0000000000000000005", "99999999999999999999.5", "123456789012345678901234567890",
    "$10,000.00 ", "1.234,56", "(12.50)", "--1", "0x1F", "1_000", "٣", "1/0", "true",
    "2026-02-30", "2026-13-01T00:00:00Z", "0000-00-00", "9999-12-31T23:59:60Z", "1969-12-31",
    "2026-03-01T00:00:00+99:99", "2026-03-01 24:00", "1772323200", "31/12/2026", "yesterday",
    "usd", "US", "EURO", "€", "{", "[]", '{"a":', '{"a":{"b":1}}', '"' * 7, "'", "\\", "a\nb",
    "a\r\nb", ",", "\t", "\0", "\u202e", "\ufeff", "é" * 300, "=1+1", "x" * 70_000, "[" * 5_000,
    '{"' + "k" * 40_000 + '": "v"}', "'; DROP TABLE deliveries; --", "../../etc/passwd",
)  # fmt: skip
SEEDS = (
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\0",
    b'""',
    b"{",
    b"'",
    b";",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
)

Damage = Callable[[bytes, random.Random], bytes]


def mutant(bill: Path, others: tuple[Path, ...], number: int) -> bytes:
    """Return the damaged copy of a bill that has this number; the same at each call."""
    chance = random.Random(f"{bill.name} {number}")
    content = head(bill)
    if bill.suffix != ".csv":
        content = chance.choice(BYTES)(content, chance)
    elif chance.random() < 0.15:
        return _flip(_parquet(bill), chance)
    else:
        damages = (*CSV, *BYTES, lambda text, chance: _splice(text, chance.choice(others), chance))
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            content = chance.choice(damages)(content, chance)
    return chance.choice((_plain, _plain, _plain, _gzip, _zip, _zip_of_two))(content, chance)


@cache
def head(bill: Path) -> bytes:
    """Return the first rows of a bill."""
    return b"".join(bill.read_bytes().splitlines(keepends=True)[: HEAD_ROWS + 1])


@cache
def _parquet(bill: Path) -> bytes:
    """Write a bill's head as Parquet, every column text."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        text, target = Path(folder) / "text", Path(folder) / "parquet"
        text.write_bytes(head(bill))
        connection.read_csv(str(text), all_varchar=True).write_parquet(str(target))
        return target.read_bytes()


def _somewhere(content: bytes, chance: random.Random) -> tuple[int, int]:
    """Return a place within the content, and one not far behind it."""
    place = chance.randrange(max(1, len(content)))
    return place, place + chance.choice((1, 1, 2, 10, 200))


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: _somewhere(content, chance)[0]]


def _delete(content: bytes, chance: random.Random) -> bytes:
    start, end = _somewhere(content, chance)
    return content[:start] + content[end:]


def _insert(content: bytes, chance: random.Random) -> bytes:
    start, _ = _somewhere(content, chance)
    return content[:start] + chance.choice((*SEEDS, *(c.encode() for c in CELLS))) + content[start:]


def _overwrite(content: bytes, chance: random.Random) -> bytes:
    start, end = _somewhere(content, chance)
    return content[:start] + chance.randbytes(end - start) + content[end:]


def _flip(content: bytes, chance: random.Random) -> bytes:
    flipped = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        if flipped:
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
    return bytes(flipped) if chance.random() < 0.8 else _cut(bytes(flipped), chance)


def _repeat(content: bytes, chance: random.Random) -> bytes:
    start, _ = _somewhere(content, chance)
    other, _ = _somewhere(content, chance)
    return content[:start] + content[other : other + 500] + content[start:]


def _line_ends(content: bytes, chance: random.Random) -> bytes:
    return content.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b"")))


def _lines(content: bytes, chance: random.Random) -> bytes:
    """Delete, double, swap or join lines."""
    lines = content.splitlines(keepends=True)
    place, other = (chance.randrange(max(1, len(lines))) for _ in range(2))
    match chance.randrange(4):
        case 0:
            del lines[place : place + 1]
        case 1:
            lines[other:other] = lines[place : place + 1]
        case 2 if lines:
            lines[place], lines[other] = lines[other], lines[place]
        case _:
            lines[place : place + 1] = [line.rstrip(b"\r\n") for line in lines[place : place + 1]]
    return b"".join(lines)


def _encoding(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    name = chance.choice(
        ("utf-16", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-8-sig", "cp037")
    )
    return text.encode(name, "replace") if chance.randrange(4) else b"\xef\xbb\xbf" * 2 + content


BYTES: tuple[Damage, ...] = (
    _cut, _delete, _insert, _overwrite, _flip, _repeat, _line_ends, _lines, _encoding,
)  # fmt: skip


def _splice(content: bytes, other: Path, chance: random.Random) -> bytes:
    """Go on with another bill in the middle."""
    return _cut(content, chance) + head(other)[chance.randrange(len(head(other))) :]


def _table(content: bytes) -> list[list[str]]:
    """Read what can be read as CSV, up to where it cannot; at least one cell."""
    csv.field_size_limit(1 << 30)
    rows = csv.reader(io.StringIO(content.decode("utf-8", "replace"), newline=""))
    table: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        table.extend(rows)
    return [row for row in table if row] or [[""]]


def _written(table: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(table)
    return text.getvalue().encode("utf-8", "replace")


def _cells(content: bytes, chance: random.Random) -> bytes:
    """Put something into a cell, or into a whole column."""
    table, hostile = _table(content), chance.choice(CELLS)
    column = chance.randrange(len(table[0]) or 1)
    rows = table[1:] if chance.random() < 0.2 else chance.sample(table, 1)
    for row in rows:
        if column < len(row):
            row[column] = hostile
    return _written(table)


def _columns(content: bytes, chance: random.Random) -> bytes:
    """Delete, double, move, rename or multiply columns."""
    table = _table(content)
    width = len(table[0])
    place, other = (chance.randrange(width or 1) for _ in range(2))
    match chance.randrange(6):
        case 0:
            return _written([row[:place] + row[place + 1 :] for row in table])
        case 1:
            return _written([row[:other] + row[place : place + 1] + row[other:] for row in table])
        case 2:
            order = chance.sample(range(width), width)
            return _written([[row[n] for n in order if n < len(row)] for row in table])
        case 3:
            table[0][place : place + 1] = [chance.choice((*CELLS, table[0][other]))]
            return _written(table)
        case 4:
            return _written([table[0], *([*row, *row[place:]] for row in table[1:])])
        case _:
            more = chance.choice((100, 3_000))
            return _written(
                [row + [f"{row[-1] if row else ''}{n}" for n in range(more)] for row in table]
            )


CSV: tuple[Damage, ...] = (_cells, _cells, _cells, _columns, _columns)


def _plain(content: bytes, _chance: random.Random) -> bytes:
    return content


def _gzip(content: bytes, chance: random.Random) -> bytes:
    packed = gzip.compress(content, 1)
    return packed if chance.randrange(2) else _flip(packed, chance)


def _zip(content: bytes, chance: random.Random) -> bytes:
    return _zipped({"bill.csv": content}, chance)


def _zip_of_two(content: bytes, chance: random.Random) -> bytes:
    return _zipped({"a.csv": content, "b.csv": content}, chance)


def _zipped(members: dict[str, bytes], chance: random.Random) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue() if chance.randrange(2) else _flip(target.getvalue(), chance)
