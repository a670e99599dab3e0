"""R24: several workers keep the same house: what is due is made due once, and done once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import jobs, queue
from costoptix.extensions import db
from costoptix.models import Job, JobState, Organization

WORKERS = 4


def at_once(app: Flask, do: Callable[[Session], None]) -> None:
    """Do the same in four workers at the same time."""
    together = threading.Barrier(WORKERS)
    errors: list[BaseException] = []

    def work() -> None:
        with app.app_context(), Session(db.engine) as session:
            together.wait(30)
            try:
                do(session)
            except BaseException as error:
                errors.append(error)

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []


def test_r24_the_night_is_judged_once_by_four_workers(app: Flask, session: Session) -> None:
    """R24: one job of each kind for each organization, whoever looked first."""
    session.add_all(Organization(name=f"O{n}", tier="starter") for n in range(5))
    session.commit()
    at_once(app, jobs.judge_nightly)
    made = Counter(session.execute(select(Job.kind, Job.organization_id)).all())
    assert len(made) == 10
    assert set(made.values()) == {1}


def test_r24_each_job_is_claimed_by_one_of_four_workers(app: Flask, session: Session) -> None:
    """R24: and all of them are."""
    for _ in range(20):
        queue.enqueue(session, "detect_anomalies", {})
    claimed: list[str] = []

    def claim_all(session: Session) -> None:
        while (claim := queue.claim(session)) is not None:
            claimed.append(claim.id)

    at_once(app, claim_all)
    assert len(claimed) == len(set(claimed)) == 20
    session.rollback()
    assert set(session.scalars(select(Job.state))) == {JobState.RUNNING}
