"""``Idempotency-Key``: the same POST twice has one effect and one answer."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock
from costoptix.api.idempotency import Once
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import Conflict
from costoptix.extensions import db
from costoptix.models import ApiKey, IdempotencyRecord, Organization, SetupState
from tests.api.conftest import Api, MakeKey
from tests.support.server import ROOT, environment_for

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


def _once(session: Session, organization: Organization) -> Once:
    return Once(session, organization.id, "deploy-17", lambda: "d", ())


def test_others_write_while_a_post_with_a_key_works(
    app: Flask, session: Session, acme: Organization
) -> None:
    """A view may take minutes: the record of its key holds no lock meanwhile."""
    done: list[str] = []

    def view() -> Response:
        def write() -> None:
            with app.app_context():
                with writing(db.session()):
                    db.session().add(SetupState(name="other", value="done"))
                db.session.remove()
            done.append("other")

        thread = threading.Thread(target=write)
        thread.start()
        thread.join(5)
        return Response("{}", 201)

    assert _once(session, acme).answer(view).status_code == 201
    assert done == ["other"]


_KILLED = """
    import os, signal, sys
    from app import app
    from costoptix.access import api_keys
    from costoptix.access.permissions import Permission, command_line
    from costoptix.api.idempotency import Once
    from costoptix.extensions import db
    from costoptix.models import Organization

    with app.app_context():
        organization = db.session().get(Organization, sys.argv[1])

        def view():
            if sys.argv[2] == "after":
                draft = api_keys.KeyDraft(
                    name="ci", permission=Permission.READ, expires_at=None
                )
                api_keys.create(db.session(), organization, command_line(organization.id), draft)
            os.kill(os.getpid(), signal.SIGKILL)

        Once(db.session(), organization.id, "deploy-17", lambda: "d", ()).answer(view)
"""


def _kill(config: Config, organization: Organization, when: str) -> None:
    """Have a process killed within its view, before or after the effect."""
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_KILLED), organization.id, when],
        cwd=ROOT, timeout=60, capture_output=True,
        env=environment_for(config.data_dir, DATABASE_URL=config.database_url),
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def test_r17_after_a_kill_between_effect_and_answer_there_is_one_effect_and_it_is_said(
    config: Config, session: Session, acme: Organization
) -> None:
    """R17: sent again it is not done again, however late; the answer itself is lost."""
    _kill(config, acme, "after")
    assert _keys(session) == 1
    for age in (timedelta(minutes=2), timedelta(hours=23)):
        with writing(session):
            record = session.scalars(select(IdempotencyRecord)).one()
            record.created_at = record.carried_out_at = utc_now() - age
        with pytest.raises(Conflict, match="was carried out"):
            _once(session, acme).answer(lambda: pytest.fail("done twice"))
    assert _keys(session) == 1


def test_r17_after_a_kill_before_the_effect_it_can_be_done_after_a_while(
    config: Config, session: Session, acme: Organization
) -> None:
    _kill(config, acme, "before")
    with pytest.raises(Conflict, match="still running"):
        _once(session, acme).answer(lambda: Response("{}", 201))
    with writing(session):
        session.scalars(select(IdempotencyRecord)).one().created_at = utc_now() - timedelta(hours=2)
    assert _once(session, acme).answer(lambda: Response("{}", 201)).status_code == 201


def test_what_fails_after_its_effect_is_not_done_again(
    session: Session, acme: Organization
) -> None:
    def view() -> Response:
        with writing(session):
            session.add(SetupState(name="effect", value="done"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        _once(session, acme).answer(view)
    with pytest.raises(Conflict):
        _once(session, acme).answer(view)


def test_a_file_of_another_name_is_another_request(api: Api) -> None:
    """The name is kept and shown, so its sender must not be answered with another one."""
    statuses = [
        api.post(
            "/imports", data={"file": (io.BytesIO(b"a,b"), name)},
            headers={"Idempotency-Key": "march"},
        ).status_code
        for name in ("march.csv", "march.csv", "april.csv")
    ]  # fmt: skip
    assert statuses == [202, 202, 409]


def test_another_body_is_a_conflict_that_says_so_while_the_twin_runs(
    session: Session, acme: Organization
) -> None:
    def view() -> Response:
        other = Once(session, acme.id, "deploy-17", lambda: "another body", ())
        with pytest.raises(Conflict, match="another request"):
            other.answer(view)
        return Response("{}", 201)

    assert _once(session, acme).answer(view).status_code == 201
