"""The sweep waits while a backup copies files, and not for one that was killed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock
from costoptix.bills.ledger import housekeeping, pause
from costoptix.extensions import db
from costoptix.models import SweepPause
from tests.bills.bill import bill
from tests.support.bills import TakeIn


def test_the_sweep_waits_while_a_backup_copies_and_not_for_one_that_was_killed(
    take_in: TakeIn, session: Session, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("costoptix.bills.ledger.orphans.GRACE", timedelta(0))
    orphan = config.lake_dir / "organization=gone"
    orphan.mkdir(parents=True)
    clock.configure("2026-03-20T12:00:00Z")
    with pause.held(db.engine):
        assert pause.is_held(session)
        take_in(bill("1"))
        assert list(config.uploads_dir.iterdir())  # a snapshot may have it unread
        assert housekeeping.sweep(session, config) == 0
    assert not pause.is_held(session)
    pause._begin(db.engine, "killed")
    session.rollback()
    assert pause.is_held(session)
    clock.configure("2026-03-20T12:06:00Z")
    assert not pause.is_held(session)
    assert housekeeping.sweep(session, config) == 2
    session.rollback()
    assert len(session.scalars(select(SweepPause)).all()) == 1
    with pause.held(db.engine):
        session.rollback()
        assert len(session.scalars(select(SweepPause)).all()) == 1
