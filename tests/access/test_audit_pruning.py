"""What leaves the audit log leaves its chain whole; nothing else can be taken out of it."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.access import audit, audit_chain, audit_pruning, organizations
from costoptix.access.permissions import Caller, command_line
from costoptix.database import writing
from costoptix.models import AuditEntry, AuditHead, Organization


def write(session: Session, caller: Caller, day: str, number: int = 1) -> None:
    clock.configure(f"{day}T12:00:00Z")
    with writing(session):
        for _ in range(number):
            audit.record(session, caller, "test.done")


def numbers(session: Session) -> list[int]:
    return [row.number for row in session.query(AuditEntry).order_by(AuditEntry.number)]


def test_what_is_older_than_its_days_goes_and_the_rest_still_holds(
    session: Session, acme: Organization, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_pruning, "AT_ONCE", 2)
    write(session, admin, "2026-01-01", 5)
    write(session, admin, "2026-01-11", 2)
    clock.configure("2026-01-21T11:59:59Z")
    audit_pruning.keep(session, 10)
    assert numbers(session) == [6, 7]
    assert audit_chain.verify(session, acme.id, acme.name).faults == []
    clock.configure("2026-01-21T12:00:01Z")
    audit_pruning.keep(session, 10)
    assert numbers(session) == []
    write(session, admin, "2026-01-22")
    chain = audit_chain.verify(session, acme.id, acme.name)
    assert (chain.entries, chain.number, chain.faults) == (1, 8, [])


def test_a_clock_that_went_back_prunes_nothing_young(session: Session, admin: Caller) -> None:
    for day in ("2026-01-01", "2026-01-20", "2026-01-02"):
        write(session, admin, day)
    clock.configure("2026-01-21T12:00:00Z")
    audit_pruning.keep(session, 10)
    assert numbers(session) == [2, 3]


def test_a_deleted_organization_leaves_one_line_in_the_operators_log(
    session: Session, acme: Organization, elsewhere: Organization,
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(audit_pruning, "AT_ONCE", 2)
    write(session, command_line(acme.id), "2026-01-01", 5)
    write(session, command_line(elsewhere.id), "2026-01-01")
    acme_id = acme.id
    last = session.get_one(AuditHead, acme_id).hash
    with caplog.at_level(logging.INFO):
        organizations.remove(session, acme)
    (line,) = caplog.records
    assert (line.organization_id, line.entries, line.last_hash) == (acme_id, 5, last)  # type: ignore[attr-defined]
    assert line.deleted_at.startswith("2026-01-01T12:00")  # type: ignore[attr-defined]
    assert [row.organization_id for row in session.query(AuditEntry)] == [elsewhere.id]
    assert session.get(AuditHead, acme_id) is None


def test_a_deletion_that_was_cut_off_goes_on_in_the_background(
    session: Session, acme: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    write(session, command_line(acme.id), "2026-01-01", 3)
    with writing(session):
        session.delete(acme)
    audit_pruning.keep(session, 730)
    assert numbers(session) == []
    assert [line.entries for line in caplog.records] == [3]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_entries",
        "DELETE FROM audit_entries WHERE number = 1",
        "UPDATE audit_entries SET action = 'x'",
        "DELETE FROM audit_heads",
        "UPDATE audit_heads SET number = 0",
        "UPDATE audit_heads SET pruned_number = -1",
    ],
)
def test_nothing_else_is_let_through(
    session: Session, acme: Organization, admin: Caller, statement: str
) -> None:
    """S58: not of an organization that is there, and not what was not pruned."""
    write(session, admin, "2026-01-01", 2)
    with pytest.raises(DBAPIError, match="append-only"), writing(session):
        session.execute(text(statement))
    assert numbers(session) == [1, 2]


def test_entries_of_no_organization_are_kept_as_long_as_any(session: Session) -> None:
    nobody = command_line(audit.INSTALLATION)
    write(session, nobody, "2026-01-01")
    audit_pruning.keep(session, 730)
    assert numbers(session) == [1]
    clock.configure(str(clock.utc_now() + timedelta(days=731)).replace(" ", "T"))
    audit_pruning.keep(session, 730)
    assert numbers(session) == []
