"""What the worker judges by itself: after every change of the data, and once a day."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, drafts, worker
from costoptix.access.permissions import command_line
from costoptix.bills.intake import receive
from costoptix.bills.intake.receive import Sent
from costoptix.bills.ledger import undo
from costoptix.budgets import service as budgets
from costoptix.budgets.drafts import BudgetDraft
from costoptix.costs.answers import CostStore
from costoptix.extensions import db
from costoptix.models import Anomaly, Event, Import, Job, Organization
from tests.bills.bill import write

SPIKE = 24

pytestmark = pytest.mark.usefixtures("judged_here")


@pytest.fixture
def budget(session: Session, acme: Organization, config: Config) -> None:
    """A budget of $1,000 a month."""
    clock.configure("2026-03-31T12:00:00Z")
    draft = drafts.read(BudgetDraft, {"name": "All", "amount": 1000, "currency": "USD"})
    store = CostStore(config.lake_dir, config.temp_dir)
    budgets.create(session, acme, command_line(acme.id), draft, store)


def bring_in(session: Session, organization: Organization, config: Config) -> Import:
    """Import March: $10 a day, and $900 on one."""
    rows = [
        {
            "ChargePeriodStart": f"2026-03-{day:02}T05:00:00Z",
            "ChargePeriodEnd": f"2026-03-{day:02}T06:00:00Z",
            "BilledCost": cost, "EffectiveCost": cost,
        }
        for day in range(1, 32)
        for cost in ["900" if day == SPIKE else "10"]
    ]  # fmt: skip
    ((row, _job),) = receive.receive(
        session, organization, command_line(organization.id),
        [Sent(io.BytesIO(write(rows)), "a.csv")],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20,
    )  # fmt: skip
    return row


def work(session: Session, config: Config) -> None:
    worker.run(lambda: Session(db.engine, expire_on_commit=False), config, once=True)
    session.rollback()  # ends the read: others have written since


def told(session: Session) -> list[str]:
    return sorted(session.scalars(select(Event.name)))


def test_what_comes_in_is_judged(
    session: Session, acme: Organization, config: Config, budget: None
) -> None:
    row = bring_in(session, acme, config)
    work(session, config)
    (anomaly,) = session.scalars(select(Anomaly))
    assert (anomaly.first_day, anomaly.actual) == (date(2026, 3, SPIKE), Decimal(900))
    every = [
        "anomaly.detected", "anomaly.ended",
        "budget.critical", "budget.exceeded", "budget.warning",
    ]  # fmt: skip
    assert told(session) == every
    undo.withdraw(session, acme, command_line(acme.id), session.get_one(Import, row.id))
    work(session, config)
    assert told(session) == every
    assert all(job.state == "done" for job in session.scalars(select(Job)))


def test_every_organization_is_judged_once_a_day(
    session: Session, acme: Organization, elsewhere: Organization, config: Config
) -> None:
    def judged() -> list[str | None]:
        work(session, config)
        kinds = select(Job.organization_id).where(Job.kind == "detect_anomalies")
        return sorted(session.scalars(kinds))

    both = sorted([acme.id, elsewhere.id])
    clock.configure("2026-03-20T12:00:00Z")
    assert judged() == both
    clock.configure("2026-03-20T23:00:00Z")
    assert judged() == both
    clock.configure("2026-03-21T00:10:00Z")
    assert judged() == sorted(both * 2)


def test_the_engines_of_a_judgement_end_with_it(
    session: Session, acme: Organization, config: Config, budget: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """They are closed, whoever still holds them: each has threads, memory and a folder."""
    engines = []
    connect = duckdb.connect

    def keep(*arguments: Any, **options: Any) -> duckdb.DuckDBPyConnection:
        engines.append(connect(*arguments, **options))
        return engines[-1]

    monkeypatch.setattr(duckdb, "connect", keep)
    bring_in(session, acme, config)
    work(session, config)
    assert engines
    for engine in engines:
        with pytest.raises(duckdb.ConnectionException):
            engine.execute("SELECT 1")
