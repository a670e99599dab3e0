"""R20: a backup is one moment of the installation, whole, whatever is written and killed meanwhile.

While it is made, months are imported, history is pruned, files are swept and rows are written. A
backup or a restore that is killed at any point leaves what was there before, or all of it.
"""

from __future__ import annotations

import dataclasses
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix import create_app, startup
from costoptix.access import api_keys
from costoptix.backup import archive, making, restoring, sqlite
from costoptix.bills.ledger import housekeeping, orphans, pause
from costoptix.cli.backup import migrate
from costoptix.costs import report
from costoptix.database import writing
from costoptix.errors import Conflict
from costoptix.extensions import db, quota_storage
from costoptix.models import DeliveryFile, Organization, Source, User
from tests.faults import processes
from tests.faults.month import MARCH, Month
from tests.support.installation import start_app
from tests.support.pages import Browser
from tests.support.proving import count, tell
from tests.support.server import environment_for


def _silent(_: str) -> None:
    """Say nothing."""


def back_up(environment: Mapping[str, str], file: Path) -> None:
    """Make a backup, in a process of its own."""
    config = Config.from_environ(environment)
    with create_app(config).app_context():
        making.make(db.engine, config, file, _silent)


def put_back(environment: Mapping[str, str], file: Path) -> None:
    """Restore a backup, in a process of its own."""
    config = Config.from_environ(environment)
    with create_app(config).app_context():
        restoring.restore(db.engine, config, file, migrate, _silent, without_secrets=False)


@pytest.fixture
def boxes(
    tmp_path: Path, config: Config, on_postgresql: bool, request: pytest.FixtureRequest
) -> Callable[[], Config]:
    """Empty boxes with the SECRET_KEY of the installation, one after the other."""
    made: list[Path] = []

    def make() -> Config:
        folder = tmp_path / f"box-{len(made)}"
        folder.mkdir(mode=0o700)
        made.append(folder)
        url = f"sqlite:///{folder / 'costoptix.db'}"
        if on_postgresql:
            url = request.getfixturevalue("postgresql_database")
            _empty(url)
        quota = url if on_postgresql else f"sqlite:///{folder / 'quota.db'}"
        return dataclasses.replace(config, data_dir=folder, database_url=url, quota_url=quota)

    return make


def _empty(url: str) -> None:
    import psycopg

    plain = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS quota CASCADE")
        connection.execute("CREATE SCHEMA public")


def _environment(config: Config, month: Month) -> Mapping[str, str]:
    return environment_for(
        config.data_dir,
        DATABASE_URL=config.database_url, SECRET_KEY=config.secret_key,
        COSTOPTIX_NOW=month.environment["COSTOPTIX_NOW"],
    )  # fmt: skip


@contextmanager
def _opened(config: Config) -> Iterator[Flask]:
    """Open the application on a box; nobody else's session is closed with it."""
    app = start_app(config)
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
            quota_storage().close()


def _storm(app: Flask, organization_id: str, written: list[int], ended: threading.Event) -> None:
    """Write rows one after the other, prune and sweep; note how many are acknowledged."""
    with app.app_context():
        engine, config = db.engine, app.config["COSTOPTIX"]
    while not ended.is_set():
        with Session(engine) as session:
            with writing(session):
                session.add(Source(organization_id=organization_id, name=f"storm {len(written)}"))
            written.append(len(written))
            if len(written) % 20 == 0:
                _age(session, config)
                housekeeping.prune_history(session)
                housekeeping.sweep(session, config)


def _age(session: Session, config: Config) -> None:
    """Make the files of deliveries old, so that the sweep takes them as soon as they are pruned.

    Not those that are placed and have no row yet: the sweep leaves them alone for their hour.
    """
    long_ago = time.time() - 2 * orphans.GRACE.total_seconds()
    for path in session.scalars(select(DeliveryFile.path)).all():
        for part in (config.lake_dir / path, (config.lake_dir / path).parent):
            with suppress(FileNotFoundError):
                os.utime(part, (long_ago, long_ago))
    session.rollback()


