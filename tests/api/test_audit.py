"""``GET /audit``: the log as admin keys read it."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from costoptix.access import api_keys, audit
from costoptix.access.permissions import Caller, command_line
from costoptix.database import writing
from costoptix.models import AuditEntry, Organization
from tests.api.conftest import Api, MakeKey
from tests.support.pages import latest


@pytest.fixture
def log(session: Session, admin: Caller) -> None:
    with writing(session):
        for number in range(5):
            audit.record(session, admin, f"test.{number % 2}", after={"number": number})


def test_an_entry_says_who_what_when_and_from_where(api: Api, log: None, admin: Caller) -> None:
    (entry, *_) = api.get("/audit?action=test").get_json()["data"]
    assert (entry["actor"], entry["actor_kind"], entry["actor_id"]) == (
        admin.label, "person", admin.user_id,
    )  # fmt: skip
    assert (entry["action"], entry["after"], entry["before"]) == ("test.0", {"number": 4}, None)
    assert len(entry["hash"]) == 64


@pytest.mark.parametrize("order", ["-at", "at", "action", "-actor", "subject", "address"])
def test_pages_hold_every_entry_once(api: Api, log: None, order: str) -> None:
    seen: list[int] = []
    cursor = ""
    while True:
        answer = api.get(f"/audit?action=test&limit=2&order_by={order}{cursor}").get_json()
        seen += [entry["number"] for entry in answer["data"]]
        if answer["meta"]["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['meta']['next_cursor']}"
    assert len(seen) == len({*seen}) == 5
    if order.endswith("at"):
        assert seen == sorted(seen, reverse=order == "-at")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "order_by=hash", "cursor=x", "range=x", "start_date=x",
              "actor_kind=x", "actor=" + "x" * 201, "action=" + "x" * 61, "page=2"],
)  # fmt: skip
def test_a_wrong_parameter_is_said_in_words(api: Api, query: str) -> None:
    answer = api.get(f"/audit?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.get_json()["error"]


def test_a_cursor_of_another_order_is_refused(api: Api, log: None) -> None:
    cursor = api.get("/audit?limit=2").get_json()["meta"]["next_cursor"]
    assert api.get(f"/audit?order_by=actor&cursor={cursor}").status_code == 400


def test_nobody_reads_the_log_of_others(
    api: Api, log: None, session: Session, elsewhere: Organization
) -> None:
    with writing(session):
        audit.record(session, command_line(elsewhere.id), "test.theirs")
    assert api.get("/audit?action=test.theirs").get_json()["data"] == []


def test_refused_calls_are_told_once_an_hour(
    as_key: type, make_key: MakeKey, session: Session, acme: Organization
) -> None:
    """A key that may not, and one that was revoked; a key that nobody knows adds nothing."""
    reader = make_key("read")[1]
    revoked, text = make_key("read")
    api_keys.revoke(session, acme, command_line(acme.id), revoked.id)
    for _ in range(2):
        assert as_key(reader).get("/keys").status_code == 403
        assert as_key(text).get("/health").status_code == 401
        assert as_key("cc_" + "A" * 46).get("/health").status_code == 401
    told = latest(session).query(AuditEntry).filter(AuditEntry.action.endswith("refused")).all()
    assert [(entry.action, entry.subject) for entry in told] == [
        ("access.refused", "GET /api/v1/keys"), ("api_key.refused", "GET /api/v1/health"),
    ]  # fmt: skip
    assert told[1].actor_id == revoked.id
