"""The lease of a job while it runs: renewed, and let go with the job."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from costoptix import clock, lease, queue
from costoptix.extensions import db
from costoptix.models import Job
from costoptix.queue import Claim

START = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)


@pytest.fixture
def hand(tmp_path: Path) -> Path:
    """A clock that stands until it is moved."""
    path = tmp_path / "now"
    path.write_text(START.isoformat())
    clock.configure(f"@{path}")
    return path


@pytest.fixture
def claim(session: Session, hand: Path, monkeypatch: pytest.MonkeyPatch) -> Claim:
    """A job that was claimed just now; leases are renewed all the time."""
    monkeypatch.setattr(queue, "RENEW_SECONDS", 0.02)
    queue.enqueue(session, "long", {})
    claim = queue.claim(session)
    assert claim is not None
    session.rollback()
    return claim


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def leases() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lease"]


def until(session: Session) -> datetime | None:
    session.rollback()
    return session.scalars(select(Job.lease_until)).one()


def move(hand: Path, instant: datetime) -> None:
    fresh = hand.with_suffix(".new")
    fresh.write_text(instant.isoformat())
    fresh.replace(hand)


def test_a_lease_is_renewed_until_the_job_ends_and_no_longer(
    session: Session, claim: Claim, hand: Path
) -> None:
    later = START + queue.LEASE - timedelta(seconds=1)
    with lease.kept(db.engine, claim):
        move(hand, later)
        assert wait_until(lambda: until(session) == later + queue.LEASE)
    assert leases() == []
    move(hand, later + queue.LEASE + timedelta(seconds=1))
    time.sleep(0.1)
    assert until(session) == later + queue.LEASE
    assert queue.claim(session) is not None


def test_a_lease_ends_with_the_job_that_raises(session: Session, claim: Claim) -> None:
    with pytest.raises(ZeroDivisionError), lease.kept(db.engine, claim):
        raise ZeroDivisionError
    assert leases() == []


def test_the_lease_of_a_job_that_another_worker_took_is_not_renewed(
    session: Session, claim: Claim, hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(hand, START + queue.LEASE + timedelta(seconds=1))
    taken_over = queue.claim(session)
    assert taken_over is not None
    before = until(session)
    with lease.kept(db.engine, claim):
        move(hand, START + queue.LEASE + timedelta(seconds=30))
        assert wait_until(lambda: leases() == [])
    assert until(session) == before


@pytest.mark.sqlite
def test_a_job_is_still_ours_after_the_database_was_locked_for_longer_than_it_is_waited_for(
    session: Session, claim: Claim, hand: Path
) -> None:
    """The renewals meanwhile fail; the first one after the lock holds."""
    db.engine.dispose()

    def wait_shortly(connection: object, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=20").close()  # type: ignore[attr-defined]

    event.listen(db.engine, "connect", wait_shortly)
    later = START + queue.LEASE - timedelta(seconds=1)
    with db.engine.connect() as blocker, lease.kept(db.engine, claim):
        blocker.execute(text("UPDATE jobs SET error = 'locked'"))
        move(hand, later)
        time.sleep(0.4)
        assert leases()
        blocker.commit()
        assert wait_until(lambda: until(session) == later + queue.LEASE)
    assert queue.finish(session, claim)


def test_what_a_job_ends_after_another_worker_took_it_counts_for_nothing(
    session: Session, claim: Claim, hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter was held, so that no renewal came through."""
    monkeypatch.setattr(queue, "RENEW_SECONDS", 60)
    with lease.kept(db.engine, claim):
        move(hand, START + queue.LEASE + timedelta(seconds=30))
        with Session(db.engine) as other:
            assert queue.claim(other) is not None
    with pytest.raises(queue.LeaseLost):
        queue.hold(session, claim)
    assert not queue.finish(session, claim)
