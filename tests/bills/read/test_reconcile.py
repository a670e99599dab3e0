"""In = stored + rejected + rounding, to the last digit."""

from __future__ import annotations

import json
from decimal import Decimal

from costoptix import money
from costoptix.bills.read.reconcile import is_balanced
from tests.bills.bill import write
from tests.support.bills import Stage
from tests.support.staged import stored


def test_what_18_places_do_not_hold_is_told_exactly(stage: Stage) -> None:
    amounts = [
        "0.1234567890123456789012345",
        "-1.0000000000000000005",
        "1E-30",
        "2.50000000000000000000",
    ]
    staged, folder = stage(write([{"BilledCost": amount} for amount in amounts]))
    (line,) = [line for line in staged.lines if line.metric == "billed_cost"]
    assert line.sum_file == money.total([Decimal(amount) for amount in amounts])
    assert line.sum_stored == money.total([money.parse_amount(amount) for amount in amounts])
    assert line.rows_rounded == 3
    assert abs(line.sum_rounding) <= 3 * Decimal("5E-19")
    assert is_balanced(line)
    written = [text for (text,) in stored(staged, folder, "as_written") if text]
    assert {json.loads(text)["billed_cost"] for text in written} == set(amounts[:3])
