"""How far an import is, in what people want to know: how much, how fast, how long still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from costoptix.models import Import, ImportState

_TOO_SOON = timedelta(seconds=2)


@dataclass(frozen=True)
class ShownProgress:
    """The progress of reading a file; None where it is not known yet."""

    rows: int
    bytes_done: int
    bytes_total: int
    seconds: float  # since the reading began

    @classmethod
    def of(cls, row: Import, now: datetime) -> ShownProgress | None:
        """Return the progress of an import that is running, else None."""
        if row.state != ImportState.RUNNING or row.started_at is None:
            return None
        seconds = (now - row.started_at) / timedelta(seconds=1)
        return cls(row.rows_read, row.bytes_done, row.size_bytes, seconds)

    @property
    def percent(self) -> int:
        """Return how much is read, 0 to 100."""
        return min(100, 100 * self.bytes_done // max(1, self.bytes_total))

    @property
    def bytes_per_second(self) -> int | None:
        """Return how fast it is read."""
        if not self._is_known:
            return None
        return int(self.bytes_done / self.seconds)

    @property
    def time_left(self) -> str:
        """Return how long it will take, in words; "" where that is not known yet."""
        if not self._is_known:
            return ""
        seconds = self.seconds * (self.bytes_total / self.bytes_done - 1)
        if self.percent >= 100 or seconds < 1:
            return "almost done"
        if seconds < 60:
            return f"about {round(seconds)} s left"
        minutes = round(seconds / 60)
        if minutes < 60:
            return f"about {minutes} min left"
        return f"about {minutes // 60} h {minutes % 60} min left"

    @property
    def _is_known(self) -> bool:
        return self.bytes_done > 0 and self.seconds >= _TOO_SOON.total_seconds()
