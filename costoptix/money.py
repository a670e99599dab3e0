"""Money: exact decimals of 18 places, in and out as text. Never float."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal

Amount = Decimal
"""An amount of money in some currency: at most 20 digits before the point, 18 after."""

PLACES = 18
QUANTUM = Decimal(1).scaleb(-PLACES)
EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
"""Room for the sum of any file: 38 digits, times more rows than there are, unrounded."""

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
LARGEST = Decimal(10) ** (38 - PLACES)
"""Exclusive: what DECIMAL(38,18) can hold."""
_CURRENCY = re.compile(r"[A-Z]{3}")


def exact(text: str) -> Decimal:
    """Read a number as it stands, every digit kept.

    Raises:
        ValueError: not a plain or E-notation number (NaN, $10, 1,000 and blanks are not), or one
            too large to be an amount.
    """
    if len(text) > 100 or not _NUMBER.fullmatch(text):
        raise ValueError(f"not a number: {text[:40]!r}")
    number = Decimal(text)
    if abs(number) >= LARGEST:
        raise ValueError("number too large")
    return number


def to_amount(number: Decimal) -> Amount:
    """Round half away from zero to 18 places: the one rounding, on the way in.

    Raises:
        ValueError: the number has more than 20 digits before the point.
    """
    rounded = number.quantize(QUANTUM, context=EXACT)
    if abs(rounded) >= LARGEST:
        raise ValueError("number too large")
    return rounded


def parse_amount(text: str) -> Amount:
    """Read an amount from text, rounded to 18 places.

    Raises:
        ValueError: not a number, or too large.
    """
    return to_amount(exact(text))


def to_text(amount: Decimal) -> str:
    """Write an amount exactly: no exponent, no trailing zeros, never ``-0``."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def is_currency(text: str) -> bool:
    """Tell whether ``text`` has the form of an ISO 4217 code (three capital letters)."""
    return _CURRENCY.fullmatch(text) is not None


def total(amounts: list[Amount]) -> Amount:
    """Add exactly, whatever the decimal context of the thread."""
    result = Decimal(0)
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result
