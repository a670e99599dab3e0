"""``doctor``: each thing that can be wrong is named with its way out, and nothing else is."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, startup
from costoptix.access import secrets
from costoptix.bills.ledger import pause
from costoptix.clock import utc_now
from costoptix.database import open_engine, writing
from costoptix.doctor import database, examination, lake, machine, quota, work
from costoptix.doctor.trouble import Check, Installation, Trouble
from costoptix.extensions import db
from costoptix.models import DeliveryFile, Import, Job, SweepPause, WorkerHeartbeat
from costoptix.version import __version__
from tests.bills.bill import bill
from tests.support.bills import TakeIn

Look = Callable[..., list[Trouble]]


@pytest.fixture
def look(session: Session, config: Config) -> Look:
    """Do one check on the installation of the test."""

    def run(check: Check, **changes: object) -> list[Trouble]:
        session.rollback()
        changed = dataclasses.replace(config, **changes)
        return list(check(Installation(db.engine, changed)))

    return run


def only(troubles: list[Trouble]) -> Trouble:
    (trouble,) = troubles
    assert trouble.remedy
    return trouble


@pytest.fixture
def beating(session: Session) -> None:
    """A worker that lives."""
    with writing(session):
        session.add(WorkerHeartbeat(id="host:1", seen_at=utc_now(), version=__version__))


@pytest.mark.usefixtures("beating")
def test_a_sound_installation_is_well(
    app: Flask, config: Config, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(bill("7"))
    for folder in (config.data_dir, config.lake_dir):
        folder.chmod(0o700)
    for name in ("costoptix.db", "quota.db"):
        if (config.data_dir / name).exists():
            (config.data_dir / name).chmod(0o600)
    work_left = "costoptix.doctor.work.WAITED_LONG"
    monkeypatch.setattr(work_left, timedelta(days=1))
    done = app.test_cli_runner().invoke(args=["doctor", "--json"])
    document = json.loads(done.stdout)
    wrong = [check for check in document["checks"] if not check["ok"]]
    assert [check["check"] for check in wrong] in ([], ["versions"]), wrong
    assert document["ok"] is (not wrong)
    assert done.exit_code == (1 if wrong else 0)
    assert [check["check"] for check in document["checks"]] == list(examination.CHECKS)


def test_one_check_that_fails_never_keeps_the_others_from_being_done(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Installation) -> list[Trouble]:
        raise RuntimeError("a bug\nof the check")

    monkeypatch.setattr(examination, "CHECKS", {"broken": broken, "worker": work.worker})
    done = app.test_cli_runner().invoke(args=["doctor"])
    assert done.exit_code == 1
    assert "WRONG  broken: This could not be looked at: a bug of the check." in done.stdout
    assert "WRONG  worker: No worker was seen yet" in done.stdout
    assert done.stdout.count("→") == 2


def test_files_that_are_missing_or_altered_are_named(
    look: Look, take_in: TakeIn, session: Session, config: Config
) -> None:
    take_in(bill("7"))
    assert look(lake.files) == []
    missing, altered = session.scalars(select(DeliveryFile.path).order_by(DeliveryFile.path))
    path = config.lake_dir / altered
    content = path.read_bytes()
    path.write_bytes(content[:-5] + bytes([content[-5] ^ 1]) + content[-4:])
    assert f"altered: {altered} (of bill.csv)" in only(look(lake.files)).sentence
    quick = Installation(db.engine, config, reads_files=False)
    assert list(lake.files(quick)) == []  # of the same size
    (config.lake_dir / missing).unlink()
    troubles = {trouble.sentence for trouble in look(lake.files)}
    assert {f"Files of the lake are missing: {missing} (of bill.csv)."} < troubles
    with writing(session):
        session.execute(update(DeliveryFile).values(sha256=None))
    assert len(look(lake.files)) == 1  # made before hashes were kept: by its size alone


def test_a_file_that_cannot_be_read_hides_no_other(
    look: Look, take_in: TakeIn, session: Session, config: Config
) -> None:
    take_in(bill("7"))
    paths = session.scalars(select(DeliveryFile.path).order_by(DeliveryFile.path)).all()
    first, last = paths[0], paths[-1]
    (config.lake_dir / first).unlink()
    (config.lake_dir / first).symlink_to(config.lake_dir / first)
    (config.lake_dir / last).unlink()
    sentences = [trouble.sentence for trouble in look(lake.files)]
    assert sentences == [
        f"Files of the lake are missing: {last} (of bill.csv).",
        f"Files of the lake are unreadable: {first} (of bill.csv).",
    ]


def test_a_file_that_is_of_no_import_is_named(
    look: Look, take_in: TakeIn, session: Session, config: Config
) -> None:
    take_in(bill("7"))
    assert look(lake.extra_files) == []
    (path, *_) = session.scalars(select(DeliveryFile.path)).all()
    extra = (config.lake_dir / path).with_name("charges-9.parquet")
    extra.write_bytes((config.lake_dir / path).read_bytes())
    assert str(extra.relative_to(config.lake_dir)) in only(look(lake.extra_files)).sentence


def test_a_lake_that_is_missing_is_named(look: Look, take_in: TakeIn, config: Config) -> None:
    take_in(bill("7"))
    config.lake_dir.rename(config.lake_dir.with_name("elsewhere"))
    assert "is missing" in only(look(lake.folder)).sentence
    assert "are missing" in only(look(lake.files)).sentence


def test_files_that_nothing_names_are_told_once_the_sweep_should_have_taken_them(
    look: Look, config: Config
) -> None:
    orphan = config.uploads_dir / "left"
    orphan.mkdir(parents=True)
    assert look(lake.orphan_files) == []
    long_ago = time.time() - 2 * 86_400
    os.utime(orphan, (long_ago, long_ago))
    assert "left" in only(look(lake.orphan_files)).sentence


@pytest.mark.usefixtures("beating")
def test_a_worker_that_is_gone_or_of_another_version_is_told(look: Look, session: Session) -> None:
    assert look(work.worker) == []
    with writing(session):
        session.execute(update(WorkerHeartbeat).values(version="0.0.9"))
    assert "version 0.0.9 runs" in only(look(work.worker)).sentence
    with writing(session):
        session.execute(update(WorkerHeartbeat).values(seen_at=utc_now() - timedelta(hours=1)))
    assert "No worker was seen since" in only(look(work.worker)).sentence


def test_jobs_that_wait_were_left_or_given_up_are_told(look: Look, session: Session) -> None:
    now = utc_now()
    long_ago = now - timedelta(hours=1)
    assert look(work.jobs) == []
    with writing(session):
        session.add_all(
            [
                Job(kind="import", payload={}, run_at=long_ago),
                Job(kind="import", payload={}, run_at=now),
                Job(kind="check_budgets", payload={}, state="running", lease_until=long_ago),
                Job(
                    kind="demo", payload={}, state="failed", finished_at=long_ago, error="no\nroom"
                ),
                Job(kind="demo", payload={}, state="failed", finished_at=now - timedelta(days=3)),
            ]
        )
    sentences = [trouble.sentence for trouble in look(work.jobs)]
    assert sentences == [
        "Jobs have waited for more than half an hour: 1 import.",
        "Jobs were left by a worker that died: 1 check_budgets.",
        "A job demo was given up within the last day: no room",
    ]


def test_a_source_is_late_by_its_own_rhythm(look: Look, take_in: TakeIn, session: Session) -> None:
    for day in range(1, 5):
        clock.configure(f"2026-03-{day * 2:02d}T06:00:00Z")
        take_in(bill(str(day)), source_name="payer")
    for day, is_late in ((10, False), (12, False), (14, True), (30, True)):
        clock.configure(f"2026-03-{day}T07:00:00Z")
        assert bool(look(work.sources)) is is_late, day
    assert "usually delivers every 2" in only(look(work.sources)).sentence
    clock.configure("2026-06-01T07:00:00Z")
    assert look(work.sources) == []  # it has ended
    with writing(session):
        session.execute(update(Import).values(live_at=utc_now()))
    assert look(work.sources) == []  # one day is no rhythm


def test_a_pause_of_the_sweep_that_never_ends_is_told(look: Look, session: Session) -> None:
    with pause.held(db.engine):
        assert look(work.sweep) == []
        with writing(session):
            begun = utc_now() - timedelta(hours=13)
            session.execute(update(SweepPause).values(begun_at=begun))
        assert "more than 12 hours" in only(look(work.sweep)).sentence


def test_a_clock_that_jumped_back_is_told(look: Look, take_in: TakeIn) -> None:
    """R11"""
    clock.configure("2026-03-20T12:00:00Z")
    take_in(bill("7"))
    assert look(machine.clock) == []
    clock.configure("2026-03-20T09:00:00Z")
    assert "is 180 minutes ahead" in only(look(machine.clock)).sentence


def test_a_nearly_full_disk_is_told(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(machine.disk) == []
    usage = machine.shutil.disk_usage("/")._replace(total=100 << 30, free=100 << 20)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert "are free in" in look(machine.disk)[0].sentence


def test_what_others_may_read_is_told(
    look: Look, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R28, S59"""
    monkeypatch.setattr(machine, "_is_within_private", lambda _: False)  # pytest's folder is
    secret = config.data_dir / "secret_key"
    before = [trouble.sentence for trouble in look(machine.rights)]
    assert f"Other accounts may read {secret}." not in before
    secret.chmod(0o644)
    config.data_dir.chmod(0o755)
    try:
        told = {trouble.sentence: trouble.remedy for trouble in look(machine.rights)}
    finally:
        secret.chmod(0o600)
        config.data_dir.chmod(0o700)
    assert told[f"Other accounts may read {secret}."] == f"chmod 600 {secret}"
    assert f"Other accounts may look into {config.data_dir}." in told


