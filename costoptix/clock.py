"""The one clock. Everything that asks for the time asks here."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

_OFFSET_SECONDS = 0.0
_FILE: Path | None = None


def configure(setting: str | None) -> None:
    """Pin the clock for tests.

    ``None`` is real time; an ISO 8601 instant makes the clock run on from that instant;
    ``@FILE`` reads an instant from FILE at each call, so that a test can step it.

    Raises:
        ValueError: the setting is not an instant with a zone.
    """
    global _OFFSET_SECONDS, _FILE
    _OFFSET_SECONDS, _FILE = 0.0, None
    if setting is None:
        return
    if setting.startswith("@"):
        _FILE = Path(setting[1:])
        parse_instant(_FILE.read_text())
    else:
        _OFFSET_SECONDS = parse_instant(setting).timestamp() - time.time()


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant; a missing zone is UTC.

    Raises:
        ValueError: the text is not an ISO 8601 date-time.
    """
    instant = datetime.fromisoformat(text.strip())
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def utc_now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return datetime.fromtimestamp(unix_now(), UTC)


def unix_now() -> float:
    """Return the current instant as Unix seconds."""
    if _FILE is not None:
        return parse_instant(_FILE.read_text()).timestamp()
    return time.time() + _OFFSET_SECONDS


def utc_today() -> date:
    """Return the current UTC calendar day."""
    return utc_now().date()


def next_midnight(now: datetime) -> datetime:
    """Return the first midnight UTC strictly after ``now``."""
    return datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
