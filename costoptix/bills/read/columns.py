"""Columns of a bill in memory: where values repeat they are held once, and rows are numbers.

Most cells of a bill say what the row before said. What is done to each distinct value, instead of
each row, is done a hundred times less often; sorting and storing move small numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute

Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
"""Numbers of rows, from 0."""
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

NULL = -1
"""The code of NULL: as an index of numpy it is the last, where what holds of NULL is put."""

FEW = 256
_SAMPLE = 1_000  # rows by which codes are seen to differ
_LARGEST_KEY = 1 << 62  # numpy wraps around silently at 1 << 63


@dataclass(frozen=True)
class Coded:
    """A column as codes into its values.

    ``values`` has no value twice. It may hold more than there are codes of, and NULL where a cell
    could not be cast, which no row that is kept refers to.
    """

    codes: Codes
    values: pa.Array

    def take(self, rows: Rows) -> Coded:
        """Return some rows of the column."""
        return Coded(self.codes.take(rows), self.values)

    def through(self, values: pa.Array) -> Coded:
        """Return the column with each value replaced by what is at its place in ``values``."""
        inner = encode(values)
        codes = np.append(inner.codes, np.int32(NULL)).take(self.codes)
        return Coded(codes.astype(np.int32, copy=False), inner.values)

    def compact(self) -> Coded:
        """Return the same column without values that no row has, unless these are few."""
        codes, used = compacted(self.codes, len(self.values))
        return self if used is None else Coded(codes, self.values.take(used))

    def arrow(self) -> pa.Array:
        """Return the column as a dictionary array."""
        codes = indices(self.codes, len(self.values))
        return pa.DictionaryArray.from_arrays(codes, self.values, safe=False)


Column: TypeAlias = Coded | pa.Array
"""A column of any type; plain where nearly every value is another."""


def compacted(codes: Codes, size: int) -> tuple[Codes, pa.Array | None]:
    """Return codes into those of ``size`` values that they refer to, and which these are.

    Codes into few values, or into all of them, stay as they are: then the second is None.
    """
    if size <= FEW:
        return codes, None
    used = np.flatnonzero(np.bincount(codes + 1, minlength=1)[1:])  # 0 counts NULL
    if len(used) == size:
        return codes, None
    renumbered = np.full(size + 1, NULL, dtype=np.int32)
    renumbered[used] = np.arange(len(used), dtype=np.int32)
    return renumbered.take(codes), pa.array(used)


def indices(codes: Codes, size: int) -> pa.Array:
    """Return codes into ``size`` values as Arrow has them: NULL by a mask."""
    if not size:
        return pa.nulls(len(codes), pa.int32())
    has_nulls = len(codes) and codes.min() < 0
    return pa.array(codes, mask=codes < 0 if has_nulls else None)


def encode(values: pa.Array | pa.ChunkedArray) -> Coded:
    """Number the distinct values by their first appearance."""
    encoded = values.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):  # it had no chunks, or too many bytes for one
            encoded = encoded.unify_dictionaries().combine_chunks()
    return Coded(np.asarray(encoded.indices.fill_null(NULL), dtype=np.int32), encoded.dictionary)


def only_value(texts: pa.ChunkedArray) -> Coded | None:
    """Return a column of texts that all rows say alike; None where they do not.

    Of 57 columns of a month's bill a dozen are so. Bytes that repeat are seen in a third of the
    time that it takes to number them.
    """
    rows = len(texts)
    if not pa.types.is_string(texts.type) or texts.null_count or not rows:
        return None
    first = texts[0]
    if not (first.equals(texts[rows // 2]) and first.equals(texts[rows - 1])):
        return None
    size = len(first.as_buffer())
    whole = one_array(texts)
    _, offsets, data = whole.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[whole.offset : whole.offset + rows + 1]
    if not size or not (np.diff(ends) == size).all():
        return None
    written = np.frombuffer(data, dtype=np.uint8)[ends[0] : ends[-1]]
    return constant(first.as_py(), rows) if (written[size:] == written[:-size]).all() else None


def text_bytes(texts: pa.Array) -> Bytes:
    """Return what is written, one text after the other."""
    _, offsets, text = texts.buffers()
    if not len(texts) or text is None:
        return np.zeros(0, dtype=np.uint8)
    bounds = np.frombuffer(offsets, dtype=np.int32)[texts.offset :][: len(texts) + 1]
    return np.frombuffer(text, dtype=np.uint8)[bounds[0] : bounds[-1]]


def one_array(values: pa.ChunkedArray) -> pa.Array:
    """Return the values in one array."""
    array = values.combine_chunks()
    return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array


def with_shared_codes(columns: Mapping[str, Column]) -> dict[str, Column]:
    """Return the columns; those with equal codes, as a resource's id and name, with one array."""
    shared: dict[str, Column] = {}
    alike: defaultdict[bytes, list[Codes]] = defaultdict(list)
    for name, column in columns.items():
        shared[name] = column
        if not isinstance(column, Coded):
            continue
        sample = column.codes[:: max(len(column.codes) // _SAMPLE, 1)].tobytes()
        for codes in alike[sample]:
            if np.array_equal(codes, column.codes):
                shared[name] = Coded(codes, column.values)
                break
        else:
            alike[sample].append(column.codes)
    return shared


def hardly_repeats(column: Column) -> bool:
    """Tell whether numbering a column's values is not worth it."""
    return not isinstance(column, Coded) or 2 * len(column.values) > len(column.codes)


def constant(value: str | None, rows: int, type_: pa.DataType | None = None) -> Coded:
    """Return a column of one value."""
    values = pa.array([] if value is None else [value], type=type_ or pa.string())
    return Coded(np.full(rows, NULL if value is None else 0, dtype=np.int32), values)


def take(column: Column, rows: Rows) -> Column:
    """Return some rows of a column."""
    return column.take(rows) if isinstance(column, Coded) else column.take(pa.array(rows))


def without(column: Column, texts: Sequence[str]) -> Column:
    """Return a column in which some texts are NULL."""
    values = column.values if isinstance(column, Coded) else column
    unwanted = compute.is_in(values, value_set=pa.array(texts, type=values.type))
    if not compute.any(unwanted).as_py():
        return column
    cleaned = compute.if_else(unwanted, pa.scalar(None, values.type), values)
    return column.through(cleaned) if isinstance(column, Coded) else cleaned


def once(column: Column) -> Column:
    """Return a column in which no value stands twice, as it may in a file of somebody else."""
    if isinstance(column, Coded) and len(column.values.unique()) < len(column.values):
        return column.through(column.values)
    return column


def arrow(column: Column) -> pa.Array:
    """Return a column as Arrow has it."""
    return column.arrow() if isinstance(column, Coded) else column


def coded(column: Column) -> Coded:
    """Return a column with its distinct values numbered."""
    return column if isinstance(column, Coded) else encode(column)


def concatenated(columns: Sequence[Coded]) -> Coded:
    """Return the rows of several columns, one after the other."""
    chunks = pa.chunked_array([column.arrow() for column in columns])
    return encode(chunks.unify_dictionaries())


@dataclass(frozen=True)
class Distinct:
    """The distinct combinations of some columns: each row's, and a row that has it."""

    codes: Codes
    firsts: Rows

    def __len__(self) -> int:
        return len(self.firsts)


def distinct(columns: Sequence[Coded], rows: int) -> Distinct:
    """Number the combinations of values by their first appearance."""
    key, _ = _combined(((column.codes, len(column.values)) for column in columns), rows)
    return _numbered(key)


def few_distinct(columns: Sequence[Column], rows: int) -> Distinct | None:
    """Return the distinct combinations of some columns, if they are few."""
    repeating = [column for column in columns if isinstance(column, Coded)]
    if len(repeating) < len(columns):
        return None
    kinds = distinct(repeating, rows)
    return kinds if 2 * len(kinds) <= rows else None


def _numbered(key: Rows) -> Distinct:
    encoded = pa.array(key).dictionary_encode()
    codes = np.asarray(encoded.indices, dtype=np.int32)
    # Numbered by their first appearance: then a code is larger than all before it.
    largest = np.maximum.accumulate(codes)
    is_first = np.ones(len(codes), dtype=np.bool_)
    np.not_equal(largest[1:], largest[:-1], out=is_first[1:])
    return Distinct(codes, np.flatnonzero(is_first))


def _combined(columns: Iterable[tuple[Codes, int]], rows: int) -> tuple[Rows, int]:
    """Return one number per combination, and what they are all below."""
    key, below = np.zeros(rows, dtype=np.int64), 1
    for codes, size in columns:
        if size == 0 or (size == 1 and rows and not codes.any()):
            continue  # all rows say the same
        if below > _LARGEST_KEY // (size + 1):
            numbered = _numbered(key)
            key, below = numbered.codes.astype(np.int64), len(numbered)
        key *= size + 1
        key += codes
        key -= NULL
        below *= size + 1
    return key, below


def order(columns: Sequence[Column], rows: int) -> Rows:
    """Return the row numbers, sorted by some columns; NULL comes last."""
    key, below = np.zeros(rows, dtype=np.int64), 1
    for column in columns:
        ranks, size = _ranks(coded(column))
        if below > _LARGEST_KEY // size:
            _, key = np.unique(key, return_inverse=True)
            below = rows
        key = key * size + ranks
        below *= size
    return np.argsort(key, kind="stable")


def _ranks(column: Coded) -> tuple[Rows, int]:
    """Return each row's place among the sorted values, NULL last; and how many places there are."""
    size = len(column.values)
    ranks = np.empty(size + 1, dtype=np.int64)
    ranks[np.asarray(compute.sort_indices(column.values))] = np.arange(size)
    ranks[-1] = size
    return ranks.take(column.codes), size + 1
