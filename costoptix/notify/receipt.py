"""What became of one attempt to deliver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MOST_EXCERPT = 500
"""Characters of an answer that the log keeps."""


@dataclass(frozen=True)
class Receipt:
    """An attempt's end: ``status`` is None where there was no answer.

    ``is_gone`` says that there is nobody any more, and never will be; ``is_down`` that whatever
    else is sent there now would fail too; ``retry_after`` are seconds that were asked for.
    """

    is_delivered: bool
    status: int | None
    excerpt: str
    is_gone: bool = False
    is_down: bool = False
    retry_after: float | None = None


def excerpt_of(body: bytes) -> str:
    """Return the beginning of an answer as text that is safe to keep and show."""
    text = body[: 4 * MOST_EXCERPT].decode("utf-8", "replace")
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(printable.split())[:MOST_EXCERPT]


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, as a number or as a date; None of none."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
