"""Numbers as people write them in forms: 9,000 is nine thousand; what is ambiguous is refused."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator

from costoptix.money import to_text

_BLANK_BETWEEN_THOUSANDS = re.compile(r"(?<=[0-9])[ '’\u00a0\u2009\u202f](?=[0-9]{3}(?![0-9]))")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_PERHAPS_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")


def plain_number(text: str) -> str:
    """Return what a person wrote as a plain number; what is no number at all comes back as it is.

    ``9,000``, ``9 000`` and ``9'000`` are 9000.

    Raises:
        ValueError: it can be read in two ways (``9.000``, ``9.000,5``, ``9,5``); the words say how
            to write it.
    """
    number = _BLANK_BETWEEN_THOUSANDS.sub("", text.strip())
    if _GROUPED.fullmatch(number):
        return number.replace(",", "")
    is_of_digits = len(number) <= 100 and re.fullmatch(r"[+-]?[0-9.,]+", number) is not None
    if is_of_digits and ("," in number or number.count(".") > 1):
        raise ValueError(
            f"{number[:40]} can be read in two ways: write a point before decimals, and commas"
            " between thousands or nothing, such as 9,000.50"
        )
    if _PERHAPS_GROUPED.fullmatch(number):
        small, large = written_number(Decimal(number)), number.replace(".", "")
        raise ValueError(f"{number} can be read as {small} or as {large}: write one of these")
    return number


def written_number(number: Decimal) -> str:
    """Write a number so that ``plain_number`` reads it, every digit kept."""
    text = to_text(number)
    return f"{text}0" if _PERHAPS_GROUPED.fullmatch(text) else text


WrittenNumber = Annotated[str, AfterValidator(plain_number)]
"""A field of a form for a number; its text becomes a plain number."""
