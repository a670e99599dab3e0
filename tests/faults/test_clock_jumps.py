"""R11: a clock that is put back or forward gives nobody more calls, and lets nobody stay or in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from costoptix import jobs, queue, worker
from costoptix.clock import utc_now
from costoptix.extensions import quota_storage
from costoptix.models import Job, Organization
from tests.api.conftest import Api
from tests.faults.conftest import MakeKey
from tests.support.pages import Browser

At = Callable[[str], None]
TWO_HOURS_BACK = "2026-02-28T23:00:00+00:00"
EVENING = "2026-03-01T01:00:00+00:00"
TOMORROW = "2026-03-02T01:00:00+00:00"


@pytest.fixture
def evening(at: At) -> None:
    """An hour after a month's end, in a year without a 29 February."""
    at(EVENING)


def test_r11_a_clock_put_back_over_midnight_gives_no_calls_twice(
    app: Flask, session: Session, acme: Organization, make_key: MakeKey, at: At
) -> None:
    """R11: the day before goes on with its own count, and today's is still there afterwards."""
    acme.tier = "starter"
    session.commit()
    at(TWO_HOURS_BACK)
    key = make_key("read")
    call = Api(app.test_client(), key)
    for instant, used in ((TWO_HOURS_BACK, 98), (EVENING, 97)):
        at(instant)
        for _ in range(used):
            quota_storage().add_call(acme.id, "other", utc_now().date(), 100)
    assert [call("GET", "/health").status_code for _ in range(4)] == [200, 200, 200, 429]
    at(TWO_HOURS_BACK)
    assert [call("GET", "/health").status_code for _ in range(3)] == [200, 200, 429]
    at(EVENING)
    assert call("GET", "/health").status_code == 429


@pytest.mark.usefixtures("evening")
def test_r11_a_key_that_expired_is_refused_whatever_the_clock_did_before(
    app: Flask, make_key: MakeKey, at: At
) -> None:
    """R11: it expires at its instant; put back, the clock says that this has not come yet."""
    call = Api(app.test_client(), make_key("read", expires_at=TOMORROW))
    assert call("GET", "/health").status_code == 200
    at(TOMORROW)
    assert call("GET", "/health").status_code == 401
    at(TWO_HOURS_BACK)
    assert call("GET", "/health").status_code == 200


def test_r11_a_session_ends_a_day_forward_and_lives_two_hours_back(
    at: At, request: pytest.FixtureRequest
) -> None:
    """R11: nobody is signed in by a clock that was put back, nor thrown out by it."""
    at(EVENING)
    browser: Browser = request.getfixturevalue("alice_browser")
    assert browser.get("/settings/security").status_code == 200
    at(TWO_HOURS_BACK)
    assert browser.get("/settings/security").status_code == 200
    at(TOMORROW)
    assert browser.get("/settings/security").status_code == 302


@pytest.mark.usefixtures("evening")
def test_r11_a_job_is_done_once_however_the_clock_is_put_while_it_runs(
    session: Session, acme: Organization, at: At
) -> None:
    """R11: put forward its lease ends, and who takes it up is the only one who ends it."""
    job = queue.enqueue(session, "detect_anomalies", {}, organization_id=acme.id)
    first = queue.claim(session, kinds=jobs.KINDS)
    assert first is not None
    at(TWO_HOURS_BACK)
    assert queue.claim(session, kinds=jobs.KINDS) is None
    at(TOMORROW)
    second = queue.claim(session, kinds=jobs.KINDS)
    assert second is not None
    assert not queue.finish(session, first)
    assert queue.finish(session, second)
    session.expire_all()
    assert session.get_one(Job, job.id).state == "done"
    worker.prune(session)
    at(TWO_HOURS_BACK)
    worker.prune(session)
    assert session.get(Job, job.id) is not None
