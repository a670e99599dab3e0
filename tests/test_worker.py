"""The worker: each job once, taken up again after a death, order kept in the house."""

from __future__ import annotations

import io
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import duckdb
import psycopg
import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, jobs, queue, worker
from costoptix.access.permissions import command_line
from costoptix.bills.intake import receive
from costoptix.bills.intake.receive import Sent
from costoptix.bills.ledger import giving_up, housekeeping
from costoptix.database import open_engine
from costoptix.extensions import db
from costoptix.jobs import JobKind
from costoptix.lake.files import STAGING
from costoptix.models import (
    Base,
    Delivery,
    DeliveryFile,
    Import,
    Job,
    Organization,
    WorkerHeartbeat,
)
from costoptix.queue import Claim
from costoptix.version import __version__
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


@pytest.mark.usefixtures("judged_here")
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
    beat = session.scalars(select(WorkerHeartbeat)).one()
    assert beat.version == __version__
    assert beat.started_at is not None
    assert beat.started_at <= beat.seen_at


@pytest.mark.usefixtures("judged_here")
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

    monkeypatch.setitem(
        jobs.KINDS,
        receive.JOB_KIND,
        JobKind(fail, giving_up.give_up, payload=receive.ImportPayload),
    )
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
    assert (received.state, received.error) == (
        "refused",
        giving_up.GAVE_UP.format(reason="RuntimeError: disk on fire."),
    )


def _age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.mark.usefixtures("judged_here")
def test_the_sweep_removes_only_old_files_that_nothing_names(
    session: Session, config: Config, received: Import
) -> None:
    worker.run(lambda: Session(db.engine, expire_on_commit=False), config, once=True)
    old_orphan = config.lake_dir / "organization=x" / "billing_period=2026-03" / "delivery=y"
    new_orphan = old_orphan.with_name("delivery=z")
    staging = config.lake_dir / STAGING / "a-b"
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


@pytest.mark.usefixtures("judged_here")
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


@pytest.fixture
def moment(tmp_path: Path) -> Callable[[timedelta], None]:
    """Let time pass: the clock stands until this is called."""
    path = tmp_path / "now"
    path.write_text(clock.utc_now().isoformat())
    clock.configure(f"@{path}")

    def let_pass(length: timedelta) -> None:
        fresh = path.with_suffix(".new")
        fresh.write_text((clock.utc_now() + length).isoformat())
        fresh.replace(path)

    return let_pass


def run_worker(config: Config) -> None:
    worker.run(lambda: Session(db.engine, expire_on_commit=False), config, once=True)


def state_of(session: Session, kind: str) -> list[str]:
    session.rollback()
    return sorted(session.scalars(select(Job.state).where(Job.kind == kind)))


