"""What the database and the disk say at the moment of a scrape: no name or id of anybody.

Labels are kinds and states of the code, so that there are as many series with ten thousand
organizations as with one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, case, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from config import Config
from costoptix import jobs
from costoptix.clock import utc_now
from costoptix.frame.exposition import Family
from costoptix.models import (
    Delivery,
    DeliveryFile,
    Import,
    ImportState,
    Job,
    JobState,
    WorkerHeartbeat,
)
from costoptix.queue import LEASE

RESULTS_OF = timedelta(hours=1)
"""Jobs that ended since: a scrape or two may be missed without missing one that failed."""
DAY = 86_400
FRESHNESS = tuple(days * DAY for days in (1, 2, 3, 7, 14, 31, 62))
LAKE_BYTES_KEPT_SECONDS = 300
_lake_bytes_of: WeakKeyDictionary[Engine | Connection, tuple[float, dict[bool, int]]] = (
    WeakKeyDictionary()
)
UNKNOWN_KIND = "unknown"
"""The label of a job of another version, whose kind this one does not know."""


def of_database(session: Session, config: Config) -> Iterator[Family]:
    """Read what the database says; each statement is one indexed look or one short scan."""
    now = utc_now()
    yield from _jobs(session, now)
    yield from _imports(session)
    yield from _deliveries(session)
    yield from _freshness(session, now)
    yield _heartbeat(session, now)
    yield _database_bytes(session, config)


def _jobs(session: Session, now: datetime) -> Iterator[Family]:
    waiting = Family("costoptix_jobs", "gauge", "Jobs that are not done, by kind and state.")
    oldest = Family(
        "costoptix_job_oldest_age_seconds", "gauge",
        "How long the oldest job that is due has waited for a worker, by kind.",
    )  # fmt: skip
    retrying = Family("costoptix_jobs_retrying", "gauge", "Jobs that failed and are tried again.")
    depth = (
        select(
            Job.kind,
            Job.state,
            func.count(),
            func.min(Job.run_at),
            func.sum(case((Job.attempts > 0, 1), else_=0)),
        )
        .where(Job.state.in_((JobState.DUE, JobState.RUNNING)))
        .group_by(Job.kind, Job.state)
    )
    rows = {(row[0], row[1]): row for row in session.execute(depth)}
    for kind in (*sorted(jobs.KINDS), UNKNOWN_KIND):
        for state in (JobState.DUE, JobState.RUNNING):
            of_kind = [
                row for key, row in rows.items() if (_label(key[0]), key[1]) == (kind, state)
            ]
            waiting.add(sum(row[2] for row in of_kind), kind=kind, state=state)
            if state == JobState.DUE:
                ages = [(now - row[3]).total_seconds() for row in of_kind]
                oldest.add(max(0.0, *ages, 0.0), kind=kind)
                retrying.add(sum(row[4] for row in of_kind), kind=kind)
    yield from (waiting, oldest, retrying, _results(session, now))


def _results(session: Session, now: datetime) -> Family:
    results = Family(
        "costoptix_jobs_ended_last_hour", "gauge",
        "Jobs that ended within the last hour, by kind and result (done, or failed for good).",
    )  # fmt: skip
    ended = (
        select(Job.kind, Job.state, func.count())
        .where(Job.finished_at > now - RESULTS_OF)
        .group_by(Job.kind, Job.state)
    )
    counts: dict[tuple[str, str], int] = {}
    for kind, state, number in session.execute(ended):
        counts[_label(kind), state] = counts.get((_label(kind), state), 0) + number
    for kind in (*sorted(jobs.KINDS), UNKNOWN_KIND):
        for state in (JobState.DONE, JobState.FAILED):
            results.add(counts.get((kind, state), 0), kind=kind, result=state)
    return results


def _label(kind: str) -> str:
    return kind if kind in jobs.KINDS else UNKNOWN_KIND


def _imports(session: Session) -> Iterator[Family]:
    imports = Family("costoptix_imports", "gauge", "Imports, by state.")
    by_state = select(Import.state, func.count()).group_by(Import.state)
    counts = {row[0]: row[1] for row in session.execute(by_state)}
    for state in ImportState:
        imports.add(counts.get(state, 0), state=state)
    yield imports
    questions = Family(
        "costoptix_questions_waiting", "gauge", "Imports that wait for a person's decision."
    )
    questions.add(counts.get(ImportState.WAITING, 0))
    yield questions


def _deliveries(session: Session) -> Iterator[Family]:
    live = Family("costoptix_deliveries_live", "gauge", "Deliveries that readers see.")
    live.add(session.scalar(select(func.count()).where(Delivery.is_live)) or 0)
    yield from (live, _lake_bytes(session))


def _lake_bytes(session: Session) -> Family:
    """Add up every file of the lake: the one look at a whole table, so it is kept for a while."""
    lake = Family(
        "costoptix_lake_bytes", "gauge",
        "Bytes of the lake's files, of deliveries that readers see (live) and of others (kept).",
    )  # fmt: skip
    engine = session.get_bind()
    kept = _lake_bytes_of.get(engine)
    if kept is None or time.monotonic() - kept[0] > LAKE_BYTES_KEPT_SECONDS:
        kept = _lake_bytes_of[engine] = (time.monotonic(), _summed(session))
    for is_live, state in ((True, "live"), (False, "kept")):
        lake.add(kept[1].get(is_live, 0), state=state)
    return lake


def _summed(session: Session) -> dict[bool, int]:
    sizes = (
        select(Delivery.is_live, func.sum(DeliveryFile.size_bytes))
        .join(Delivery.files)
        .group_by(Delivery.is_live)
    )
    return {is_live: int(size) for is_live, size in session.execute(sizes)}


def _freshness(session: Session, now: datetime) -> Iterator[Family]:
    newest = (
        select(func.max(Delivery.created_at)).where(Delivery.is_live).group_by(Delivery.source_id)
    )
    ages = [max(0.0, (now - at).total_seconds()) for at in session.scalars(newest)]
    ends = (*FRESHNESS, float("inf"))
    counts = [sum(low < age <= high for age in ages) for low, high in pairwise((-1, *ends))]
    spread = Family(
        "costoptix_source_age_seconds", "histogram",
        "How long ago each source with live deliveries brought its newest one.",
    )  # fmt: skip
    spread.add_histogram(FRESHNESS, counts, sum(ages))
    oldest = Family(
        "costoptix_source_oldest_age_seconds", "gauge",
        "The same of the source that has been silent for the longest.",
    )  # fmt: skip
    oldest.add(max(ages, default=0))
    yield from (spread, oldest)


def _heartbeat(session: Session, now: datetime) -> Family:
    """A worker at a long job renews that job's lease instead of its own sign of life."""
    family = Family(
        "costoptix_worker_heartbeat_age_seconds", "gauge",
        "How long ago any worker was seen; no sample where none ever was.",
    )  # fmt: skip
    seen = session.scalar(select(func.max(WorkerHeartbeat.seen_at)))
    lease = session.scalar(select(func.max(Job.lease_until)).where(Job.state == JobState.RUNNING))
    signs = [sign for sign in (seen, lease and lease - LEASE) if sign is not None]
    if signs:
        family.add(max(0.0, (now - max(signs)).total_seconds()))
    return family


