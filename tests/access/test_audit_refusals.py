"""Refused attempts are told, and a flood of them adds no rows."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.access import audit_refusals, users
from costoptix.access.permissions import Caller
from costoptix.errors import Unauthorized
from costoptix.models import AuditEntry, AuditTally, Organization, User


def entries(session: Session) -> list[AuditEntry]:
    session.expire_all()
    return session.query(AuditEntry).order_by(AuditEntry.number).all()


def test_the_first_of_an_hour_is_told_at_once_and_the_others_when_it_is_over(
    session: Session, admin: Caller
) -> None:
    clock.configure("2026-03-31T23:59:30Z")
    for subject in ("GET /a", "GET /b", "GET /b"):
        audit_refusals.note(session, admin, "access.refused", subject=subject)
    assert [entry.subject for entry in entries(session)] == ["GET /a"]
    audit_refusals.tell_ended(session)
    assert len(entries(session)) == 1
    clock.configure("2026-04-01T00:00:00Z")
    audit_refusals.tell_ended(session)
    audit_refusals.tell_ended(session)
    _, told = entries(session)
    assert (told.actor, told.actor_id, told.subject) == (admin.label, admin.user_id, "GET /b")
    assert told.after is not None
    assert told.after["more_times"] == 2
    assert told.after["hour"].startswith("2026-03-31T23:00")
    assert session.query(AuditTally).count() == 0


def test_the_next_attempt_of_a_later_hour_tells_as_well(session: Session, admin: Caller) -> None:
    """Without a worker."""
    for hour in (10, 10, 10, 11):
        clock.configure(f"2026-03-10T{hour}:00:00Z")
        audit_refusals.note(session, admin, "access.refused")
    assert [(entry.after or {}).get("more_times") for entry in entries(session)] == [None, 2, None]


def test_a_flood_of_wrong_passwords_adds_two_rows_an_hour(
    session: Session, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S10, S58: for whoever is known; all others are counted together, without what they typed."""
    clock.configure("2026-03-10T10:00:00Z")
    for number in range(8):
        for email in (alice.email, f"my-own-password-{number}"):
            with pytest.raises(Unauthorized):
                users.sign_in(session, email, "a wrong guess", f"192.0.2.{number}")
    clock.configure("2026-03-10T11:00:00Z")
    audit_refusals.tell_ended(session)
    rows = entries(session)
    assert len(rows) == 4
    assert {row.organization_id for row in rows} == {alice.organization_id, ""}
    assert "my-own-password" not in str([vars(row) for row in rows])
    assert rows[-1].after is not None
    assert rows[-1].after["more_times"] == 7
    assert len(rows[-1].after["addresses"]) == audit_refusals.NAMED


def test_a_count_that_is_full_writes_nothing_more(
    session: Session, acme: Organization, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_refusals, "MOST", 3)
    monkeypatch.setattr(audit_refusals, "_full", {})
    clock.configure("2026-03-10T10:00:00Z")
    for _ in range(6):
        audit_refusals.note(session, admin, "access.refused")
    assert session.query(AuditTally).one().times == 4
    clock.configure("2026-03-10T11:00:00Z")
    audit_refusals.note(session, admin, "access.refused")
    told = entries(session)[1]
    assert told.after is not None
    assert told.after["more_times"] == "3 or more"
