"""Lets the collector of cycles rest while very many values are made that are in none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class _Collector:
    """The collector of this process, and how many blocks want it to rest."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._blocks = 0

    def rest(self) -> None:
        with self._lock:
            if self._blocks or gc.isenabled():  # else it is switched off for good
                self._blocks += 1
                gc.disable()

    def go_on(self) -> None:
        with self._lock:
            if self._blocks:
                self._blocks -= 1
                if not self._blocks:
                    gc.enable()


_collector = _Collector()


@contextmanager
def resting() -> Iterator[None]:
    """Keep the collector from looking through what is made in the block, again and again.

    Of 24,000 movers that took two fifths of the time, and found nothing. It rests for all
    threads, until the last of them is out of its block.
    """
    _collector.rest()
    try:
        yield
    finally:
        _collector.go_on()
