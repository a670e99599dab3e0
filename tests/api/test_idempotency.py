"""``Idempotency-Key``: the same POST twice has one effect and one answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import ApiKey, IdempotencyRecord, Organization
from tests.api.conftest import Api, MakeKey

ONCE = {"Idempotency-Key": "deploy-17"}
BODY = {"name": "ci", "permission": "read"}


def _keys(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(ApiKey)) or 0


def test_a_replay_has_the_same_answer_without_the_secret(api: Api, session: Session) -> None:
    first = api.post("/keys", json=BODY, headers=ONCE)
    again = api.post("/keys", json=BODY, headers=ONCE)
    assert first.status_code == again.status_code == 201
    assert first.headers["Location"] == again.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert first.get_json()["data"]["key"].startswith("cc_")
    assert again.get_json()["data"] == first.get_json()["data"] | {"key": None}
    assert _keys(session) == 2  # the caller's own, and the one made


def test_another_body_or_path_under_the_same_key_is_a_conflict(api: Api) -> None:
    key_id = api.post("/keys", json=BODY, headers=ONCE).get_json()["data"]["id"]
    other_body = api.post("/keys", json=BODY | {"name": "other"}, headers=ONCE)
    other_path = api.post(f"/keys/{key_id}/rotate", headers=ONCE)
    assert other_body.status_code == other_path.status_code == 409


def test_what_was_refused_is_not_kept(api: Api) -> None:
    assert api.post("/keys", json={"name": "ci"}, headers=ONCE).status_code == 400
    assert api.post("/keys", json=BODY, headers=ONCE).status_code == 201


def test_organizations_do_not_share_keys(
    api: Api, as_key: Callable[[str], Api], make_key: MakeKey, elsewhere: Organization
) -> None:
    theirs = as_key(make_key(organization=elsewhere)[1])
    assert api.post("/keys", json=BODY, headers=ONCE).status_code == 201
    response = theirs.post("/keys", json=BODY | {"name": "other"}, headers=ONCE)
    assert response.status_code == 201


def test_after_a_day_the_key_is_free(api: Api, session: Session) -> None:
    api.post("/keys", json=BODY, headers=ONCE)
    with writing(session):
        record = session.scalars(select(IdempotencyRecord)).one()
        record.created_at = utc_now() - timedelta(hours=24, seconds=1)
    assert api.post("/keys", json=BODY | {"name": "other"}, headers=ONCE).status_code == 201


def test_while_the_twin_runs_it_is_a_conflict_unless_that_was_abandoned(
    api: Api, session: Session, acme: Organization
) -> None:
    with writing(session):
        record = IdempotencyRecord(
            organization_id=acme.id, key="deploy-17", request_digest="", created_at=utc_now()
        )
        session.add(record)
    response = api.post("/keys", json=BODY, headers=ONCE)
    assert response.status_code == 409
    assert "still running" in response.get_json()["error"]
    with writing(session):
        record.created_at = utc_now() - timedelta(hours=2)
    assert api.post("/keys", json=BODY, headers=ONCE).status_code == 201


def test_of_twins_at_once_one_has_an_effect(
    as_key: Callable[[str], Api], make_key: MakeKey, session: Session
) -> None:
    text = make_key()[1]
    ids: list[str] = []

    def post() -> None:
        response = as_key(text).post("/keys", json=BODY, headers=ONCE)
        assert response.status_code == 201
        ids.append(response.get_json()["data"]["id"])

    threads = [threading.Thread(target=post) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 5
    assert len(set(ids)) == 1
    assert _keys(session) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\xe9", "a\tb"])
def test_a_key_is_short_and_printable(api: Api, key: str) -> None:
    response = api.post("/keys", json=BODY, headers={"Idempotency-Key": key})
    assert response.status_code == 400
    assert "Idempotency-Key" in response.get_json()["error"]


def test_replays_are_counted(api: Api, acme: Organization, session: Session) -> None:
    acme.tier = "starter"
    session.commit()
    clock.configure(None)
    left = [
        api.post("/keys", json=BODY, headers=ONCE).headers["X-RateLimit-Remaining"]
        for _ in range(2)
    ]
    assert left == ["99", "98"]
