"""A row is the job, a lease is the claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import clock, queue
from costoptix.models import Job, Organization

START = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)


@pytest.fixture
def other(session: Session) -> Iterator[Session]:
    """The session of another worker."""
    with Session(session.get_bind()) as other:
        yield other


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
    dead_token = first.token
    move(hand, START + queue.LEASE + timedelta(seconds=1))
    second = queue.claim(session)
    assert second is not None
    assert second.attempts == 2
    assert second.token != dead_token


@pytest.mark.parametrize(
    "closing", [queue.extend, queue.finish, queue.release, partial(queue.fail, error="it broke")],
    ids=["extend", "finish", "release", "fail"],
)  # fmt: skip
def test_a_worker_that_lost_its_job_changes_nothing_of_it(
    session: Session, other: Session, hand: Path, closing: Callable[..., bool]
) -> None:
    queue.enqueue(session, "import", {})
    lost = queue.claim(session)
    move(hand, START + queue.LEASE + timedelta(seconds=1))
    assert queue.claim(other) is not None
    before = _columns(other)
    assert not closing(session, lost)
    assert _columns(other) == before
    assert queue.claim(session) is None


def test_the_worker_that_took_a_job_over_ends_it_whatever_the_one_before_does(
    session: Session, other: Session, hand: Path
) -> None:
    queue.enqueue(session, "import", {})
    lost = queue.claim(session)
    move(hand, START + queue.LEASE + timedelta(seconds=1))
    taken_over = queue.claim(other)
    assert lost is not None
    assert taken_over is not None
    queue.finish(session, lost)
    queue.release(session, lost)
    assert queue.extend(other, taken_over)
    assert queue.finish(other, taken_over)
    assert _columns(session)["state"] == "done"


def _columns(session: Session) -> dict[str, Any]:
    """Return the one job as it stands in the database."""
    session.rollback()
    row = session.execute(select(*Job.__table__.columns)).one()
    return dict(row._mapping)


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
