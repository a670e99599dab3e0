"""The billing period of each charge."""

from __future__ import annotations

import pyarrow as pa

from costoptix.bills.read.billing_periods import billing_periods
from costoptix.bills.read.columns import encode

TIME = pa.timestamp("us")
NOVEMBER = ("2025-10-31T16:00:00", "2025-11-30T15:59:59")
WEEK = ("2025-11-03T00:00:00", "2025-11-10T00:00:00")
OPEN = ("2025-11-17T00:00:00", None)


def test_each_charge_has_the_period_of_its_start_and_end() -> None:
    pairs = [NOVEMBER, WEEK, OPEN, NOVEMBER, (WEEK[0], NOVEMBER[1])]
    starts, ends = (pa.array(column).cast(TIME) for column in zip(*pairs, strict=True))
    expected = ["2025-11", "2025-11-03/2025-11-09", "2025-11", "2025-11", "2025-11-03/2025-11-30"]
    for columns in ((starts, ends), (encode(starts), encode(ends))):
        periods = billing_periods(*columns)
        assert periods.arrow().to_pylist() == expected
        assert len(periods.values) == 3  # months written in two ways are one


def test_charges_of_one_period_have_it_all() -> None:
    starts, ends = pa.array([WEEK[0]] * 3).cast(TIME), pa.array([WEEK[1]] * 3).cast(TIME)
    periods = billing_periods(starts, ends)
    assert periods.arrow().to_pylist() == ["2025-11-03/2025-11-09"] * 3
    without = billing_periods(starts, pa.nulls(3, TIME))
    assert without.arrow().to_pylist() == ["2025-11"] * 3


def test_of_no_charges_there_are_no_periods() -> None:
    nothing = pa.array([], TIME)
    assert billing_periods(nothing, nothing).arrow().to_pylist() == []
