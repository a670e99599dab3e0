"""Refused calls, tallied per process and written every few seconds: approximate, and cheap.

A flood of refused calls must cost nothing that others need, so they are not counted one by one:
what a process has not written when it is killed is lost.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date

FLUSH_SECONDS = 10.0

Refusals = Counter[tuple[str, date]]
"""How many calls were refused, by organization and UTC day."""

logger = logging.getLogger(__name__)


class RefusalTally:
    """Counts in memory; ``write`` gets what came together within ``FLUSH_SECONDS``."""

    def __init__(self, write: Callable[[Refusals], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._pending: Refusals = Counter()
        self._timer: threading.Timer | None = None

    def add(self, organization_id: str, day: date) -> None:
        """Count one refused call."""
        with self._lock:
            self._pending[organization_id, day] += 1
            if self._timer is None:  # made after the fork, by the process that refuses
                self._timer = threading.Timer(FLUSH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()
                atexit.register(self.flush)

    def flush(self) -> None:
        """Write what is pending."""
        with self._lock:
            pending, self._pending, self._timer = self._pending, Counter(), None
            atexit.unregister(self.flush)
        try:
            if pending:
                self._write(pending)
        except Exception:  # the storage is gone: the tally is approximate, and the log tells
            logger.exception("refused calls could not be written")
