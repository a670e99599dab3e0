"""Work in a process of its own, and what it took: CPU seconds and resident memory (Linux)."""

from __future__ import annotations

import multiprocessing
import resource
import threading
from collections.abc import Callable
from pathlib import Path


def measure(work: Callable[..., None], *arguments: object) -> tuple[float, int]:
    """Run ``work`` in a process; return CPU seconds and the peak of resident megabytes.

    Both are of the process and of everything below it.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    peak = Peak(process.pid or 0)
    process.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if process.exitcode:
        raise SystemExit("the work failed")
    return round(cpu, 2), peak.stop()


class Peak:
    """Watches the resident memory of a process and its children."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._done = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> int:
        """Return the peak, in megabytes."""
        self._done.set()
        self._thread.join()
        return self._peak // 1024

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self._peak = max(self._peak, resident_kb(self._pid))


def resident_kb(pid: int) -> int:
    """Add up VmRSS of a process and everything below it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    mine = int(lines[0].split()[1]) if lines else 0
    return mine + sum(resident_kb(int(child)) for child in below)
