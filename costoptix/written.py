"""How amounts, shares and days are written for people: on pages, in sentences, in messages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from costoptix.currencies import WITHOUT_DECIMALS
from costoptix.money import rounded
from costoptix.periods import DateRange

MINUS = "−"
WHOLE_FROM = 100
"""From here on a narrow column writes amounts without decimals."""
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}


def money(amount: Decimal | None, currency: str | None, places: int | None = None) -> str:
    """Write an amount for reading: ``$1,234.50``, ``CHF 12.00``, ``−$3.20``; ``–`` for none.

    An amount that two places would show as zero keeps its first two digits.
    """
    if amount is None:
        return "–"
    if places is None:
        places = 0 if currency in WITHOUT_DECIMALS else max(2, _first_digits(amount))
    size = abs(rounded(amount, places))
    return f"{MINUS if amount < 0 and size else ''}{symbol(currency)}{size:,f}"


def brief(amount: Decimal | None, currency: str | None) -> str:
    """Write an amount for a narrow column: from a hundred on without decimals; "" for none."""
    if amount is None:
        return ""
    return money(amount, currency, 0 if abs(amount) >= WHOLE_FROM else None)


def symbol(currency: str | None) -> str:
    """Return what stands before an amount: ``$``, or the code and a space."""
    return _SYMBOLS.get(currency or "", f"{currency or ''} ".lstrip())


def _first_digits(amount: Decimal) -> int:
    """Return the places that show two digits of an amount under a cent; 0 for all others."""
    if not amount or abs(amount) >= Decimal("0.005"):
        return 0
    return min(18, 1 - amount.adjusted())


def number(value: int | Decimal | None) -> str:
    """Write a count with thousands separators; ``–`` for none."""
    return "–" if value is None else f"{value:,}"


def counted(count: int, noun: str) -> str:
    """Write how many things there are, by the singular of their name: ``1 row``, ``2,400 rows``."""
    return f"{count:,} {noun if count == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    if noun.endswith("series"):
        return noun
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def percent(value: Decimal | None, places: int = 1) -> str:
    """Write a percentage (12.5 is 12.5%); ``–`` for none."""
    if value is None:
        return "–"
    size = abs(rounded(value, places))
    return f"{MINUS if value < 0 and size else ''}{size:,f}%"


def day(value: date) -> str:
    """Write a day: ``21 Nov 2026``."""
    return f"{value.day} {value:%b %Y}"


def range_title(days: DateRange) -> str:
    """Write a range in its shortest form: ``2–8 Nov 2026``, ``28 Oct – 3 Nov 2026``."""
    first, last = days.first, days.last
    end = f"{last.day} {last:%b %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    return f"{first.day} {first:%b}{'' if first.year == last.year else f' {first.year}'} – {end}"
