"""How amounts, shares and days are written for people."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from costoptix.periods import DateRange
from costoptix.written import counted, day, money, number, percent, range_title


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("1234.5", "USD", "$1,234.50"),
        ("-3.2", "USD", "−$3.20"),
        ("12", "CHF", "CHF 12.00"),
        ("0.00001234", "USD", "$0.000012"),
        ("-0.4", "JPY", "¥0"),
        ("1800.4", "UGX", "UGX 1,800"),
        ("0", "EUR", "€0.00"),
    ],
)
def test_an_amount_has_the_places_of_its_currency(amount: str, currency: str, written: str) -> None:
    assert money(Decimal(amount), currency) == written


def test_what_is_not_there_is_a_dash() -> None:
    assert (money(None, "USD"), percent(None), number(None)) == ("–", "–", "–")
    assert (percent(Decimal("-12.46")), number(12345)) == ("−12.5%", "12,345")


@pytest.mark.parametrize(
    ("first", "last", "written"),
    [
        (date(2026, 11, 1), date(2026, 11, 15), "1–15 Nov 2026"),
        (date(2026, 10, 28), date(2026, 11, 3), "28 Oct – 3 Nov 2026"),
        (date(2025, 12, 28), date(2026, 1, 3), "28 Dec 2025 – 3 Jan 2026"),
        (date(2026, 11, 1), date(2026, 11, 1), "1 Nov 2026"),
    ],
)
def test_a_range_is_written_in_its_shortest_form(first: date, last: date, written: str) -> None:
    assert range_title(DateRange(first, last)) == written
    assert day(first) == f"{first.day} {first:%b %Y}"


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (1, "call", "1 call"), (0, "row", "0 rows"), (2400, "anomaly", "2,400 anomalies"),
        (2, "day", "2 days"), (2, "address", "2 addresses"), (2, "series", "2 series"),
    ],
)  # fmt: skip
def test_things_are_counted_in_words(count: int, noun: str, text: str) -> None:
    assert counted(count, noun) == text
