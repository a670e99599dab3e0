"""A row is the job, a lease is the claim."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import clock, queue
from costoptix.models import Job, Organization

START = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)


@pytest.fixture
def hand(tmp_path: Path) -> Path:
    """A clock that stands until it is moved."""
    path = tmp_path / "now"
    move(path, START)
    clock.configure(f"@{path}")
    return path


def move(path: Path, instant: datetime) -> None:
    path.write_text(instant.isoformat())


def test_a_job_is_claimed_once(session: Session, hand: Path) -> None:
    queue.enqueue(session, "import", {"id": "1"})
    assert queue.claim(session) is not None
    assert queue.claim(session) is None


def test_jobs_are_taken_oldest_first_and_not_before_their_time(
    session: Session, hand: Path
) -> None:
    queue.enqueue(session, "later", {}, run_at=START + timedelta(minutes=1))
    queue.enqueue(session, "sooner", {}, run_at=START)
    first = queue.claim(session)
    assert first is not None
    assert first.kind == "sooner"
    assert queue.claim(session) is None
    move(hand, START + timedelta(minutes=1))
    second = queue.claim(session)
    assert second is not None
    assert second.kind == "later"


def test_the_job_of_a_worker_that_died_is_taken_up_again(session: Session, hand: Path) -> None:
    queue.enqueue(session, "import", {})
    first = queue.claim(session)
    assert first is not None
    dead_token = first.lease_token
    move(hand, START + queue.LEASE + timedelta(seconds=1))
    second = queue.claim(session)
    assert second is not None
    assert second.attempts == 2
    assert second.lease_token != dead_token


def test_a_worker_that_lost_its_lease_cannot_close_the_job(session: Session, hand: Path) -> None:
    queue.enqueue(session, "import", {})
    lost = queue.claim(session)
    assert lost is not None
    session.expunge(lost)
    move(hand, START + queue.LEASE + timedelta(seconds=1))
    assert queue.claim(session) is not None
    assert not queue.extend(session, lost)
    assert not queue.finish(session, lost)


def test_a_failing_job_is_tried_again_later_and_given_up_in_the_end(
    session: Session, hand: Path
) -> None:
    queued = queue.enqueue(session, "import", {})
    now = START
    for _ in range(queue.MAX_ATTEMPTS):
        now += timedelta(hours=1)
        move(hand, now)
        job = queue.claim(session)
        assert job is not None
        queue.fail(session, job, "it broke")
        assert queue.claim(session) is None
    session.expire_all()
    last = session.get_one(Job, queued.id)
    assert (last.state, last.error) == ("failed", "it broke")


def test_a_job_that_waits_is_not_added_again(
    session: Session, hand: Path, acme: Organization, elsewhere: Organization
) -> None:
    """One that runs may have looked too early: then another is added."""
    for organization in (acme, acme, elsewhere):
        queue.enqueue_once(session, "check", organization.id)
    claimed = queue.claim(session)
    assert claimed is not None
    queue.enqueue_once(session, "check", claimed.organization_id or "")
    made = session.scalars(select(Job)).all()
    assert sorted(job.state for job in made) == ["due", "due", "running"]


def test_a_job_made_since_is_enough(session: Session, hand: Path, acme: Organization) -> None:
    queue.enqueue_once(session, "check", acme.id, since=START)
    job = queue.claim(session)
    assert job is not None
    queue.finish(session, job)
    queue.enqueue_once(session, "check", acme.id, since=START)
    assert queue.claim(session) is None
    queue.enqueue_once(session, "check", acme.id, since=START + timedelta(minutes=1))
    assert queue.claim(session) is not None
