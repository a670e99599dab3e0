"""What a newer delivery of a month changed, in money."""

from __future__ import annotations

from decimal import Decimal

from costoptix.bills.ledger.restatement import RestatedSum


def test_a_difference_keeps_every_digit() -> None:
    before, after = Decimal("0.000000000000000001"), Decimal("12345678901234567890")
    change = RestatedSum("EC2", "111", "Usage", "USD", before, after)
    assert str(change.difference) == "12345678901234567889.999999999999999999"
    assert RestatedSum("EC2", "111", "Usage", "USD", None, after).difference == after
