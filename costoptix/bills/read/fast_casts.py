"""Casts of the forms that nearly all amounts and times have: a fraction of what DuckDB's cost.

What is of another form is left to ``casting``, all of it: what these read is what that reads.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyarrow import compute

from costoptix.bills.read.casting import FIRST_YEAR, LAST_YEAR
from costoptix.bills.read.columns import Bytes, text_bytes

AMOUNT = pa.decimal128(38, 18)
TIME = pa.timestamp("us")  # UTC

_AMOUNT_BYTES = 19
"""Plain notation of at most so many bytes has at most 18 places: nothing to round."""
_SHAPE = b"0000-00-00T00:00:00Z"
_AS_SHAPE = np.where(np.isin(np.arange(256), list(b"0123456789")), ord("0"), np.arange(256))


def amounts(texts: pa.Array) -> pa.Array | None:
    """Cast texts that are all of at most 19 digits, a point and a minus; None where one is not.

    Arrow reads such a text as the same number as ``as_amount`` of ``casting`` does, or not at all.
    Decimals of a Parquet file, which ``cells`` leaves only where they fit, are amounts already.
    """
    if pa.types.is_decimal(texts.type):
        return texts.cast(AMOUNT)
    longest = compute.max(compute.binary_length(texts)).as_py() or 0
    if longest > _AMOUNT_BYTES or not _are_of_amounts(text_bytes(texts)):
        return None
    return _read(texts, AMOUNT)


def _are_of_amounts(written: Bytes) -> bool:
    """Tell whether all bytes are digits, points and minuses: those from - to 9 but the slash.

    This takes a tenth of the time of looking each of them up.
    """
    if not len(written):
        return True
    after_minus = written - np.uint8(ord("-"))  # what is before wraps around
    return bool(after_minus.max() <= ord("9") - ord("-") and not (written == ord("/")).any())


def times(texts: pa.Array) -> pa.Array | None:
    """Cast texts that are all of the form ``2026-11-30T23:00:00Z``; None where one is not.

    Arrow reads such a text as the same time as ``as_time`` of ``casting`` does, or not at all.
    """
    written = text_bytes(texts)
    if texts.null_count or not len(texts) or len(written) != len(texts) * len(_SHAPE):
        return None
    shapes = _AS_SHAPE[written.reshape(len(texts), len(_SHAPE))]
    if not (shapes == np.frombuffer(_SHAPE, dtype=np.uint8)).all():
        return None
    instants = _read(compute.utf8_rtrim(texts, "Z"), TIME)
    if instants is None or compute.min(instants).as_py().year < FIRST_YEAR:
        return None
    return None if compute.max(instants).as_py().year > LAST_YEAR else instants


def _read(texts: pa.Array, type_: pa.DataType) -> pa.Array | None:
    try:
        return texts.cast(type_)
    except pa.ArrowInvalid:
        return None
