"""The currencies that a budget may be in."""

from __future__ import annotations

from costoptix.currencies import ISO_4217


def test_codes_are_three_capital_letters() -> None:
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in ISO_4217)
    assert {"USD", "EUR", "GBP", "CHF", "JPY", "INR"} <= ISO_4217


def test_no_metal_test_or_fund_code_is_a_currency() -> None:
    assert not {"XAU", "XTS", "XXX", "USN", "CHE"} & ISO_4217
