"""Cells of the mapped columns become charges, or their row is rejected."""

from __future__ import annotations

import pytest

from costoptix.errors import Invalid
from tests.bills.bill import ORDINARY, write
from tests.support.bills import Stage
from tests.support.staged import stored


def test_nulls_are_told_in_three_ways(stage: Stage) -> None:
    rows = [{"ListCost": text, "ServiceCategory": text} for text in ("NULL", "null", "")]
    staged, folder = stage(write(rows))
    assert stored(staged, folder, "list_cost, service_category") == [(None, None)] * 3


def test_a_missing_currency_is_the_sender_s_or_refused(stage: Stage) -> None:
    content = write([{}], [name for name in ORDINARY if name != "BillingCurrency"])
    with pytest.raises(Invalid, match="BillingCurrency"):
        stage(content)
    staged, folder = stage(content, currency="CHF")
    assert stored(staged, folder, "billing_currency") == [("CHF",)]


def test_a_decimal_comma_in_a_cost_that_may_be_missing_refuses_the_file(stage: Stage) -> None:
    rows = [{}, {"ListCost": "n/a"}, {"ListCost": "1.234,56"}]
    with pytest.raises(Invalid, match=r"Line 4: ListCost .* has a decimal comma"):
        stage(write(rows))


def test_what_is_no_amount_stands_beside_the_other_columns(stage: Stage) -> None:
    rows = [
        {"x_more": "1", "ListCost": 'a"b', "ContractedCost": "-"}, {"x_more": "2"},
        {"ContractedCost": "+"},
    ]  # fmt: skip
    staged, folder = stage(write(rows, [*ORDINARY, "x_more"]))
    assert sorted(stored(staged, folder, "other_columns, list_cost, contracted_cost"), key=str) == [
        ('{"ContractedCost":"+"}', 1, None),
        ('{"x_more":"1","ListCost":"a\\"b","ContractedCost":"-"}', None, None),
        ('{"x_more":"2"}', 1, 1),
    ]
    assert staged.rows_rejected == 0
