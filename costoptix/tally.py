"""Requests counted by operation and class of status, in memory that the server's processes share.

The memory is made by gunicorn before it forks (``gunicorn.conf.py``), one slot for each process
at a time. A process adds to its own slot only, so that none waits for another; a process that takes
the place of one that ended goes on with the slot's counts, so that no count ever falls and nothing
grows, however often processes are recycled. There is no file: a mapped file, as the multiprocess
mode of prometheus_client keeps one for each process that ever lived, kills its process by SIGBUS
where the disk is full.

Without gunicorn (tests, ``flask run``) the memory is this process's own.
"""

from __future__ import annotations

import mmap
import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends in seconds, inclusive; one more bucket holds what took longer."""
CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
OTHER = "none"
"""The operation of a request that led to none: an unknown address, a foreign host."""
MOST_OPERATIONS = 512
_SUM = len(BUCKETS) + 1
_CELLS = _SUM + 1  # of one operation and class: the buckets, then the seconds
_PID, _REFUSALS, _HEAD = 0, 1, 2
_SLOT = _HEAD + MOST_OPERATIONS * len(CLASSES) * _CELLS
_BYTES = 8


@dataclass(frozen=True)
class Timing:
    """What was counted of one operation and class of status."""

    operation: str
    status: str  # "2xx"
    buckets: tuple[int, ...]  # requests in each of BUCKETS, then those that took longer
    seconds: float

    @property
    def requests(self) -> int:
        """Return how many requests there were."""
        return sum(self.buckets)


class Tally:
    """The counts of a server; ``slots`` is how many processes it has at once, at most."""

    def __init__(self, slots: int = 1) -> None:
        self._slots = slots
        self._cells = memoryview(mmap.mmap(-1, slots * _SLOT * _BYTES)).cast("d")
        self._lock = Lock()
        self._start = 0

    def take_slot(self, slot: int) -> None:
        """Count in a slot from now on, as the process that has it."""
        self._start = min(slot, self._slots - 1) * _SLOT
        self._cells[self._start + _PID] = os.getpid()

    def add(self, operation: int, status: int, seconds: float) -> None:
        """Count a request: the number of its operation, its status, and what it took."""
        at = self._start + _HEAD + (operation * len(CLASSES) + status // 100 - 1) * _CELLS
        bucket = at + bisect_left(BUCKETS, seconds)
        with self._lock:  # between threads; another process has another slot
            self._cells[bucket] += 1
            self._cells[at + _SUM] += seconds

    def add_refusal(self) -> None:
        """Count a call that was refused because its day's quota was used up."""
        with self._lock:
            self._cells[self._start + _REFUSALS] += 1

    @property
    def refusals(self) -> int:
        """Return how many calls were refused for their quota."""
        return int(sum(self._cells[start + _REFUSALS] for start in self._starts()))

    @property
    def pids(self) -> dict[int, int]:
        """Return the process that took each slot last, by slot; it may have ended."""
        pids = {n: int(self._cells[n * _SLOT + _PID]) for n in range(self._slots)}
        return {slot: pid for slot, pid in pids.items() if pid}

    def timings(self, operations: Operations) -> Iterator[Timing]:
        """Return what was counted, of all slots together; nothing of what never happened."""
        for name, number in operations.items():
            for class_number, status in enumerate(CLASSES):
                at = _HEAD + (number * len(CLASSES) + class_number) * _CELLS
                cells = [self._cells[start + at : start + at + _CELLS] for start in self._starts()]
                *buckets, seconds = map(sum, zip(*cells, strict=True))
                if any(buckets):
                    yield Timing(name, status, tuple(map(int, buckets)), seconds)

    def _starts(self) -> Iterable[int]:
        return range(0, self._slots * _SLOT, _SLOT)


Operations = dict[str, int]
"""The number of each operation by its name (the endpoint); OTHER has 0."""


def number(endpoints: Iterable[str]) -> Operations:
    """Number the operations of an application.

    Raises:
        ValueError: there are more than the shared memory has room for.
    """
    operations = {name: at for at, name in enumerate((OTHER, *sorted({*endpoints})))}
    if len(operations) > MOST_OPERATIONS:
        raise ValueError(f"more than {MOST_OPERATIONS} operations: raise MOST_OPERATIONS")
    return operations


class _Server:
    """What the processes of this server share."""

    tally = Tally()
    slot = 0


def share(slots: int) -> None:
    """Make the memory anew, before the processes are forked that are to count in it."""
    _Server.tally = Tally(slots)


def give_slot(slot: int) -> None:
    """Say which slot the process has that is forked next."""
    _Server.slot = slot


def of_server() -> Tally:
    """Return the counts of this server, in the slot that this process was given."""
    _Server.tally.take_slot(_Server.slot)
    return _Server.tally
