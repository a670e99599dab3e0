"""``demo``: what scripts read of it, and how the bills come in."""

from __future__ import annotations

import re
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import worker
from costoptix.cli import demo as command
from costoptix.demo import acme, coming
from costoptix.models import Import, ImportState, Job, JobState, Organization
from tests.support.bills import judge_here

SCRIPTS_READ = r"url: http://\S+\nemail: admin@acme\.example\npassword: \S+\nkey: cc_\w{46}\n"


def test_the_demo_comes_in_newest_month_first_and_a_later_run_repeats_nothing(
    app: Flask, session: Session, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "MONTHS", 2)
    monkeypatch.setattr(command, "settle", lambda *_: None)
    first = app.test_cli_runner().invoke(args=["demo"])
    assert first.exit_code == 0, first.output
    assert re.fullmatch(SCRIPTS_READ, first.stdout)
    jobs = session.scalars(select(Job).where(Job.kind == "import").order_by(Job.run_at)).all()
    imports = [session.get_one(Import, job.payload["import_id"]) for job in jobs]
    assert {row.state for row in imports} <= {ImportState.LIVE, ImportState.OLDER}
    months = [row.file_name.partition("-")[2] for row in imports]
    assert len(set(months)) == 2
    assert months == sorted(months, reverse=True)
    again = app.test_cli_runner().invoke(args=["demo"])
    assert again.exit_code == 0
    assert [line.partition(":")[0] for line in again.stdout.splitlines()] == ["url", "email"]
    assert session.query(Import).count() == len(imports)


def test_what_is_left_to_the_worker_is_told_as_progress(
    session: Session, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_here(monkeypatch)
    monkeypatch.setattr(coming, "MONTHS", 1)
    monkeypatch.setattr(acme, "bring_bills", partial(acme.bring_bills, months=1))
    company, _, _ = acme.found_company(session)
    assert coming.progress(session, company) is None
    coming.make_rest_due(session, company)
    coming.make_rest_due(session, company)
    (job,) = session.scalars(select(Job)).all()
    assert coming.progress(session, company) == coming.DemoProgress(0, 3)
    worker.run_job(session, config, job.id)
    newest = session.scalars(select(Job).where(Job.kind == "import").order_by(Job.run_at)).first()
    assert newest is not None
    worker.run_job(session, config, newest.id)
    assert coming.progress(session, company) == coming.DemoProgress(1, 3)
    other = Organization(name="Globex", tier="starter")
    session.add(other)
    session.flush()
    assert coming.progress(session, other) is None
    for due in session.scalars(select(Job).where(Job.kind == "import", Job.state == JobState.DUE)):
        worker.run_job(session, config, due.id)
    assert coming.progress(session, company) is None


def test_a_command_removes_the_demo_with_its_files(
    app: Flask, session: Session, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "MONTHS", 1)
    monkeypatch.setattr(command, "settle", lambda *_: None)
    runner = app.test_cli_runner()
    assert runner.invoke(args=["demo"]).exit_code == 0
    assert any(config.lake_dir.rglob("*.parquet"))
    assert runner.invoke(args=["demo", "--remove"]).exit_code == 0
    assert not any(path.is_file() for path in config.lake_dir.rglob("*"))
    assert not any(config.uploads_dir.iterdir())
    session.expire_all()
    assert session.query(Organization).count() == session.query(Import).count() == 0
    again = runner.invoke(args=["demo", "--remove"])
    assert (again.exit_code, again.stderr) == (1, "There is no demo here.\n")
