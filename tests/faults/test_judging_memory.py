"""R8: what detection needs does not grow with series times days: it looks at one at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, jobs, worker
from costoptix.costs.answers import CostStore
from costoptix.models import AnomalyPart, Job, Organization
from costoptix.periods import DateRange
from tests.support.lake import Lake, open_writer
from tests.support.proving import count, tell

DAYS = DateRange(date(2025, 2, 14), date(2026, 3, 20))
SPIKING = 5
MOST_MEGABYTES = count(230, 400)
"""300 series whole took over 300 MB; other children of the process that tests are counted, too."""


def test_r8_detection_over_many_series_stays_within_its_memory(
    session: Session, acme: Organization, config: Config
) -> None:
    series = count(300, 20_000)
    clock.configure("2026-03-21T12:00:00Z")
    with open_writer() as writer:
        store = CostStore(config.lake_dir, config.temp_dir)
        Lake(session, store, writer, acme).deliver_series(series, DAYS, SPIKING)
    jobs.judge(session, acme.id)
    (job_id,) = session.scalars(select(Job.id).where(Job.kind == "detect_anomalies"))
    session.rollback()
    begun = time.monotonic()
    with peak_of_children() as peaks:
        assert worker.run_job(session, config, job_id)
    seconds = time.monotonic() - begun
    megabytes = max(peaks.values())
    session.rollback()
    assert session.scalar(select(Job.error).where(Job.id == job_id)) is None
    assert session.scalar(select(func.count()).select_from(AnomalyPart)) >= SPIKING
    assert megabytes < MOST_MEGABYTES, peaks
    tell(f"R8: detection, {series} series of {DAYS.length} days: {megabytes} MB, {seconds:.0f} s")


@contextmanager
def peak_of_children() -> Iterator[dict[int, int]]:
    """Watch the processes that this one begins; hold their peaks of memory in MB, by id."""
    peaks: dict[int, int] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            for pid in _children():
                for line in _status(pid):
                    if line.startswith("VmHWM:"):
                        peaks[pid] = int(line.split()[1]) >> 10

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


def _children() -> set[int]:
    """Return the children of all threads of this process."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


def _status(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []
