"""Hashes that say which charge a row is, whatever it costs.

An identity is the sub-account, the charge period, category, class, service, SKU, resource, region
and description of a charge, and what a growing table orders its rows by. Amounts, quantities and
tags are not in it: a restatement changes these. Rows with one identity have one hash.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costoptix.bills.read.columns import Coded, Column
from costoptix.lake.coverage import Hashes
from costoptix.lake.providers import canonical_account

IDENTITY = (
    "charge_period_start", "charge_period_end", "charge_category", "charge_class", "service_name",
    "sku_id", "resource_id", "region_id", "charge_description",
)  # fmt: skip
"""Columns of the charge table that say which charge a row is, beside its sub-account."""

_BLOCK_BYTES = 8 << 20  # of text that is hashed at once: each byte takes eight more meanwhile
_BASE = np.uint64(0x9E3779B97F4A7C15)
_POWER = np.uint64(0x100000001B3)  # odd, so that no power of it is zero
_FIRST_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SECOND_MIX = np.uint64(0x94D049BB133111EB)


def identities(columns: Mapping[str, Column], rows: int, *, more: Column | None = None) -> Hashes:
    """Return the hash of the identity of each row.

    ``more`` is what a growing table orders its rows by (reference number, export time).
    """
    combined = _hashes(_canonical(columns["sub_account_id"]), rows)
    others = [columns[name] for name in IDENTITY] + ([] if more is None else [more])
    for column in others:
        combined = combined * _BASE + _hashes(column, rows)
    return _mixed(combined)


def _canonical(column: Column) -> Column:
    """Return a column of account ids in their one spelling."""
    values = column.values if isinstance(column, Coded) else column
    spelled = [None if text is None else canonical_account(text) for text in values.to_pylist()]
    canonical = pa.array(spelled, type=pa.string())
    # Two spellings of one account may be two values: their codes stay, their hashes are one.
    return Coded(column.codes, canonical) if isinstance(column, Coded) else canonical


def _hashes(column: Column, rows: int) -> Hashes:
    if isinstance(column, Coded):
        of_values = np.append(_of_values(column.values), np.uint64(0))
        return np.asarray(of_values[column.codes])
    hashed = _of_values(column)
    if len(hashed) != rows:
        raise ValueError(f"{len(hashed)} values of {rows} rows")
    return hashed


def _of_values(values: pa.Array) -> Hashes:
    """Return the hash of each value; 0 for NULL."""
    if not len(values):
        return np.empty(0, dtype=np.uint64)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        hashed = _of_texts(values)
    else:
        numbers = values.cast(pa.int64()).fill_null(0)
        hashed = _mixed(np.asarray(numbers).view(np.uint64) + _BASE)
    hashed[np.asarray(values.is_null())] = 0
    return hashed


def _of_texts(texts: pa.Array) -> Hashes:
    """Return a polynomial of the bytes of each text, with its length, mixed."""
    filled = texts.fill_null("").cast(pa.large_string())
    offsets = np.frombuffer(filled.buffers()[1], dtype=np.int64)[
        filled.offset : filled.offset + len(filled) + 1
    ]
    data = filled.buffers()[2]
    every_byte = np.frombuffer(b"" if data is None else data, dtype=np.uint8)
    lengths = np.diff(offsets)
    hashed = (lengths.astype(np.uint64) + np.uint64(1)) * _FIRST_MIX
    start = 0
    while start < len(filled):
        end = int(np.searchsorted(offsets, offsets[start] + _BLOCK_BYTES, side="right")) - 1
        end = min(max(end, start + 1), len(filled))
        block = every_byte[offsets[start] : offsets[end]]
        hashed[start:end] += _polynomials(block, offsets[start : end + 1] - offsets[start])
        start = end
    return _mixed(hashed)


def _polynomials(block: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> Hashes:
    """Return Σ (byte + 1) × power^position of each text; positions count from its own start."""
    sums = np.zeros(len(offsets) - 1, dtype=np.uint64)
    if not len(block):
        return sums
    lengths = np.diff(offsets)
    positions = np.arange(len(block)) - np.repeat(offsets[:-1], lengths)
    powers = np.cumprod(np.full(int(lengths.max()), _POWER, dtype=np.uint64))
    terms = (block.astype(np.uint64) + np.uint64(1)) * powers[positions]
    filled = np.flatnonzero(lengths)
    sums[filled] = np.add.reduceat(terms, offsets[:-1][filled])
    return sums


def _mixed(hashes: Hashes) -> Hashes:
    """Spread every bit over all others (the finaliser of SplitMix64, Steele et al. 2014)."""
    mixed = hashes.copy()
    mixed ^= mixed >> np.uint64(30)
    mixed *= _FIRST_MIX
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND_MIX
    mixed ^= mixed >> np.uint64(31)
    return mixed
