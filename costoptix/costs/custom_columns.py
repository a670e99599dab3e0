"""The columns of an export that no format maps: members of the JSON object of each charge.

A bill may have 1,900 of them. Each object is read once, here: SQL that looks 1,900 members up in it
reads it from its beginning for each, which took minutes for 3,000 charges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

import orjson

if TYPE_CHECKING:
    import pyarrow as pa

MOST_IN_SQL = 50
"""So many are looked up by SQL in less time than Python takes to read the object."""
CELLS_AT_ONCE = 1 << 18
"""Cells of so many take some 25 MB while they are objects of Python."""
_ROW_GROUP_BYTES = 24 << 20
_ROW_GROUP_ROWS = 30_720


def members(text: str | None, keys: Sequence[str]) -> list[str | None]:
    """Return the members of these keys of a JSON object as text; None where it has none."""
    cells = [] if text is None else list(map(orjson.loads(text).get, keys))
    if not cells:
        return [None] * len(keys)
    return cells if set(map(type, cells)) <= {str, type(None)} else list(map(_text, cells))


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def csv_line(cells: Sequence[str | None]) -> str:
    """Write cells as a part of a line of CSV, beginning with the comma before them."""
    line = "".join(f",{cell}" if cell else "," for cell in cells)
    is_plain = not ('"' in line or "\n" in line or "\r" in line) and line.count(",") == len(cells)
    return line if is_plain else "".join(f",{csv_cell(cell)}" if cell else "," for cell in cells)


def csv_cell(text: str) -> str:
    """Write a cell, quoted where it must be."""
    if not any(letter in text for letter in '",\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'


def with_members(batch: pa.RecordBatch, objects: str, keys: Mapping[str, str]) -> pa.RecordBatch:
    """Put, in place of the column ``objects``, columns of its members: by their names the keys."""
    import pyarrow as pa

    looked_up = list(keys.values())
    rows = [members(text, looked_up) for text in batch.column(objects).to_pylist()]
    others = batch.drop_columns([objects])
    added = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(
        [*others.columns, *(added or [pa.array([], pa.string())] * len(keys))],
        names=[*others.schema.names, *keys],
    )


def write_parquet(file: BinaryIO, batches: Iterable[pa.RecordBatch]) -> None:
    """Write batches to Parquet, at least one, though it may be empty.

    What is in memory does not grow with the rows, nor with how long or how many their cells are.
    """
    import pyarrow as pa
    from pyarrow import parquet

    batches = iter(batches)
    first = next(batches)
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    with parquet.ParquetWriter(
        file, first.schema, compression="zstd", store_schema=False
    ) as writer:
        for batch in chain([first], batches):
            waiting.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows >= _ROW_GROUP_ROWS or size >= _ROW_GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting, rows, size = [], 0, 0
        writer.write_table(pa.Table.from_batches(waiting, first.schema))
