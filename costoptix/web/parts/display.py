"""How values look on pages: the filters. Every number is formatted here, from one Decimal."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from flask import Flask

from costoptix.clock import utc_now
from costoptix.money import rounded, to_text

MINUS = "−"
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BROWSERS = {
    "Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome",
    "Safari/": "Safari",
}  # fmt: skip
_SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows",
    "Mac OS X": "macOS", "CrOS": "ChromeOS", "Linux": "Linux",
}  # fmt: skip
"""Marks in user agents, the specific ones first: nearly all name Safari, many name Linux."""
_WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})


def init_app(app: Flask) -> None:
    """Register the filters."""
    for function in (money, exact, number, percent, size, instant, day, ago, browser_title):
        app.add_template_filter(function)


def money(amount: Decimal | None, currency: str | None, places: int | None = None) -> str:
    """Write an amount for reading: ``$1,234.50``, ``CHF 12.00``, ``−$3.20``; ``–`` for none.

    An amount that two places would show as zero keeps its first two digits.
    """
    if amount is None:
        return "–"
    if places is None:
        places = 0 if currency in _WITHOUT_CENTS else max(2, _first_digits(amount))
    size = abs(rounded(amount, places))
    return f"{MINUS if amount < 0 and size else ''}{symbol(currency)}{size:,f}"


def symbol(currency: str | None) -> str:
    """Return what stands before an amount: ``$``, or the code and a space."""
    return _SYMBOLS.get(currency or "", f"{currency or ''} ".lstrip())


def _first_digits(amount: Decimal) -> int:
    """Return the places that show two digits of an amount under a cent; 0 for all others."""
    if not amount or abs(amount) >= Decimal("0.005"):
        return 0
    return min(18, 1 - amount.adjusted())


def exact(amount: Decimal | None) -> str:
    """Write every digit, as the API does; ``–`` for none."""
    return "–" if amount is None else to_text(amount)


def number(value: int | Decimal | None) -> str:
    """Write a count with thousands separators; ``–`` for none."""
    return "–" if value is None else f"{value:,}"


def percent(value: Decimal | None, places: int = 1) -> str:
    """Write a percentage (12.5 is 12.5%); ``–`` for none."""
    if value is None:
        return "–"
    size = abs(rounded(value, places))
    return f"{MINUS if value < 0 and size else ''}{size:,f}%"


def size(count: int) -> str:
    """Write a number of bytes: ``755 kB``, ``1.2 MB``."""
    if count < 1_000:
        return f"{count} B"
    value = Decimal(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1_000
        if value < 1_000 or unit == "GB":
            break
    return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"


def day(value: date) -> str:
    """Write a day: ``21 Nov 2026``."""
    return f"{value.day} {value:%b %Y}"


def instant(value: datetime) -> str:
    """Write an instant: ``21 Nov 2026, 14:05 UTC``."""
    return f"{day(value)}, {value:%H:%M} UTC"


def guarded(text: str) -> str:
    """Keep a spreadsheet from taking a text cell for a formula; numbers never come this way."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def ago(value: datetime) -> str:
    """Write how long ago an instant was: ``just now``, ``2 minutes ago``, ``94 days ago``."""
    seconds = int((utc_now() - value) / timedelta(seconds=1))
    if seconds < 60:
        return "just now"
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if count := seconds // length:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def browser_title(user_agent: str) -> str:
    """Name a browser and its system: ``Firefox on Windows``; what is not known is shown as sent."""
    browser, system = (
        next((title for sign, title in marks.items() if sign in user_agent), "")
        for marks in (_BROWSERS, _SYSTEMS)
    )
    if not browser:
        return user_agent or "unknown"
    return f"{browser} on {system}" if system else browser