def test_r20_a_backup_in_a_storm_of_writes_is_one_moment_and_comes_back_whole(
    month: Month, app: Flask, alice: User, acme: Organization, tmp_path: Path,
    boxes: Callable[[], Config], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Rows acknowledged before are in it, the month is one of two and whole, people can sign in."""
    monkeypatch.setattr(housekeeping, "HISTORY_KEPT", 1)
    monkeypatch.setattr(orphans, "GRACE", timedelta(hours=1))
    email, organization_id = alice.email, acme.id
    _, key = api_keys.create(month.session, acme, *_key_of(acme))
    month.deliver()
    processes.finish(processes.start(processes.work, month.environment))
    written: list[int] = []
    ended = threading.Event()
    storm = threading.Thread(target=_storm, args=(app, organization_id, written, ended))
    storm.start()
    file, times = tmp_path / "storm.tar", count(2, 40)
    try:
        for _ in range(times):
            price = month.price
            month.deliver()
            worker = processes.start(processes.work, month.environment)
            before = len(written)
            made = making.make(db.engine, month.config, file, _silent)
            after = len(written)
            assert made.manifest.faults == ()
            processes.finish(worker)
            box = boxes()
            _check_box(box, file, month, price, email, key)
            with _opened(box) as there, there.app_context():
                rows = select(func.count()).select_from(Source).where(Source.name.like("storm %"))
                assert before <= db.session.scalar(rows) <= after + 1
    finally:
        ended.set()
        storm.join()
    tell(f"R20: {times} backups while {len(written)} rows were written and a month was imported")


def _key_of(acme: Organization) -> tuple[object, object]:
    from costoptix.access.api_keys import KeyDraft
    from costoptix.access.permissions import Permission, command_line

    return command_line(acme.id), KeyDraft(name="ci", permission=Permission.READ)


def _check_box(box: Config, file: Path, month: Month, price: int, email: str, key: str) -> None:
    """Restore and compare: the month whole, the database whole, a session and a key that hold."""
    with _opened(box) as there, there.app_context():
        restoring.restore(db.engine, box, file, migrate, _silent, without_secrets=False)
    if (database := sqlite.file_of(box.database_url)) is not None:
        assert sqlite.faults_of(database) == []
    with _opened(box) as there:
        with there.app_context():
            organization = db.session.scalars(select(Organization)).one()
            store = there.extensions["cost_store"]
            totals = report.run(db.session(), organization, MARCH, store).totals
            assert totals[0].billed_cost in (month.worth(price), month.worth(price + 1))
            db.session.remove()
        assert Browser(there).sign_in(email).status_code == 302
        answer = there.test_client().get("/api/v1/health", headers={"X-API-Key": key})
        assert answer.status_code == 200


def _killed(
    process: ForkServerProcess, seconds: float, chance: random.Random, file: Path | None = None
) -> bool:
    """Kill a process within ``seconds`` of its start; tell whether that was in time.

    With ``file``: within ``seconds`` of the moment that this file is there.
    """
    if file is not None:
        processes.wait_until(lambda: file.exists() or not process.is_alive())
    process.join(chance.uniform(0, seconds))
    was_alive = process.is_alive()
    process.kill()
    processes.end(process)
    return was_alive


def _seconds(process: ForkServerProcess) -> float:
    begun = time.monotonic()
    processes.finish(process)
    return time.monotonic() - begun


def test_r20_a_killed_backup_leaves_the_former_one_whole_and_lets_the_sweep_go_on(
    month: Month, tmp_path: Path
) -> None:
    chance = random.Random(20)
    month.deliver()
    processes.finish(processes.start(processes.work, month.environment))
    file = tmp_path / "kept.tar"
    seconds = _seconds(processes.start(back_up, month.environment, file))
    former, hits, tries = file.read_bytes(), 0, count(3, 100)
    while hits < tries:
        hits += _killed(processes.start(back_up, month.environment, file), seconds, chance)
        if file.read_bytes() != former:  # killed when it had its name
            with archive.reading(file) as reader:
                reader.unpack(tmp_path / f"whole-{hits}-{chance.random()}")
            former = file.read_bytes()
    month.pass_time(pause.LEASE)
    assert not pause.is_held(month.latest())
    making.make(db.engine, month.config, file, _silent)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".partial")] == []
    month.check_settled()  # what they left in the data folder goes with the sweep
    tell(f"R20: {hits} backups killed")


def test_r20_a_killed_restore_leaves_nothing_that_starts_and_is_begun_anew(
    month: Month, tmp_path: Path, boxes: Callable[[], Config]
) -> None:
    chance = random.Random(21)
    month.deliver()
    processes.finish(processes.start(processes.work, month.environment))
    file = tmp_path / "backup.tar"
    making.make(db.engine, month.config, file, _silent)
    seconds = _seconds(processes.start(put_back, _environment(boxes(), month), file))
    hits, tries, unfinished = 0, count(3, 100), 0
    while hits < tries:
        box = boxes()
        process = processes.start(put_back, _environment(box, month), file)
        marker = box.data_dir / startup.UNFINISHED_RESTORE
        if hits % 3 == 2:  # the short while in which files are put in place
            hits += _killed(process, 0.01, chance, marker)
        else:
            hits += _killed(process, seconds, chance)
        is_whole = _has_organization(box)
        if marker.exists():
            unfinished += 1
            with pytest.raises(Conflict, match="cut short"):
                startup.require_installation(box)
        elif not is_whole:
            assert not any((box.data_dir / "lake").glob("organization=*"))
        if not is_whole or marker.exists():
            processes.finish(processes.start(put_back, _environment(box, month), file))
        with _opened(box) as there, there.app_context():
            startup.require_installation(box)
            organization = db.session.scalars(select(Organization)).one()
            store = there.extensions["cost_store"]
            totals = report.run(db.session(), organization, MARCH, store).totals
            assert totals[0].billed_cost == month.worth(month.price)
        assert list(box.data_dir.glob(f"{restoring.STAGED}*")) == []
    assert unfinished >= count(0, 1)
    tell(f"R20: {hits} restores killed, {unfinished} of them while files were put in place")


def _has_organization(box: Config) -> bool:
    """Tell whether the database of a box holds what was restored."""
    database = sqlite.file_of(box.database_url)
    if database is not None and not database.exists():
        return False
    with _opened(box) as there, there.app_context():
        try:
            return db.session.scalar(select(func.count()).select_from(Organization)) == 1
        except Exception:
            return False
