"""A job in a process of its own does what it does here, and nothing once another worker has it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, job_process, queue
from costoptix.anomalies.job import JOB_KIND
from costoptix.costs.answers import CostStore
from costoptix.models import Anomaly, DetectionRun, Organization, new_id
from costoptix.periods import DateRange
from costoptix.queue import Claim
from tests.support.lake import Lake, open_writer

DAYS = DateRange(date(2026, 1, 1), date(2026, 3, 20))
LATE = timedelta(seconds=61)


@pytest.fixture
def moment(tmp_path: Path) -> Path:
    """The file of a clock that stands."""
    path = tmp_path / "now"
    path.write_text("2026-03-21T12:00:00+00:00")
    clock.configure(f"@{path}")
    return path


@pytest.fixture
def claim(session: Session, acme: Organization, config: Config, moment: Path) -> Claim:
    """A claimed search for anomalies, with one to be found."""
    with open_writer() as writer:
        store = CostStore(config.lake_dir, config.temp_dir)
        Lake(session, store, writer, acme).deliver_series(1, DAYS, 1)
    queue.enqueue_once(session, JOB_KIND, acme.id)
    claim = queue.claim(session)
    assert claim is not None
    session.rollback()
    return claim


def kept(session: Session) -> tuple[int | None, int | None]:
    session.rollback()
    return (
        session.scalar(select(func.count()).select_from(Anomaly)),
        session.scalar(select(func.count()).select_from(DetectionRun)),
    )


def test_a_job_in_a_process_of_its_own_is_done_by_the_clock_of_its_worker(
    session: Session, config: Config, claim: Claim
) -> None:
    job_process.run(claim, config)
    assert kept(session) == (1, 1)
    assert session.scalars(select(DetectionRun.finished_at)).one() == clock.utc_now()


def test_a_job_that_another_worker_took_meanwhile_keeps_nothing(
    session: Session, config: Config, claim: Claim, moment: Path
) -> None:
    moment.write_text((clock.utc_now() + LATE).isoformat())
    assert queue.claim(session) is not None
    session.rollback()
    with pytest.raises(queue.LeaseLost):
        job_process.run(claim, config)
    assert kept(session) == (0, 0)


def test_what_a_job_raises_crosses_in_words(config: Config, claim: Claim) -> None:
    unknown = Claim(claim.id, "of_tomorrow", None, {}, new_id(), 1)
    with pytest.raises(job_process.JobFailed, match="KeyError: 'of_tomorrow'"):
        job_process.run(unknown, config)
