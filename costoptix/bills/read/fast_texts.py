"""Texts of decimals as DuckDB writes them: of many in half of its time, of few in a tenth.

Quantities and prices of a Parquet file are kept as text, as its CSV would have them.
"""

from __future__ import annotations

import pyarrow as pa
from pyarrow import compute

from costoptix.bills.read.columns import text_bytes

_MOST_ZEROS = 6
"""Arrow writes what has more zeros behind the point, and 0 of more places, with an exponent."""


def are_fast(type_: pa.DataType) -> bool:
    """Tell whether ``texts`` writes a type: decimals of which some digit may be before the point.

    Of others DuckDB leaves out the zero there.
    """
    return bool(pa.types.is_decimal128(type_) and 0 <= type_.scale < type_.precision)


def texts(decimals: pa.Array) -> pa.Array:
    """Return the text of each decimal, with all its places; NULL for NULL."""
    written = decimals.cast(pa.string())
    if decimals.type.scale <= _MOST_ZEROS or not (text_bytes(written) == ord("E")).any():
        return written
    has_exponent = compute.match_substring(written, "E")
    return compute.replace_with_mask(
        written, has_exponent, _below_one(decimals.filter(has_exponent))
    )


def _below_one(decimals: pa.Array) -> pa.Array:
    """Write decimals between -1 and 1, of which none is NULL."""
    _, numbers = decimals.buffers()
    scale = decimals.type.scale
    unscaled = pa.Array.from_buffers(
        pa.decimal128(38, 0), len(decimals), [None, numbers], offset=decimals.offset
    )
    digits = compute.ascii_lpad(compute.abs(unscaled).cast(pa.string()), scale, "0")
    starts = compute.if_else(compute.less(unscaled, pa.scalar(0, unscaled.type)), "-0.", "0.")
    return compute.binary_join_element_wise(starts, digits, "")
