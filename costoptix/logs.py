"""Structured logs: one JSON object a line on stderr, with the request id where there is one.

Nothing secret may reach a log: requests are logged by path, never by query string or header.
"""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

from config import Config

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that this thread answers; sent back as ``X-Request-ID``."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_ENCODER = json.JSONEncoder(default=str)  # json.dumps would make one for each line


class JSONFormatter(logging.Formatter):
    """Write a record as one JSON object; what ``extra=`` adds becomes its keys."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (current := request_id.get()) is not None:
            line["request_id"] = current
        line |= {k: v for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return _ENCODER.encode(line)


def configure(config: Config) -> None:
    """Send the application's logs to stderr (tests keep pytest's own handlers)."""
    root = logging.getLogger("costoptix")
    root.setLevel(logging.INFO)
    if config.testing or root.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONFormatter())
    root.addHandler(handler)
    root.propagate = False
