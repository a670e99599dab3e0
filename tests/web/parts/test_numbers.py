"""Numbers as people write them in forms."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costoptix.money import parse_amount
from costoptix.web.parts.numbers import plain_number, written_number
from tests.support.proving import count


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("9,000", "9000"), (" 9,000.50 ", "9000.50"), ("1,234,567", "1234567"), ("9 000", "9000"),
        ("9\u00a0000\u202f000", "9000000"), ("9'000", "9000"), ("9’000.5", "9000.5"),
        ("-1,000", "-1000"), ("9000.125", "9000.125"), ("0.125", "0.125"), ("1e12", "1e12"),
        ("80", "80"), ("", ""), ("ten", "ten"), ("$9", "$9"), ("1,250.500", "1250.500"),
    ],
)  # fmt: skip
def test_what_people_write_is_read(text: str, plain: str) -> None:
    assert plain_number(text) == plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("9.000,5", "a point before decimals"), ("9,5", "a point before decimals"),
        ("9,0000", "a point"), ("1.250.000", "a point"), ("1,00,000", "a point"), (",5", "a point"),
        ("9.000", "as 9 or as 9000"), ("12.500", "as 12.5 or as 12500"),
        ("9.125", "as 9.1250 or as 9125"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        plain_number(text)


@settings(max_examples=count(small=50, full=2000))
@given(st.decimals(min_value=0, max_value=10**12, places=6))
def test_what_we_write_is_read_as_it_is(number: Decimal) -> None:
    assert parse_amount(plain_number(written_number(number))) == number
    assert parse_amount(plain_number(f"{number:,f}")) == number
