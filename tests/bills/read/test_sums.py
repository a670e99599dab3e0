"""Sums in memory are exact, and what does not fit is refused."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix import money
from costoptix.bills.read import columns, sums
from costoptix.errors import Invalid

LARGE = Decimal("99999999999999999999.999999999999999999")
AMOUNT = st.one_of(
    st.none(),
    st.decimals(-(10**19), 10**19, places=18),
    st.sampled_from([LARGE, LARGE.copy_negate(), money.QUANTUM, Decimal(0)]),
)


def column(amounts: list[Decimal | None]) -> pa.Array:
    return pa.array(amounts, type=pa.decimal128(38, 18))


@given(st.lists(st.tuples(st.sampled_from("abc"), AMOUNT), min_size=1, max_size=40))
def test_the_sum_of_each_group_is_exact_or_refused(rows: list[tuple[str, Decimal | None]]) -> None:
    expected: dict[str, list[Decimal]] = {name: [] for name, _ in rows}
    for name, amount in rows:
        expected[name] += [] if amount is None else [amount]
    totals = {name: money.total(known) for name, known in expected.items()}
    names = columns.encode(pa.array([name for name, _ in rows]))
    amounts = {"billed_cost": column([amount for _, amount in rows])}
    if any(abs(total) >= money.LARGEST for total in totals.values()):
        with pytest.raises(Invalid, match="more than can be kept"):
            list(sums.by([names], amounts))
        return
    counts = {name: sum(1 for each, _ in rows if each == name) for name in totals}
    found = list(sums.by([names], amounts))
    assert {name: count for (name,), count, _ in found} == counts
    assert {name: each["billed_cost"] for (name,), _, each in found} == {
        name: totals[name] if expected[name] else None for name in totals
    }


def test_a_total_is_of_all_rows() -> None:
    some = column([Decimal("1.5"), None, Decimal("-0.25")])
    found = sums.total({"one": some, "none": column([None] * 3), "two": some.slice(2)})
    assert found == {"one": Decimal("1.25"), "none": None, "two": Decimal("-0.25")}
    with pytest.raises(Invalid, match="more than can be kept"):
        sums.total({"one": column([LARGE, LARGE])})


def test_what_wraps_around_on_the_way_comes_back() -> None:
    rows = column([LARGE] * 3 + [LARGE.copy_negate()] * 3)
    codes = np.zeros(6, dtype=np.int32)
    assert sums.grouped(codes, {"one": rows}).column("one").to_pylist() == [Decimal(0)]