def test_another_s_data_folder_is_told(
    look: Look, monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    """R28"""
    other = os.geteuid() + 1
    monkeypatch.setattr("os.geteuid", lambda: other)
    sentences = [trouble.sentence for trouble in look(machine.rights)]
    assert any(s.startswith(f"{config.data_dir} belongs to the account") for s in sentences)


def test_packages_of_another_version_are_told(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    version = machine.metadata.version
    monkeypatch.setattr(
        "importlib.metadata.version", lambda name: "0.1" if name == "duckdb" else version(name)
    )
    assert "duckdb 0.1 instead of" in only(look(machine.versions)).sentence


@pytest.mark.own_app
def test_a_database_of_another_version_is_told(look: Look, session: Session) -> None:
    assert look(database.schema) == []
    with writing(session):
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    try:
        assert "not yet" in only(look(database.schema)).sentence
    finally:
        with writing(session):
            session.execute(
                text("UPDATE alembic_version SET version_num = :v"), {"v": startup.newest()}
            )


@pytest.mark.own_app
@pytest.mark.sqlite
def test_a_table_or_a_column_that_is_gone_is_named(look: Look, session: Session) -> None:
    with writing(session):
        session.execute(text("DROP TABLE sweep_pauses"))
        session.execute(text("ALTER TABLE sources RENAME COLUMN name TO label"))
    trouble = only(look(database.schema))
    assert "sweep_pauses.holder" in trouble.sentence
    assert "sources.name" in trouble.sentence
    assert "Restore a backup" in trouble.remedy


@pytest.mark.sqlite
def test_the_way_out_of_a_damaged_database_or_a_newer_one_is_no_upgrade(
    config: Config, tmp_path: Path, migrated: str
) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"not a database at all" * 400)
    installation = Installation(open_engine(f"sqlite:///{damaged}"), config)
    for check in (database.reachable, database.schema):
        trouble = only(list(check(installation)))
        assert "is damaged" in trouble.sentence
        assert trouble.remedy == database.RESTORE
    newer = Path(shutil.copyfile(migrated, tmp_path / "newer.db"))
    installation = Installation(open_engine(f"sqlite:///{newer}"), config)
    with Session(installation.engine) as session, writing(session):
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "Start the newer version" in only(list(database.schema(installation))).remedy
    installation.engine.dispose()


def test_a_secret_key_that_opens_nothing_is_told(
    look: Look, session: Session, config: Config
) -> None:
    assert look(database.secret_key) == []
    secrets.require_key(session, secrets.SealingKeys.of(config))
    assert look(database.secret_key) == []
    other = "0123456789abcdef" * 2 + "another"
    assert "SECRET_KEY is not" in only(look(database.secret_key, secret_key=other)).sentence


@pytest.mark.sqlite
def test_r27_damage_within_the_database_is_told(look: Look, config: Config) -> None:
    """A flipped byte of an index, which no start finds."""
    assert look(database.integrity) == []
    path = config.data_dir / "quota.db"
    content = bytearray(path.read_bytes())
    content[-4096:-4088] = b"\xff" * 8
    path.write_bytes(content)
    assert look(database.integrity)[0].sentence.startswith("quota.db is damaged:")


def test_r12_a_counter_of_calls_that_does_not_answer_is_told(look: Look) -> None:
    assert look(quota.counter) == []
    sentence = only(look(quota.counter, quota_url="redis://me:secret@127.0.0.1:1/0")).sentence
    assert sentence.startswith("The counter of calls redis://127.0.0.1:1/0 does not answer")
    assert "secret" not in sentence


@pytest.mark.sqlite
def test_r10_a_log_that_a_reader_lets_grow_is_told(look: Look, config: Config) -> None:
    assert look(database.log_size) == []
    log = config.data_dir / "quota.db-wal"
    with log.open("ab") as file:
        file.truncate(database.LONGEST_LOG + 1)
    assert "quota.db-wal has grown to" in only(look(database.log_size)).sentence


@pytest.mark.sqlite
def test_r27_a_database_that_is_missing_beside_its_lake_is_told(
    look: Look, config: Config, tmp_path: Path
) -> None:
    (config.lake_dir / "organization=x").mkdir(parents=True)
    gone = f"sqlite:///{tmp_path / 'gone.db'}"
    assert "is missing or empty" in only(look(database.reachable, database_url=gone)).sentence


def test_an_audit_log_that_was_changed_is_told(
    look: Look, take_in: TakeIn, session: Session
) -> None:
    take_in(bill("7"))
    assert look(database.audit_log) == []
    with writing(session):
        session.execute(text("UPDATE audit_heads SET number = number + 1"))
    assert "does not hold" in look(database.audit_log)[0].sentence
