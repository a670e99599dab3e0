"""R1: kill -9 at any point of an import that replaces a live month, and the next worker after it.

Killed are the worker, the process that reads for it, or both, at random moments; every third kill
waits for the files to be placed, since that window is short. Up to three workers die of one
import before one is let alone.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from costoptix import queue
from costoptix.bills.intake import receive
from costoptix.models import Import, Job
from tests.faults import processes
from tests.faults.month import Month
from tests.support.proving import count, tell

MOST_KILLS = 3
"""Of one import; at five the queue gives a job up."""
LONGEST_WAIT = max(queue.LEASE, queue.RETRY_AFTER * 2**MOST_KILLS)
"""After a worker's death, or after the reader's for the last time."""
MISS = "after the job"


@pytest.mark.parametrize("is_asked_about", [False, True])
def test_r1_a_killed_import_leaves_the_old_or_the_new_month_whole(
    month: Month, is_asked_about: bool
) -> None:
    """After each kill readers see one of both whole, and after the next worker the new one.

    A month that a person is asked about is live once that is answered, whoever was killed before
    the question or after the answer.
    """
    chance = random.Random(is_asked_about)
    month.is_asked_about = is_asked_about
    hits: Counter[str] = Counter()
    seconds = _first_delivery(month)
    while hits.total() - hits[MISS] < count(3, 105):
        row, job = month.deliver()
        for _ in range(2 if is_asked_about else 1):
            for _ in range(chance.randint(1, MOST_KILLS)):
                before = _folders(month)
                _kill_a_worker(month, chance, seconds)
                month.check_whole()
                hits[_reached(month, row, job, before)] += 1
                month.pass_time(LONGEST_WAIT)
            processes.finish(processes.start(processes.work, month.environment))
            if month.answer():
                job = receive.job_of(month.session, row)
        month.check_settled()
    kills = ", ".join(f"{stage} {number}" for stage, number in sorted(hits.items()))
    asked = ", asked about each month" if is_asked_about else ""
    tell(f"R1{asked}: {hits.total() - hits[MISS]} kills hit ({kills})")


def _first_delivery(month: Month) -> float:
    """Bring the month in undisturbed; return how many seconds that takes."""
    month.deliver()
    begun = time.monotonic()
    processes.finish(processes.start(processes.work, month.environment))
    month.check_settled()
    return time.monotonic() - begun


def _kill_a_worker(month: Month, chance: random.Random, seconds: float) -> None:
    """Start a worker and kill it, its reader or both: by the clock, or when files are placed."""
    before = _folders(month)
    worker = processes.start(processes.work, month.environment)
    if chance.randrange(3):
        worker.join(chance.uniform(0, seconds))
    else:
        processes.wait_until(lambda: not worker.is_alive() or _folders(month) != before)
        worker.join(chance.uniform(0, 0.1))
    victims = chance.choice(("worker", "worker", "reader", "both"))
    readers = processes.children(worker.pid or 0)
    if victims != "worker":
        for reader in readers:
            with suppress(ProcessLookupError):
                os.kill(reader, signal.SIGKILL)
    if victims != "reader":
        worker.kill()
    processes.end(worker)
    for reader in readers:  # it ends with its worker, before the next takes the job up
        processes.wait_until(lambda reader=reader: not processes.is_alive(reader))


def _folders(month: Month) -> set[Path]:
    """Return the folders of deliveries, live and orphaned."""
    return set(month.config.lake_dir.glob("organization=*/billing_period=*/delivery=*"))


def _reached(month: Month, row: Import, job: Job, before: set[Path]) -> str:
    """Say how far the import had come when it was killed; ``before`` are the folders there were."""
    month.latest()
    if job.state == "done":
        return MISS
    if row.state in ("live", "older"):
        return "live, its job not ended"
    if row.state == "received":
        return "not begun"
    return "placed, not live" if _folders(month) - before else "being read"
