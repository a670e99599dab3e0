"""R1: what holds a worker up for longer than its lease lasts, in real time by ``make prove``.

Another worker looks for jobs all the while. In the end the bill is live once, whoever did it.
"""

from __future__ import annotations

import ctypes
import io
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config import Config
from costoptix import create_app, jobs, worker
from costoptix.access.permissions import command_line
from costoptix.bills.intake import receive
from costoptix.bills.ledger import importer, listing
from costoptix.bills.read.load import load
from costoptix.extensions import db
from costoptix.models import Delivery, Import, Job, Organization
from costoptix.queue import Claim
from tests.bills.bill import write
from tests.faults import processes
from tests.support.proving import count, tell
from tests.support.server import environment_for

HELD_SECONDS = count(1, 90)
LOCKED_SECONDS = count(1, 30)
LATEST_SECONDS = 200


def hold_the_interpreter(_config: Config) -> None:
    """Let no other thread of this process run: PyDLL does not let go of the lock."""
    ctypes.PyDLL(None).sleep(HELD_SECONDS)


def lock_the_database(config: Config) -> None:
    """Begin to write from elsewhere and go on for a while after this returns."""
    connection = sqlite3.connect(
        config.data_dir / "costoptix.db", isolation_level=None, check_same_thread=False
    )
    connection.execute("BEGIN IMMEDIATE")

    def let_go() -> None:
        connection.execute("COMMIT")
        connection.close()

    threading.Timer(LOCKED_SECONDS, let_go).start()


@pytest.mark.parametrize(
    ("hold_up", "seconds"),
    [(hold_the_interpreter, HELD_SECONDS), (lock_the_database, LOCKED_SECONDS)],
)
def test_r1_a_job_that_is_held_up_for_long_is_still_ours_or_nothing_of_it_becomes_live(
    session: Session, acme: Organization, config: Config, judged_here: None,
    monkeypatch: pytest.MonkeyPatch, hold_up: Callable[[Config], None], seconds: int,
) -> None:  # fmt: skip
    def run(session: Session, claim: Claim, config: Config) -> None:
        def read(*arguments: Any) -> Any:
            staged = load(*arguments)
            hold_up(config)
            return staged

        importer.run(session, claim, config, read=read)

    monkeypatch.setitem(
        jobs.KINDS, receive.JOB_KIND, replace(jobs.KINDS[receive.JOB_KIND], run=run)
    )
    ((row, job),) = receive.receive(
        session, acme, command_line(acme.id),
        [receive.Sent(io.BytesIO(write([{"BilledCost": "140"}])), "a.csv")],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20,
    )  # fmt: skip
    session.rollback()
    environment = environment_for(config.data_dir, DATABASE_URL=config.database_url)
    other = processes.start(work_until_done, environment, job.id, seconds / 2)
    with suppress(OperationalError):  # locked for longer than it waits: the loop goes on
        worker.run_job(session, config, job.id)
    processes.finish(other, LATEST_SECONDS + 60)
    session.rollback()
    session.expire_all()
    assert session.get_one(Job, job.id).state == "done"
    assert session.get_one(Import, row.id).state == "live"
    assert listing.sums(session, row)["USD"]["billed_cost"] == 140
    assert len(session.scalars(select(Delivery)).all()) == 1
    what = hold_up.__name__.replace("_", " ")
    tell(f"R1: {what} for {seconds} s: the bill is live once, attempt {job.attempts}")


def work_until_done(environment: Mapping[str, str], job_id: str, after: float) -> None:
    """Look for a job again and again, as another worker, until it is done."""
    time.sleep(after)
    config = Config.from_environ(environment)
    deadline = time.monotonic() + LATEST_SECONDS
    with create_app(config).app_context():
        while time.monotonic() < deadline:
            with Session(db.engine) as session:
                if session.get_one(Job, job_id).state == "done":
                    break
                session.rollback()
                try:
                    worker.run_job(session, config, job_id)
                except Exception:
                    session.rollback()
            time.sleep(0.5)
        db.engine.dispose()
