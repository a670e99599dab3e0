"""An entry of the audit log is there exactly when its change is, and is one line."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission
from costoptix.database import writing
from costoptix.models import AuditEntry, Organization


def entries(session: Session) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry)))


def test_an_entry_says_who_did_what_to_what(session: Session, admin: Caller) -> None:
    with writing(session):
        audit.record(
            session, admin, "budget.changed", subject="All", before={"a": "1"}, after={"a": "2"}
        )
    (entry,) = entries(session)
    assert (entry.actor, entry.actor_id, entry.action) == (
        admin.label, admin.user_id, "budget.changed",
    )  # fmt: skip
    assert (entry.before, entry.after) == ({"a": "1"}, {"a": "2"})


def test_a_change_that_is_not_made_leaves_no_entry(session: Session, admin: Caller) -> None:
    with pytest.raises(RuntimeError, match="undone"), writing(session):
        audit.record(session, admin, "budget.changed")
        raise RuntimeError("undone")
    with writing(session):
        pass
    assert entries(session) == []


@pytest.mark.parametrize("forged", ["a\nbob deleted acme", "a\x1b[2Jb", "a\u2028b", "x" * 1_000])
def test_no_name_makes_a_second_line(session: Session, acme: Organization, forged: str) -> None:
    caller = Caller(acme.id, Permission.ADMIN, forged)
    with writing(session):
        audit.record(session, caller, "key.created", subject=forged)
    (entry,) = entries(session)
    for text in (entry.actor, entry.subject):
        assert text.isprintable()
        assert len(text) <= 400


def test_an_entry_is_written_by_a_writing_block_alone(session: Session, admin: Caller) -> None:
    with pytest.raises(RuntimeError, match="writing"):
        audit.record(session, admin, "budget.changed")


def test_what_looks_like_a_secret_is_hidden(session: Session, admin: Caller) -> None:
    key, signing = "cc_" + "a" * 46, "whsec_" + "b" * 32
    with writing(session):
        audit.record(
            session, admin, "webhook.changed", subject=f"named {key}",
            before={"secret": "s3cret", "name": f"{signing} was it", "of": [{"token": "t0k"}]},
            after={"secret": None, "Password": "hunter2", "url": "hooks.example.com"},
        )  # fmt: skip
    (entry,) = entries(session)
    written = f"{entry.subject} {entry.before} {entry.after}"
    for secret in (key, signing, "s3cret", "t0k", "hunter2"):
        assert secret not in written
    assert entry.after == {"secret": None, "Password": audit.HIDDEN, "url": "hooks.example.com"}
