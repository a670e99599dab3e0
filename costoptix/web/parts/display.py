"""How values look on pages: the filters. Every number is written by one, from one Decimal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from flask import Flask

from costoptix.clock import utc_now
from costoptix.money import to_text
from costoptix.written import brief, counted, day, money, number, percent, range_title

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


def init_app(app: Flask) -> None:
    """Register the filters."""
    for function in (
        money, exact, number, percent, size, instant, machine_time, day, range_title, ago,
        browser_title, flags, brief, counted,
    ):  # fmt: skip
        app.add_template_filter(function)
    app.add_template_filter(every_digit)


def exact(amount: Decimal | None) -> str:
    """Write every digit, as the API does; ``–`` for none."""
    return "–" if amount is None else to_text(amount)


def every_digit(amount: Decimal | None) -> str:
    """Write every digit for people, thousands apart: ``13,347.0625``; ``–`` for none."""
    if amount is None:
        return "–"
    whole, point, fraction = to_text(amount).partition(".")
    digits = whole.lstrip("-")
    return f"{'−' if whole.startswith('-') else ''}{int(digits):,}{point}{fraction}"


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


def instant(value: datetime) -> str:
    """Write an instant: ``21 Nov 2026, 14:05 UTC``."""
    return f"{day(value)}, {value:%H:%M} UTC"


def machine_time(value: date) -> str:
    """Write a day or an instant for ``<time datetime>``: HTML reads no millionths of seconds."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat()


def flags(attributes: Mapping[str, object]) -> dict[str, object]:
    """Return attributes of HTML: one that is true stands there empty, a false one does not."""
    written = {True: "", False: None}
    return {
        name: written[value] if isinstance(value, bool) else value
        for name, value in attributes.items()
    }


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
