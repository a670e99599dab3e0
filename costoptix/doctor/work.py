"""Background work: a worker that lives, jobs that end, sources that deliver."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from statistics import median_low

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix import queue
from costoptix.clock import utc_now
from costoptix.doctor.trouble import Installation, Trouble
from costoptix.lake.live import SILENCE
from costoptix.models import (
    Import,
    ImportState,
    Job,
    JobState,
    Organization,
    Source,
    SweepPause,
    WorkerHeartbeat,
)
from costoptix.version import __version__

WAITED_LONG = timedelta(minutes=30)
GIVEN_UP_SINCE = timedelta(days=1)
PAUSED_LONG = timedelta(hours=12)
ARRIVALS_AT_LEAST = 3
"""Days on which something came, before a source has a rhythm."""
ARRIVALS_LOOKED_AT = 12
A_DAY = timedelta(days=1)


def worker(installation: Installation) -> Iterator[Trouble]:
    """Find that no worker lives, or one of another version."""
    with Session(installation.engine) as session:
        is_there = queue.has_worker(session)
        newest = session.scalar(select(func.max(WorkerHeartbeat.seen_at)))
        fresh = WorkerHeartbeat.seen_at > utc_now() - queue.MISSED_AFTER
        others = session.scalars(
            select(WorkerHeartbeat.version).where(fresh, WorkerHeartbeat.version != __version__)
        ).all()
    if not is_there:
        since = f"since {newest:%Y-%m-%d %H:%M} UTC" if newest else "yet"
        yield Trouble(
            f"No worker was seen {since}: imports, budgets and messages wait.",
            "Start it: systemctl start costoptix-worker, or flask --app app worker",
        )
    for version in sorted({str(version) for version in others}):
        yield Trouble(
            f"A worker of version {version} runs, and this is {__version__}.",
            "Restart the worker.",
        )


def jobs(installation: Installation) -> Iterator[Trouble]:
    """Find jobs that wait for long, whose worker died, or that were given up."""
    now = utc_now()
    waiting = (Job.state == JobState.DUE) & (Job.run_at < now - WAITED_LONG)
    left = (Job.state == JobState.RUNNING) & (Job.lease_until < now - WAITED_LONG)
    given_up = (Job.state == JobState.FAILED) & (Job.finished_at > now - GIVEN_UP_SINCE)
    with Session(installation.engine) as session:
        counts = {
            words: session.execute(
                select(Job.kind, func.count()).where(which).group_by(Job.kind).order_by(Job.kind)
            ).all()
            for words, which in (
                ("have waited for more than half an hour", waiting),
                ("were left by a worker that died", left),
            )
        }
        failed = session.execute(
            select(Job.kind, Job.error).where(given_up).order_by(Job.finished_at.desc()).limit(5)
        ).all()
    for words, rows in counts.items():
        if rows:
            kinds = ", ".join(f"{number} {kind}" for kind, number in rows)
            yield Trouble(f"Jobs {words}: {kinds}.", "See that a worker runs, and its log.")
    for kind, error in failed:
        reason = " ".join((error or "it did not say why").split())[:200]
        yield Trouble(
            f"A job {kind} was given up within the last day: {reason}",
            "Mend the reason; then send the file again, or wait for the next night.",
        )


def sources(installation: Installation) -> Iterator[Trouble]:
    """Find sources that have not delivered for twice as long as they usually take.

    One that is silent for four times as long, and a month at least, is not late: it has ended.
    """
    today = utc_now()
    with Session(installation.engine) as session:
        for name, organization_name, arrivals in _arrivals(session):
            gap = _usual_gap([arrival.date() for arrival in arrivals])
            silent = today - arrivals[-1]
            if gap is not None and 2 * gap + A_DAY < silent < max(4 * gap, SILENCE):
                yield Trouble(
                    f"The source {name} of {organization_name} has been silent for {silent.days} "
                    f"days; it usually delivers every {gap.days}.",
                    "Look at what exports it; once it delivers again this ends by itself.",
                )


def sweep(installation: Installation) -> Iterator[Trouble]:
    """Find a pause of the sweep that lasts too long."""
    now = utc_now()
    with Session(installation.engine) as session:
        holders = session.scalars(
            select(SweepPause.holder).where(
                SweepPause.until > now, SweepPause.begun_at < now - PAUSED_LONG
            )
        ).all()
    for holder in holders:
        yield Trouble(
            f"A backup of {holder} has held the sweep for more than 12 hours.",
            "End it if it hangs: a backup that was killed lets go within five minutes.",
        )


def _arrivals(session: Session) -> Iterator[tuple[str, str, list[datetime]]]:
    """Yield each source, its organization and when its files went live, oldest first."""
    rows = session.execute(
        select(Source.id, Source.name, Organization.name, Import.live_at)
        .join(Import, Import.source_id == Source.id)
        .join(Organization, Organization.id == Source.organization_id)
        .where(Import.live_at.is_not(None), Import.state.in_((ImportState.LIVE, ImportState.OLDER)))
        .order_by(Source.id, Import.live_at)
    )
    for _, some in groupby(rows, key=lambda row: row[0]):
        group = list(some)
        yield group[0][1], group[0][2], [row[3] for row in group if row[3] is not None]


def _usual_gap(days: list[date]) -> timedelta | None:
    """Return how long a source usually takes; None where it has not come often enough."""
    distinct = sorted(set(days))[-ARRIVALS_LOOKED_AT:]
    if len(distinct) < ARRIVALS_AT_LEAST:
        return None
    return median_low(later - earlier for earlier, later in pairwise(distinct))
