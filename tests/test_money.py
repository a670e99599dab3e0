"""Amounts in and out as text."""

from __future__ import annotations

import ast
import math
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix import money

amounts = st.decimals(
    min_value=-(10**20) + 1, max_value=10**20 - 1, places=18, allow_nan=False, allow_infinity=False
)


@given(amounts)
def test_text_gives_the_amount_back(amount: Decimal) -> None:
    assert money.parse_amount(money.to_text(amount)) == amount


@given(amounts)
def test_text_is_canonical(amount: Decimal) -> None:
    text = money.to_text(amount)
    assert "e" not in text.lower()
    assert text != "-0"
    assert not ("." in text and text.endswith("0"))


@pytest.mark.parametrize(
    ("number", "text"),
    [("-0.000", "0"), ("1E+3", "1000"), ("20.50", "20.5"), ("-5.55941E-5", "-0.0000555941")],
)
def test_text_has_no_exponent_and_no_trailing_zeros(number: str, text: str) -> None:
    assert money.to_text(Decimal(number)) == text


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0.0000000000000000005", "0.000000000000000001"),
        ("-0.0000000000000000005", "-0.000000000000000001"),
        ("0.00000000000000000049", "0"),
        ("1E-25", "0"),
        (".5", "0.5"),
        ("+7.", "7"),
    ],
)
def test_rounding_is_half_away_from_zero_at_18_places(text: str, amount: str) -> None:
    assert money.parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", " ", "NaN", "Infinity", "1e999", "1e9999", "$10,000.00 ", "1,000", "0x1", "1_000", "١",
     "--1", "1e", "1" * 101, "100000000000000000000", "NULL"],
)  # fmt: skip
def test_what_is_not_a_plain_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        money.parse_amount(text)


@given(st.lists(amounts, max_size=50))
def test_a_total_keeps_every_digit(parts: list[Decimal]) -> None:
    scaled = sum(int(part.scaleb(18, money.EXACT)) for part in parts)
    assert money.total(parts) == Decimal(scaled).scaleb(-18, money.EXACT)


@pytest.mark.parametrize(
    ("text", "expected"), [("USD", True), ("usd", False), ("US", False), ("USD\n", False)]
)
def test_a_currency_is_three_capital_letters(text: str, expected: bool) -> None:
    assert money.is_currency(text) is expected


LARGE, SMALL = Decimal("12345678901234567890"), Decimal("0.000000000000000001")
PACKAGE = Path(__file__).parents[1] / "costoptix"
CONTEXT_MAKERS = {
    "BasicContext", "Context", "DefaultContext", "ExtendedContext", "getcontext", "localcontext",
    "setcontext",
}  # fmt: skip


def test_plain_arithmetic_on_amounts_keeps_every_digit_in_every_thread() -> None:
    def add() -> Decimal:
        return LARGE + SMALL

    with ThreadPoolExecutor(1) as thread:
        assert add() == thread.submit(add).result() == Decimal(f"{LARGE}.{'0' * 17}1")


def test_arithmetic_that_loses_a_digit_fails_the_suite() -> None:
    with pytest.raises(ArithmeticError):
        Decimal(1) / Decimal(3)


def test_only_money_makes_a_context_or_rounds() -> None:
    """What rounds has a name in ``money``, which says how."""
    others = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "money.py"]
    assert [use for path in others for use in _roundings(path)] == []


def _roundings(path: Path) -> list[str]:
    """Return where a file imports what makes a context, or asks a number for fewer digits."""
    uses = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "decimal":
            uses += [f"{path}: {n.name}" for n in node.names if n.name in CONTEXT_MAKERS]
        elif isinstance(node, ast.Import) and any(name.name == "decimal" for name in node.names):
            uses.append(f"{path}: import decimal")
        elif isinstance(node, ast.Attribute) and node.attr in ("quantize", "to_integral_value"):
            uses.append(f"{path}:{node.lineno}: {node.attr}")
    return uses


def test_a_number_too_small_for_exact_sums_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        money.exact("1E-100")
    assert money.exact("1.5E-099") == Decimal("1.5E-99")


quanta = st.integers(-(10**38) + 1, 10**38 - 1)


@given(quanta, st.integers(0, 10**60), st.integers(1, 10**60))
def test_a_proportion_is_rounded_once_half_away_from_zero(amount: int, part: int, whole: int):
    exactly = abs(Fraction(amount * part, whole))
    expected = math.floor(exactly + Fraction(1, 2))
    if expected >= 10**38:
        with pytest.raises(ValueError, match="too large"):
            money.in_proportion(amount, part, whole)
    else:
        signed = expected if amount >= 0 else -expected
        assert money.in_proportion(amount, part, whole) == signed


@given(quanta)
def test_quanta_are_the_amount_to_its_last_place(number: int):
    assert money.from_quanta(number) == Decimal(number) * money.QUANTUM
