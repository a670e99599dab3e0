"""The billing period of each charge, worked out once for each pair of start and end."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from costoptix.bills.read.columns import Coded, Column, Distinct, coded, distinct, encode
from costoptix.periods import BillingPeriod


def billing_periods(starts: Column, ends: Column) -> Coded:
    """Return the period (its ``text``) of each charge, by the instants that the bill writes."""
    first, last = coded(starts), coded(ends)
    pairs = _pairs(first, last)
    instants = zip(
        first.take(pairs.firsts).arrow().to_pylist(),
        last.take(pairs.firsts).arrow().to_pylist(),
        strict=True,
    )
    texts = [BillingPeriod.between(start, end).text for start, end in instants]
    periods = encode(pa.array(texts, type=pa.string()))
    return Coded(periods.codes.take(pairs.codes), periods.values)


def _pairs(first: Coded, last: Coded) -> Distinct:
    rows = len(first.codes)
    if rows and not first.codes.any() and not last.codes.any():  # most files are of one period
        return Distinct(first.codes, np.zeros(1, dtype=np.int64))
    return distinct([first, last], rows)
