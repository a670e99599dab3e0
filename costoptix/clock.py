"""The one clock. Everything that asks for the time asks here."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path


class _Clock:
    """The source of the time: the machine's clock, moved by seconds, or a file."""

    setting: str | None = None
    offset_seconds = 0.0
    file: Path | None = None


def configure(setting: str | None) -> None:
    """Pin the clock for tests.

    ``None`` is real time; an ISO 8601 instant makes the clock run on from that instant;
    ``@FILE`` reads an instant from FILE at each call, so that a test can step it.

    Raises:
        ValueError: the setting is not an instant with a zone.
    """
    _Clock.offset_seconds, _Clock.file, _Clock.setting = 0.0, None, None
    if setting is None:
        return
    if setting.startswith("@"):
        _Clock.file = Path(setting[1:])
        parse_instant(_Clock.file.read_text())
    else:
        _Clock.offset_seconds = parse_instant(setting).timestamp() - time.time()
    _Clock.setting = setting


def setting() -> str | None:
    """Return what another process configures its clock with to have the time of this one.

    An instant that runs on does so from now.
    """
    return utc_now().isoformat() if _Clock.offset_seconds else _Clock.setting


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
    if _Clock.file is not None:
        return parse_instant(_Clock.file.read_text()).timestamp()
    return time.time() + _Clock.offset_seconds


def utc_today() -> date:
    """Return the current UTC calendar day."""
    return utc_now().date()


def next_midnight(now: datetime) -> datetime:
    """Return the first midnight UTC strictly after ``now``."""
    return datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
