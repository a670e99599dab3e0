"""The billing period of each charge, worked out once for each pair of start and end."""

from __future__ import annotations

import pyarrow as pa

from costoptix.bills.read.columns import Coded, Column, coded, distinct, encode
from costoptix.periods import BillingPeriod


def billing_periods(starts: Column, ends: Column) -> Coded:
    """Return the period (its ``text``) of each charge, by the instants that the bill writes."""
    first, last = coded(starts), coded(ends)
    pairs = distinct([first, last], len(first.codes))
    instants = zip(
        first.take(pairs.firsts).arrow().to_pylist(),
        last.take(pairs.firsts).arrow().to_pylist(),
        strict=True,
    )
    texts = [BillingPeriod.between(start, end).text for start, end in instants]
    periods = encode(pa.array(texts, type=pa.string()))
    return Coded(periods.codes[pairs.codes], periods.values)
