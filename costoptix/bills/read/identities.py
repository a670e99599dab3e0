"""Hashes that say which charge a row is, whatever it costs.

An identity is the sub-account, the charge period, category, class, service, SKU, resource, region
and description of a charge, and what a growing table orders its rows by. Amounts, quantities and
tags are not in it: a restatement changes these. Nor is the description of a charge that names its
SKU: on-demand usage is described anew once a savings plan covers it. Rows with one identity have
one hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costoptix.bills.read import parquet_files
from costoptix.bills.read.columns import Coded, Column, coded
from costoptix.lake.charges import COLUMNS, ColumnKind
from costoptix.lake.coverage import HASH_BITS, Hashes
from costoptix.lake.providers import canonical_account

ACCOUNT = "sub_account_id"
IDENTITY = (
    "charge_period_start", "charge_period_end", "charge_category", "charge_class", "service_name",
    "sku_id", "resource_id", "region_id", "charge_description",
)  # fmt: skip
"""Columns of the charge table that say which charge a row is, beside its sub-account."""

_SKU, _DESCRIPTION = "sku_id", "charge_description"
_TEXTS = tuple(name for name in (ACCOUNT, *IDENTITY) if COLUMNS[name].kind is ColumnKind.TEXT)
_LONG = 1024  # bytes: of texts beyond, which are few, each is hashed by itself
_WORD = 8
_MASKS = np.array([(1 << (8 * size)) - 1 for size in range(_WORD + 1)], dtype=np.uint64)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SECOND_MIX = np.uint64(0x94D049BB133111EB)


def identities(columns: Mapping[str, Column], rows: int, *, more: Column | None = None) -> Hashes:
    """Return the hash of the identity of each row.

    ``more`` is what a growing table orders its rows by (reference number, export time). Rows that
    say none of it are as those of any other table.
    """
    combined = _hashes(_canonical(columns[ACCOUNT]), rows)
    skus = _hashes(columns[_SKU], rows)
    for name in IDENTITY:
        hashes = skus if name == _SKU else _hashes(columns[name], rows)
        combined *= _STEP
        combined += np.where(skus == 0, hashes, 0) if name == _DESCRIPTION else hashes
    if more is not None:
        combined *= _STEP
        combined += _hashes(more, rows)
    if more is None:
        combined *= _STEP
    return _mixed(combined) >> np.uint64(64 - HASH_BITS)


def of_files(paths: Sequence[Path]) -> Iterator[Hashes]:
    """Read the identities of files of charges, which are of no growing table."""
    for columns, rows in parquet_files.read(paths, (ACCOUNT, *IDENTITY), _TEXTS):
        yield identities(columns, rows)


def _canonical(column: Column) -> Column:
    """Return a column of account ids in their one spelling."""
    accounts = coded(column)
    spelled = [
        None if text is None else canonical_account(text) for text in accounts.values.to_pylist()
    ]
    # Two spellings of one account may be two values: their codes stay, their hashes are one.
    return Coded(accounts.codes, pa.array(spelled, type=pa.string()))


def _hashes(column: Column, rows: int) -> Hashes:
    """Return the hash of each row's value, in an array of its own."""
    if isinstance(column, Coded):
        of_values = np.append(_of_values(column.values), np.uint64(0))
        return np.asarray(of_values.take(column.codes))
    hashed = _of_values(column)
    if len(hashed) != rows:
        raise ValueError(f"{len(hashed)} values of {rows} rows")
    return hashed


def _of_values(values: pa.Array) -> Hashes:
    """Return the hash of each value; 0 for NULL."""
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        hashed = _of_texts(values)
    else:
        numbers = values.cast(pa.int64()).fill_null(0)
        hashed = _mixed(np.asarray(numbers).view(np.uint64) + _STEP)
    hashed[np.asarray(values.is_null())] = 0
    return hashed


def _of_texts(texts: pa.Array) -> Hashes:
    """Hash texts: their length, then eight bytes at a time, of all texts at once."""
    starts, lengths, data = _bytes_of(texts)
    hashed = _mixed((lengths.astype(np.uint64) + np.uint64(1)) * _STEP)
    for row in np.flatnonzero(lengths > _LONG).tolist():
        text = data[starts[row] : starts[row] + lengths[row]].tobytes()
        hashed[row] = int.from_bytes(hashlib.blake2b(text, digest_size=_WORD).digest(), "little")
    words = np.ndarray((len(data) - _WORD + 1,), dtype="<u8", buffer=data, strides=(1,))
    rows, place = np.flatnonzero((lengths > 0) & (lengths <= _LONG)), 0
    while len(rows):
        left = lengths[rows] - place
        word = words[starts[rows] + place] & _MASKS[np.minimum(left, _WORD)]
        hashed[rows] = _mixed(hashed[rows] * _STEP + word)
        rows, place = rows[left > _WORD], place + _WORD
    return hashed


def _bytes_of(
    texts: pa.Array,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return where each text begins, how long it is, and all bytes, with room for a word behind."""
    whole = texts.fill_null("").cast(pa.large_string())
    _, offsets, data = whole.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[whole.offset : whole.offset + len(whole) + 1]
    if not len(whole):
        ends = np.zeros(1, dtype=np.int64)
    every_byte = np.frombuffer(b"" if data is None else data, dtype=np.uint8)
    padded = np.zeros(ends[-1] - ends[0] + _WORD, dtype=np.uint8)
    padded[:-_WORD] = every_byte[ends[0] : ends[-1]]
    return ends[:-1] - ends[0], np.diff(ends), padded


def _mixed(hashes: Hashes) -> Hashes:
    """Spread every bit over all others (the finaliser of SplitMix64, Steele et al. 2014)."""
    mixed = hashes ^ (hashes >> np.uint64(30))
    mixed *= _FIRST_MIX
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND_MIX
    mixed ^= mixed >> np.uint64(31)
    return mixed
