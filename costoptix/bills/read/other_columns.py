"""The columns of a file that no expression of its format names: one JSON object a row.

DuckDB takes minutes to join the members of thousands of columns; Arrow joins them column by column.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import orjson
import pyarrow as pa
from pyarrow import compute

from costoptix.bills.read.cells import Cells
from costoptix.bills.read.columns import (
    Coded,
    Column,
    Rows,
    arrow,
    constant,
    encode,
    few_distinct,
    hardly_repeats,
    take,
    text_bytes,
)

MOST_BYTES = 96 << 20
_STEP_BYTES = 16 << 20  # of the members of so many rows at a time, before they are joined
_MARKS = 6  # quotes, colon and comma of a member
_FIRST_PRINTABLE = ord(" ")


class TooMuchText(Exception):
    """The objects of these rows take more memory than they may: there must be fewer rows."""


def other_columns(cells: Cells, others: Mapping[str, int]) -> Column:
    """Return JSON text of the cells by their names, without empty ones; NULL where all are.

    ``others`` says, by the name of a column, its position among the cells.

    Raises:
        TooMuchText: they have more than ``MOST_BYTES``.
    """
    columns = {name: cells.columns[number] for name, number in others.items()}
    columns = {name: column for name, column in columns.items() if _has_values(column)}
    if not columns:
        return constant(None, cells.rows)
    kinds = few_distinct(list(columns.values()), cells.rows)
    if kinds is not None:
        firsts = {name: take(column, kinds.firsts) for name, column in columns.items()}
        return encode(_objects(firsts, len(kinds))).take(kinds.codes.astype(np.int64))
    objects = _objects(columns, cells.rows)
    column = encode(objects)
    return objects if hardly_repeats(column) else column


def _has_values(column: Column) -> bool:
    return bool(len(column.values)) if isinstance(column, Coded) else bool(len(column))


def _objects(columns: Mapping[str, Column], rows: int) -> pa.Array:
    size = sum(_bytes_of(name, column) for name, column in columns.items())
    if size > MOST_BYTES and rows > 1:
        raise TooMuchText
    step = max(rows * _STEP_BYTES // max(size, 1), 1)
    members = {name: _members(name, column) for name, column in columns.items()}
    parts = [_joined(members, start, min(start + step, rows)) for start in range(0, rows, step)]
    return pa.concat_arrays(parts)


def _bytes_of(name: str, column: Column) -> int:
    """Return how many bytes the members of a column are, about."""
    overhead = len(name.encode()) + _MARKS
    if not isinstance(column, Coded):
        return int(overhead * (len(column) - column.null_count) + len(text_bytes(column)))
    if not len(column.values):
        return 0
    lengths: Rows = np.asarray(compute.binary_length(column.values).fill_null(0), dtype=np.int64)
    uses: Rows = np.bincount(column.codes + 1, minlength=len(lengths) + 1)[1:]
    return int((uses * (lengths + overhead)).sum())


def _members(name: str, column: Column) -> Column:
    """Return a column's values as members, each behind a comma; what is NULL stays so."""
    key = f",{orjson.dumps(name).decode()}:"
    values = column.values if isinstance(column, Coded) else column
    if _are_plain(values):
        members = compute.binary_join_element_wise(f'{key}"', values, '"', "")
    else:
        texts = (
            None if text is None else key + orjson.dumps(text).decode()
            for text in values.to_pylist()
        )
        members = pa.array(texts, pa.string())
    return Coded(column.codes, members) if isinstance(column, Coded) else members


def _are_plain(texts: pa.Array) -> bool:
    """Tell whether JSON writes texts as they are."""
    written = text_bytes(texts)
    if not len(written) or written.min() < _FIRST_PRINTABLE:
        return not len(written)
    return not ((written == ord('"')).any() or (written == ord("\\")).any())


def _joined(members: Mapping[str, Column], start: int, end: int) -> pa.Array:
    of_rows = [_decoded(column, start, end) for column in members.values()]
    # Not null_handling="skip", which Arrow 26 leaves rows out by of which all members are NULL.
    joined = compute.binary_join_element_wise(*of_rows, "", null_handling="replace")
    joined = compute.if_else(compute.equal(joined, ""), pa.scalar(None, pa.string()), joined)
    return compute.binary_join_element_wise("{", compute.ascii_ltrim(joined, ","), "}", "")


def _decoded(column: Column, start: int, end: int) -> pa.Array:
    if isinstance(column, Coded):
        return arrow(Coded(column.codes[start:end], column.values)).dictionary_decode()
    return column.slice(start, end - start)