def test_the_lease_of_every_job_is_renewed_while_it_runs(
    session: Session, config: Config, moment: Callable[[timedelta], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    taken_over = []

    def stay(session: Session, claim: Claim, config: Config) -> None:
        for _ in range(3):
            moment(queue.LEASE - timedelta(seconds=1))
            deadline = time.monotonic() + 2
            while not _is_renewed(session) and time.monotonic() < deadline:
                time.sleep(0.01)
        taken_over.append(queue.claim(session))

    monkeypatch.setattr(queue, "RENEW_SECONDS", 0.02)
    monkeypatch.setitem(jobs.KINDS, "long", JobKind(stay))
    queue.enqueue(session, "long", {})
    run_worker(config)
    assert taken_over == [None]
    assert state_of(session, "long") == ["done"]


def _is_renewed(session: Session) -> bool:
    session.rollback()
    until = session.scalars(select(Job.lease_until).where(Job.state == "running")).one()
    return until is not None and until >= clock.utc_now() + queue.LEASE


@pytest.mark.usefixtures("judged_here")
def test_a_job_whose_workers_die_is_given_up_with_words_and_lets_others_by(
    session: Session, acme: Organization, config: Config, received: Import,
    moment: Callable[[timedelta], None],
) -> None:  # fmt: skip
    while queue.claim(session) is not None:  # each time the worker is killed
        moment(timedelta(hours=1))
    content = write([{"BilledCost": "9", "ResourceId": "younger"}])
    ((younger, _job),) = receive.receive(
        session, acme, command_line(acme.id), [Sent(io.BytesIO(content), "b.csv")],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20,
    )  # fmt: skip
    run_worker(config)
    session.refresh(received)
    session.refresh(younger)
    assert (received.state, younger.state) == ("refused", "live")
    assert received.error == giving_up.ENDED
    assert state_of(session, receive.JOB_KIND) == ["done", "failed"]


PARTS = (
    "costoptix.bills.intake.inbox.scan",
    "costoptix.worker.prune",
    "costoptix.jobs.judge_nightly",
    "costoptix.bills.ledger.housekeeping.prune_history",
    "costoptix.bills.ledger.housekeeping.sweep",
)


@pytest.mark.parametrize("failing", PARTS)
def test_a_part_of_housekeeping_that_fails_ends_neither_jobs_nor_the_other_parts(
    session: Session, config: Config, failing: str,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    reached = []
    for part in PARTS:
        monkeypatch.setattr(part, lambda *_, part=part, **__: reached.append(part))

    def fail(*arguments: object, **named: object) -> None:
        raise PermissionError("a folder that cannot be looked into")

    monkeypatch.setattr(failing, fail)
    monkeypatch.setitem(jobs.KINDS, "light", JobKind(lambda *arguments: None))
    queue.enqueue(session, "light", {})
    run_worker(config)
    assert state_of(session, "light") == ["done"]
    assert sorted(reached) == sorted({*PARTS} - {failing})
    assert "a folder that cannot be looked into" in caplog.text


@pytest.mark.usefixtures("judged_here")
def test_a_database_that_is_gone_for_a_while_ends_no_worker(
    session: Session, config: Config, received: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter(range(20))

    def fail(*arguments: object) -> None:
        if next(failures, None) is not None:
            raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    def stop(session: Session, claim: Claim, config: Config) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(worker, "RECOVERY_SECONDS", 0.01)
    monkeypatch.setitem(jobs.KINDS, "last", JobKind(stop))
    queue.enqueue(session, "last", {})
    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        worker.run(lambda: Session(db.engine), config, once=False)
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)
    assert next(failures, None) is None
    session.refresh(received)
    assert received.state == "live"


@pytest.mark.usefixtures("judged_here")
def test_a_job_of_an_unknown_kind_is_left_for_a_worker_that_knows_it_and_said_in_one_line(
    session: Session, config: Config, received: Import, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        queue.enqueue(session, "of_tomorrow", {"new": True})
    run_worker(config)
    session.refresh(received)
    assert received.state == "live"
    assert state_of(session, "of_tomorrow") == ["due"] * 3
    lines = [record.getMessage() for record in caplog.records if "of_tomorrow" in record.message]
    assert len(lines) == 1
    assert "newer" in lines[0]


def test_detection_that_wants_more_memory_than_it_may_fails_and_the_worker_goes_on(
    session: Session, acme: Organization, config: Config, received: Import,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (100 << 20, 100 << 20))

    work(session, config)

    popen = partial(subprocess.Popen, preexec_fn=limit, stderr=subprocess.DEVNULL)
    monkeypatch.setattr(subprocess, "Popen", popen)
    jobs.judge(session, acme.id)
    run_worker(config)
    assert state_of(session, "detect_anomalies") == ["due"]
    assert session.scalars(select(Job.error).where(Job.error.is_not(None))).all()


def test_the_worker_that_is_asked_to_stop_puts_its_job_back(
    session: Session, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(session: Session, claim: Claim, config: Config) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setitem(jobs.KINDS, "stopped", JobKind(stop))
    queue.enqueue(session, "stopped", {})
    worker.run(lambda: Session(db.engine), config, once=False)
    session.rollback()
    (job,) = session.scalars(select(Job).where(Job.kind == "stopped"))
    assert (job.state, job.attempts, job.lease_token) == ("due", 0, None)


@pytest.mark.postgresql
def test_a_restart_of_postgresql_ends_no_worker_and_loses_no_job(
    postgresql_database: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All connections are cut while a job runs, as a restart does."""
    engine = open_engine(postgresql_database)
    Base.metadata.create_all(engine)
    attempts = []

    def run(session: Session, claim: Claim, config: Config) -> None:
        attempts.append(claim.attempts)
        if claim.attempts == 1:
            with psycopg.connect(postgresql_database.replace("+psycopg", "")) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
        session.scalars(select(Job.id)).all()
        queue.enqueue(session, "last", {})

    def stop(session: Session, claim: Claim, config: Config) -> None:
        signal.raise_signal(signal.SIGTERM)

    for name, run_kind in {"cut": run, "last": stop}.items():
        monkeypatch.setitem(jobs.KINDS, name, JobKind(run_kind))
    monkeypatch.setattr(worker, "RECOVERY_SECONDS", 0.05)
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(queue, "RETRY_AFTER", timedelta(0))
    with Session(engine) as session:
        queue.enqueue(session, "cut", {})
        session.rollback()
        worker.run(lambda: Session(engine), config, once=False)
        assert attempts == [1, 2]
        assert state_of(session, "cut") == ["done"]
    engine.dispose()
