"""An entry of the audit log is there exactly when its change is, and is one line."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission
from costoptix.models import AuditEntry, Organization


def entries(session: Session) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry)))


def test_an_entry_says_who_did_what_to_what(session: Session, admin: Caller) -> None:
    audit.record(
        session, admin, "budget.changed", subject="All", before={"a": "1"}, after={"a": "2"}
    )
    session.commit()
    (entry,) = entries(session)
    assert (entry.actor, entry.actor_id, entry.action) == (
        admin.label, admin.user_id, "budget.changed",
    )  # fmt: skip
    assert (entry.before, entry.after) == ({"a": "1"}, {"a": "2"})


def test_a_change_that_is_not_made_leaves_no_entry(session: Session, admin: Caller) -> None:
    audit.record(session, admin, "budget.changed")
    session.rollback()
    assert entries(session) == []


@pytest.mark.parametrize("forged", ["a\nbob deleted acme", "a\x1b[2Jb", "a\u2028b", "x" * 1_000])
def test_no_name_makes_a_second_line(session: Session, acme: Organization, forged: str) -> None:
    caller = Caller(acme.id, Permission.ADMIN, forged)
    audit.record(session, caller, "key.created", subject=forged)
    session.commit()
    (entry,) = entries(session)
    for text in (entry.actor, entry.subject):
        assert text.isprintable()
        assert len(text) <= 400
