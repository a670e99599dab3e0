"""``/metrics``: for whoever has the token; no name of anybody; without the database as well."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from costoptix import queue
from costoptix.clock import utc_now
from costoptix.extensions import db
from costoptix.frame import gauges
from costoptix.frame.exposition import Family, text
from costoptix.jobs import KINDS
from costoptix.models import Organization, User, WorkerHeartbeat
from tests.bills.bill import write
from tests.support.bills import TakeIn

TOKEN = "m3trics-t0ken-of-the-tests-0123456789"
SAMPLE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?\d+(\.\d+(e[+-]\d+)?)?')


@pytest.fixture
def watched(make_app: Callable[..., Flask]) -> Flask:
    return make_app(metrics_token=TOKEN)


def scrape(app: Flask) -> dict[str, float]:
    """Return the samples by name and labels."""
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert [line for line in samples if SAMPLE.fullmatch(line) is None] == []
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in samples)}


def test_without_a_token_there_is_no_such_address(app: Flask) -> None:
    assert app.test_client().get("/metrics").status_code == 404


@pytest.mark.parametrize(
    "given", [None, "", TOKEN, f"bearer {TOKEN}", f"Bearer {TOKEN}x", "Bearer ü"]
)
def test_a_wrong_token_is_refused(watched: Flask, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    answer = watched.test_client().get("/metrics", headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "costoptix_" not in answer.text


def test_it_is_read_under_whatever_name_the_watcher_knows(watched: Flask) -> None:
    answer = watched.test_client().get(
        "/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Host": "10.0.0.7:8000"}
    )
    assert answer.status_code == 200


def test_requests_are_counted_by_operation_and_class_of_status(watched: Flask, alice: User) -> None:
    client = watched.test_client()
    before = scrape(watched)
    for path in ("/login", "/login", "/no/such/page", "/api/v1/auth/info"):
        client.get(path)
    client.get("/login", headers={"Host": "evil.example"})
    after = scrape(watched)
    name = "costoptix_http_request_duration_seconds_count"
    more = {
        labels: after[labels] - before.get(labels, 0) for labels in after if labels.startswith(name)
    }
    assert more[f'{name}{{operation="web.login",status="2xx"}}'] == 2
    assert more[f'{name}{{operation="web.login",status="4xx"}}'] == 1
    assert more[f'{name}{{operation="none",status="4xx"}}'] == 1
    assert more[f'{name}{{operation="api.get_auth_info",status="4xx"}}'] == 1


def test_what_waits_what_failed_and_who_was_seen(watched: Flask, acme: Organization) -> None:
    with watched.app_context():
        session = db.session()
        job = queue.enqueue(session, "detect_anomalies", {}, organization_id=acme.id)
        queue.enqueue(session, "of another version", {})
        session.add(WorkerHeartbeat(id="host:1", seen_at=utc_now() - timedelta(seconds=90)))
        session.commit()
        job.run_at = utc_now() - timedelta(minutes=5)
        session.commit()
    samples = scrape(watched)
    assert samples['costoptix_jobs{kind="detect_anomalies",state="due"}'] == 1
    assert samples['costoptix_jobs{kind="unknown",state="due"}'] == 1
    assert 300 <= samples['costoptix_job_oldest_age_seconds{kind="detect_anomalies"}'] < 400
    assert samples['costoptix_job_oldest_age_seconds{kind="import"}'] == 0
    assert 90 <= samples["costoptix_worker_heartbeat_age_seconds"] < 200
    assert samples["costoptix_database_up"] == 1
    assert samples["costoptix_database_bytes"] > 0


def test_a_job_given_up_is_a_result_of_the_last_hour(watched: Flask, acme: Organization) -> None:
    with watched.app_context():
        session = db.session()
        job = queue.enqueue(session, "detect_anomalies", {}, organization_id=acme.id)
        for _ in range(queue.MAX_ATTEMPTS):
            job.run_at = utc_now()
            session.commit()
            claim = queue.claim(session)
            assert claim is not None
            queue.fail(session, claim, "it does not work")
            session.expire_all()
    samples = scrape(watched)
    assert samples['costoptix_jobs_ended_last_hour{kind="detect_anomalies",result="failed"}'] == 1
    assert samples['costoptix_jobs_ended_last_hour{kind="detect_anomalies",result="done"}'] == 0


def test_what_readers_see_is_counted_and_measured(watched: Flask, take_in: TakeIn) -> None:
    take_in(write([{"BilledCost": "1"}]))
    samples = scrape(watched)
    assert samples["costoptix_deliveries_live"] == 1
    assert samples['costoptix_lake_bytes{state="live"}'] > 0
    assert samples['costoptix_source_age_seconds_bucket{le="86400"}'] == 1
    assert samples["costoptix_source_age_seconds_count"] == 1


def test_nobody_is_named_and_strangers_add_no_series(watched: Flask, acme: Organization) -> None:
    """Ten organizations, and addresses that somebody makes up, are no more lines than one."""
    before = scrape(watched)
    with watched.app_context():
        db.session.add_all(Organization(name=f"Secret {n}", tier="starter") for n in range(10))
        db.session.commit()
    for n in range(20):
        watched.test_client().get(f"/made-up/{n}")
        watched.test_client().open("/login", method=f"VERB{n}")
    after = scrape(watched)
    assert {line.split("{")[0] for line in after} == {line.split("{")[0] for line in before}
    shown = " ".join(after)
    assert "Secret" not in shown
    assert acme.id not in shown
    assert "made-up" not in shown
    assert len(after) - len(before) < 40  # two operations more at most, of 14 lines each


def test_without_the_database_the_rest_is_said(watched: Flask) -> None:
    def fail(*_arguments: object) -> None:
        raise OperationalError("", {}, Exception("gone"))

    with watched.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", fail)
    try:
        samples = scrape(watched)
    finally:
        event.remove(engine, "before_cursor_execute", fail)
    assert samples["costoptix_database_up"] == 0
    assert "costoptix_deliveries_live" not in samples
    assert "costoptix_quota_counts_lost" not in samples
    assert "costoptix_data_free_bytes" in samples
    assert samples["costoptix_quota_refusals_total"] >= 0


def test_a_scrape_reads_and_never_writes(watched: Flask) -> None:
    statements: list[str] = []
    with watched.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a[2]), named=False)
    scrape(watched)
    assert statements
    assert {statement.split()[0] for statement in statements} <= {"SELECT", "BEGIN"}


def test_every_kind_of_job_has_its_line_before_there_is_one(watched: Flask) -> None:
    """An alert on something that is absent says nothing."""
    samples = scrape(watched)
    for kind in (*KINDS, gauges.UNKNOWN_KIND):
        assert samples[f'costoptix_jobs{{kind="{kind}",state="due"}}'] == 0


def test_labels_cannot_break_a_line() -> None:
    family = Family("a", "gauge", "A.")
    family.add(0.25, x='q"\\\nz')
    assert text([family]) == '# HELP a A.\n# TYPE a gauge\na{x="q\\"\\\\\\nz"} 0.25\n'
