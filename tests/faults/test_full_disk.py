"""R6: the disk is full at each stage: it is said in words, nothing is lost, and space is enough."""

from __future__ import annotations

import io
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config import Config
from costoptix import queue, worker
from costoptix.access import api_keys
from costoptix.access.permissions import Permission, command_line
from costoptix.models import Job, Organization, User
from tests.bills.bill import write
from tests.conftest import make_config
from tests.faults.disk import SmallDisk, small_disk
from tests.faults.month import Month
from tests.support.pages import Browser
from tests.support.proving import count, tell

pytestmark = pytest.mark.sqlite
MEGABYTES = 24
NO_SPACE = "no space left"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """The disk of the installation: all its data are on it."""
    with small_disk(tmp_path / "instance", MEGABYTES) as disk:
        yield disk


@pytest.fixture
def config(disk: SmallDisk, migrated: str) -> Config:
    """The configuration of an installation on the small disk."""
    config = make_config(disk.path)
    shutil.copyfile(migrated, config.data_dir / "costoptix.db")
    return config


def large_bill() -> bytes:
    return write({"ResourceId": "i-" + "x" * 1_000} for _ in range(2_000))


def settle_wal(config: Config) -> None:
    """Empty SQLite's log: it would take in small writes without growing."""
    connection = sqlite3.connect(config.data_dir / "costoptix.db")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()


def test_r6_an_upload_finds_no_space_and_later_some(
    app: Flask, session: Session, acme: Organization, alice: User, disk: SmallDisk
) -> None:
    draft = api_keys.KeyDraft(name="ci", permission=Permission.WRITE)
    _, key = api_keys.create(session, acme, command_line(acme.id), draft)
    browser = Browser(app)
    assert browser.sign_in(alice.email).status_code == 302
    uploads: Path = app.config["COSTOPTIX"].uploads_dir

    def send() -> tuple[int, str]:
        answer = app.test_client().post(
            "/api/v1/imports", data=large_bill(),
            headers={"X-API-Key": key, "Content-Type": "text/csv"},
        )  # fmt: skip
        return answer.status_code, answer.text

    disk.fill(leave=1 << 20)
    status, text = send()
    assert (status, NO_SPACE in text) == (507, True), text
    page = browser.post("/imports", form="/imports", file=(io.BytesIO(large_bill()), "a.csv"))
    assert (page.status_code, NO_SPACE in page.text) == (507, True), page.text
    assert list(uploads.iterdir()) == []
    disk.empty()
    assert send()[0] == 202


def test_r6_pages_are_read_on_a_full_disk_and_writes_say_why(
    app: Flask, config: Config, alice: User, disk: SmallDisk
) -> None:
    browser, late = Browser(app), Browser(app)
    browser.sign_in(alice.email)
    late.token()
    settle_wal(config)
    disk.fill()
    assert browser.get("/settings/organization").status_code == 200
    answer = late.sign_in(alice.email)
    assert (answer.status_code, NO_SPACE in answer.text) == (507, True), answer.text
    disk.empty()
    assert late.sign_in(alice.email).status_code == 302


@pytest.mark.parametrize("is_asked_about", [False, True][: count(1, 2)])
def test_r6_an_import_with_any_little_space_leaves_the_old_or_the_new_month(
    month: Month, is_asked_about: bool, disk: SmallDisk, caplog: pytest.LogCaptureFixture
) -> None:
    """From none at all to what it needs: it says so and ends once there is space."""
    chance = random.Random(6)
    month.deliver()
    need = _worked(month, disk)
    month.is_asked_about = is_asked_about
    outcomes: Counter[str] = Counter()
    for _ in range(count(2, 60)):
        _, job = month.deliver()
        settle_wal(month.config)
        disk.fill(leave=chance.randrange(int(need * 1.2)))
        outcomes[_try_on_full_disk(month, job)] += 1
        disk.empty()
        month.check_whole()
        month.pass_time()
        worker.run(lambda: Session(month.session.get_bind()), month.config, once=True)
        if month.answer():
            worker.run(lambda: Session(month.session.get_bind()), month.config, once=True)
        month.check_settled()
    told = ", ".join(f"{outcome} {number}" for outcome, number in sorted(outcomes.items()))
    tell(f"R6: {outcomes.total()} imports on a disk that was too full: {told}")


def _worked(month: Month, disk: SmallDisk) -> int:
    """Bring in what was delivered; return how many bytes that takes."""
    before = disk.free_bytes()
    worker.run(lambda: Session(month.session.get_bind()), month.config, once=True)
    month.check_settled()
    return before - disk.free_bytes() + (1 << 20)


def _try_on_full_disk(month: Month, job: Job) -> str:
    """Let a worker try; return how that ended."""
    session = month.latest()
    job_id = job.id
    try:
        worker.run_job(session, month.config, job_id)
    except OperationalError:  # not even the failure could be written down
        return "the job is taken up when its lease ends"
    found = month.latest().scalars(select(Job).where(Job.id == job_id)).one()
    if found.state == "done":
        return "there was enough"
    assert found.state == "due"
    assert found.attempts < queue.MAX_ATTEMPTS
    assert found.error is not None
    assert any(words in found.error for words in (NO_SPACE, "No space left", "disk is full")), (
        found.error
    )
    return "put back for later"
