"""The worker: each job once, taken up again after a death, order kept in the house."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, jobs, queue, worker
from costoptix.access.permissions import command_line
from costoptix.bills.intake import receive
from costoptix.bills.intake.receive import Sent
from costoptix.bills.ledger import housekeeping, importer
from costoptix.extensions import db
from costoptix.models import Delivery, DeliveryFile, Import, Job, Organization, WorkerHeartbeat
from costoptix.queue import Claim
from tests.bills.bill import write
from tests.support.bills import work
from tests.support.server import ROOT, environment_for


@pytest.fixture
def received(session: Session, acme: Organization, config: Config) -> Import:
    content = write([{"BilledCost": "7"}])
    ((row, _job),) = receive.receive(
        session, acme, command_line(acme.id), [Sent(io.BytesIO(content), "a.csv")],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20,
    )  # fmt: skip
    return row


def test_once_drains_what_is_due_and_ends(
    session: Session, config: Config, received: Import
) -> None:
    worker.run(lambda: Session(db.engine, expire_on_commit=False), config, once=True)
    session.refresh(received)
    assert received.state == "live"
    jobs = session.scalars(select(Job)).all()
    assert {(job.kind, job.state) for job in jobs} == {
        ("import", "done"), ("data_changed", "done"),
        ("detect_anomalies", "done"), ("check_budgets", "done"),
    }  # fmt: skip
    assert len(session.scalars(select(WorkerHeartbeat)).all()) == 1


def test_a_job_that_fails_is_tried_again_and_at_last_given_up(
    session: Session, config: Config, received: Import, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def fail(session: Session, claim: Claim, config: Config) -> None:
        row = session.get(Import, claim.payload["import_id"])
        assert row is not None
        row.state = "running"
        session.commit()
        raise RuntimeError("disk on fire")

    monkeypatch.setitem(jobs.HANDLERS, receive.JOB_KIND, fail)
    moment = tmp_path / "now"
    now = clock.utc_now()
    for _ in range(queue.MAX_ATTEMPTS):
        moment.write_text(now.isoformat())
        clock.configure(f"@{moment}")
        worker.run(lambda: Session(db.engine, expire_on_commit=False), config, once=True)
        now += timedelta(hours=1)
    imports = select(Job).where(Job.kind == receive.JOB_KIND)
    (job,) = session.scalars(imports.execution_options(populate_existing=True))
    assert (job.state, job.attempts, job.error) == (
        "failed", queue.MAX_ATTEMPTS, "RuntimeError: disk on fire",
    )  # fmt: skip
    session.refresh(received)
    assert (received.state, received.error) == ("refused", importer.GAVE_UP)


def _age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_the_sweep_removes_only_old_files_that_nothing_names(
    session: Session, config: Config, received: Import
) -> None:
    worker.run(lambda: Session(db.engine, expire_on_commit=False), config, once=True)
    old_orphan = config.lake_dir / "organization=x" / "billing_period=2026-03" / "delivery=y"
    new_orphan = old_orphan.with_name("delivery=z")
    staging = config.lake_dir / importer.STAGING / "a-b"
    upload = config.uploads_dir / "orphan"
    export = config.temp_dir / "exports" / "orphan.parquet"
    for folder in (old_orphan, new_orphan, staging, export.parent):
        folder.mkdir(parents=True, exist_ok=True)
    upload.write_bytes(b"x")
    export.write_bytes(b"x")
    live = [config.lake_dir / path for path in session.scalars(select(DeliveryFile.path))]
    for path in (old_orphan, staging, upload, export, *live, *(path.parent for path in live)):
        _age(path, 2 * 3600)
    assert housekeeping.sweep(session, config) == 4
    assert not export.exists()
    assert not old_orphan.exists()
    assert not staging.exists()
    assert not upload.exists()
    assert new_orphan.exists()
    assert live
    assert all(path.exists() for path in live)


def test_r1_a_killed_worker_leaves_the_old_or_the_new_month_whole(
    session: Session, acme: Organization, config: Config, tmp_path: Path
) -> None:
    """kill -9 at random points; the next worker takes the job up and ends it."""
    moment = tmp_path / "now"
    moment.write_text(clock.utc_now().isoformat())
    clock.configure(f"@{moment}")
    environment = environment_for(
        config.data_dir, DATABASE_URL=config.database_url, COSTOPTIX_NOW=f"@{moment}"
    )
    chance = random.Random(1)
    live = Decimal(0)
    for number in range(4):
        content = write(
            [{"BilledCost": str(number + 1), "ResourceId": f"i-{n}"} for n in range(50)]
        )
        receive.receive(
            session, acme, command_line(acme.id), [Sent(io.BytesIO(content), "a.csv")],
            uploads_dir=config.uploads_dir, max_bytes=1 << 20,
        )  # fmt: skip
        _run_worker_until_killed(environment, chance.uniform(0.8, 2.5))
        assert _live_total(session, config) in (live, Decimal(50 * (number + 1)))
        moment.write_text((clock.utc_now() + queue.LEASE + timedelta(seconds=1)).isoformat())
        worker.run(lambda: Session(db.engine, expire_on_commit=False), config, once=True)
        live = Decimal(50 * (number + 1))
        assert _live_total(session, config) == live
    assert {job.state for job in session.scalars(select(Job))} == {"done"}


def _run_worker_until_killed(environment: dict[str, str], seconds: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", "worker", "--once"],
        cwd=ROOT, env=environment,
    )  # fmt: skip
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _live_total(session: Session, config: Config) -> Decimal:
    """Add up the live charges by hand."""
    session.rollback()
    charges = (Delivery.is_live, DeliveryFile.kind == "charges")
    paths = session.scalars(select(DeliveryFile.path).join(Delivery).where(*charges)).all()
    names = [str(config.lake_dir / path) for path in paths]
    if not names:
        return Decimal(0)
    ((total,),) = duckdb.sql(f"SELECT sum(billed_cost) FROM read_parquet({names})").fetchall()
    return Decimal(total)


def test_six_deliveries_of_a_scope_are_kept_and_the_live_one_always(
    session: Session, acme: Organization, config: Config
) -> None:
    for number in range(8):
        content = write([{"BilledCost": f"10{number}"}])
        receive.receive(
            session, acme, command_line(acme.id), [Sent(io.BytesIO(content), "a.csv")],
            uploads_dir=config.uploads_dir, max_bytes=1 << 20,
        )  # fmt: skip
    work(session, config)
    assert housekeeping.prune_history(session) == 2
    kept = session.scalars(select(Delivery)).all()
    assert len(kept) == housekeeping.HISTORY_KEPT
    assert sum(each.is_live for each in kept) == 1
