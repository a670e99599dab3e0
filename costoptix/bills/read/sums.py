"""Exact sums of amounts in memory, by groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from costoptix import money
from costoptix.bills.read.columns import Coded, Codes, distinct
from costoptix.errors import Invalid

TOO_LARGE = "The amounts of the file add up to more than can be kept."
_SAFE_HIGH = 10**38 >> 64
"""As long as the upper halves add up to less than this, so do the sums to less than 38 digits."""


def grouped(codes: Codes, amounts: Mapping[str, pa.Array]) -> pa.Table:
    """Add up decimals by group: columns ``group`` and, by its name, the sum of each.

    A sum is NULL where no row of the group has the amount.

    Raises:
        Invalid: a sum has more than 20 digits before the point.
    """
    _check(codes, amounts)
    table = pa.table({"group": pa.array(codes), **amounts})
    totals = pa.TableGroupBy(table, "group", use_threads=False).aggregate(
        [(name, "sum") for name in amounts]
    )
    return totals.rename_columns({f"{name}_sum": name for name in amounts})


def total(amounts: Mapping[str, pa.Array]) -> dict[str, Decimal | None]:
    """Add up decimals; None where no row has the amount.

    Raises:
        Invalid: a sum has more than 20 digits before the point.
    """
    _check(np.zeros(len(next(iter(amounts.values()))), dtype=np.int32), amounts)
    return {name: compute.sum(column).as_py() for name, column in amounts.items()}


def by(
    groups: Sequence[Coded], amounts: Mapping[str, pa.Array]
) -> Iterator[tuple[list[Any], int, dict[str, Decimal | None]]]:
    """Yield the values of each group, the number of its rows and the sums of its amounts."""
    rows = len(groups[0].codes)
    if not rows:
        return
    kinds = distinct(groups, rows)
    sums = grouped(kinds.codes, amounts)
    numbers = np.asarray(sums.column("group"))
    firsts = kinds.firsts[numbers]
    values = zip(*(group.take(firsts).arrow().to_pylist() for group in groups), strict=True)
    counts = np.bincount(kinds.codes)[numbers].tolist()
    totals = zip(*(sums.column(name).to_pylist() for name in amounts), strict=True)
    for value, count, total in zip(values, counts, totals, strict=True):
        yield list(value), count, dict(zip(amounts, total, strict=True))


def _check(codes: Codes, amounts: Mapping[str, pa.Array]) -> None:
    """Refuse sums that do not fit, which Arrow would not notice.

    What adds up too far on the way comes back: its whole numbers wrap around.

    Raises:
        Invalid: a sum has more than 20 digits before the point.
    """
    for column in amounts.values():
        high = np.frombuffer(column.buffers()[1], dtype=np.int64)[1::2]
        high = high[column.offset : column.offset + len(column)]
        largest = max(abs(int(high.max())), abs(int(high.min()))) + 1 if len(high) else 0
        if largest * len(high) >= _SAFE_HIGH and not _fit(codes, column):
            raise Invalid(TOO_LARGE)


def _fit(codes: Codes, amounts: pa.Array) -> bool:
    totals: defaultdict[int, Decimal] = defaultdict(Decimal)
    for code, amount in zip(codes.tolist(), amounts.to_pylist(), strict=True):
        if amount is not None:
            totals[code] = money.EXACT.add(totals[code], amount)
    return all(abs(total) < money.LARGEST for total in totals.values())