def _database_bytes(session: Session, config: Config) -> Family:
    """SQLite's files are looked at by ``of_disk``; a server is asked."""
    family = Family("costoptix_database_bytes", "gauge", "Size of the SQL database.")
    if config.database_url.startswith("postgresql"):
        size = session.scalar(text("SELECT pg_database_size(current_database())"))
        family.add(int(size or 0))
    else:
        family.add(_size(Path(make_url(config.database_url).database or "")))
    return family


def of_disk(config: Config) -> Iterator[Family]:
    """Look at the data folder; nothing here needs the database."""
    wal = Family(
        "costoptix_wal_bytes",
        "gauge",
        "Write-ahead logs of SQLite's files: what a reader holds up.",
    )
    for name, url in (("database", config.database_url), ("quota", config.quota_url)):
        if url.startswith("sqlite"):
            wal.add(_size(Path(f"{make_url(url).database}-wal")), file=name)
    spill = Family(
        "costoptix_duckdb_spill_bytes", "gauge", "What DuckDB has put aside on the disk right now."
    )
    spill.add(sum(map(_size, (config.temp_dir / "duckdb").glob("*"))))
    free = Family("costoptix_data_free_bytes", "gauge", "Free space where the data folder lies.")
    with suppress(OSError):
        disk = os.statvfs(config.data_dir)
        free.add(disk.f_bavail * disk.f_frsize)
    yield from (wal, spill, free)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
