"""An entry that is changed, removed or put in is found, whoever did it (S58)."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from costoptix.access import audit, audit_chain
from costoptix.access.permissions import Caller, command_line
from costoptix.database import writing
from costoptix.models import AuditEntry, Organization

Sql = Callable[..., None]


@pytest.fixture
def log(session: Session, acme: Organization, admin: Caller) -> list[str]:
    """The hashes of five entries of acme, in two transactions."""
    for numbers in ((1, 2, 3), (4, 5)):
        with writing(session):
            for number in numbers:
                audit.record(
                    session, admin, f"test.no_{number}", after={"number": 1.5, "é": [number]}
                )
    rows = session.query(AuditEntry).order_by(AuditEntry.number).all()
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    return [row.hash for row in rows]


@pytest.fixture
def sql(session: Session, log: list[str], on_postgresql: bool) -> Sql:
    """Run SQL as somebody does who has the database, and takes the triggers away."""

    def run(statement: str, **values: object) -> None:
        if on_postgresql:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            triggers = session.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            )
            for (name,) in triggers.all():
                session.execute(text(f"DROP TRIGGER {name}"))
        session.execute(text(statement), values)
        session.commit()

    return run


def faults(session: Session, organization: Organization) -> list[str]:
    return audit_chain.verify(session, organization.id, organization.name).faults


def test_what_was_written_holds(session: Session, acme: Organization, log: list[str]) -> None:
    chain = audit_chain.verify(session, acme.id, acme.name)
    assert (chain.entries, chain.number, chain.hash) == (5, 5, log[-1])
    assert chain.faults == []
    assert len({*log}) == 5


@pytest.mark.parametrize(
    "changed",
    [
        "actor = 'mallory'", "actor_kind = 'key'", "actor_id = NULL", "address = '192.0.2.1'",
        "action = 'x'", "subject = 'x'", "subject_id = 'x'", "before = '{}'",
        "after = '{}'", "at = '2026-01-01 00:00:00.000001'", "hash = 'x'",
    ],
)  # fmt: skip
def test_a_changed_entry_is_found(
    session: Session, acme: Organization, sql: Sql, changed: str
) -> None:
    sql(f"UPDATE audit_entries SET {changed} WHERE number = 3")
    (fault, *rest) = faults(session, acme)
    assert fault.startswith("entry 3 (")
    assert len(rest) == changed.startswith("hash")  # the next one is not made of that


@pytest.mark.parametrize(
    ("numbers", "fault"),
    [
        ("(3)", "entry 3 is missing"),
        ("(2, 3)", "entries 2 to 3 are missing"),
        ("(1)", "entry 1 is missing"),
        ("(5)", "entry 5 is missing"),
        ("(4, 5)", "entries 4 to 5 are missing"),
        ("(1, 2, 3, 4, 5)", "entries 1 to 5 are missing"),
    ],
)
def test_a_removed_entry_is_found_in_the_middle_and_at_both_ends(
    session: Session, acme: Organization, sql: Sql, numbers: str, fault: str
) -> None:
    sql(f"DELETE FROM audit_entries WHERE number IN {numbers}")
    assert faults(session, acme) == [fault]


def test_an_entry_that_was_put_in_is_found(session: Session, acme: Organization, sql: Sql) -> None:
    copied = (
        "INSERT INTO audit_entries (organization_id, number, at, actor_kind, actor, address, "
        "action, subject, hash) SELECT organization_id, {}, at, actor_kind, actor, address, 'x', "
        "'', hash "
        "FROM audit_entries WHERE number = 3"
    )
    sql(copied.format(6))
    assert faults(session, acme)[-1] == "what stands behind entry 5 was put there"
    sql("DELETE FROM audit_entries WHERE number = 6")
    assert faults(session, acme) == []
    sql(copied.format(0))
    assert faults(session, acme) == ["1 at the beginning were put there"]
    sql("DELETE FROM audit_entries WHERE number = 0")
    sql("UPDATE audit_entries SET number = 6 WHERE number = 5")
    sql("UPDATE audit_entries SET number = 5 WHERE number = 4")
    sql(copied.format(4))
    assert len(faults(session, acme)) > 0


def test_a_head_that_was_changed_or_removed_is_found(
    session: Session, acme: Organization, sql: Sql
) -> None:
    sql("UPDATE audit_heads SET number = 4")
    assert faults(session, acme) == ["what stands behind entry 4 was put there"]
    sql("UPDATE audit_heads SET number = 5, hash = 'x'")
    assert faults(session, acme) == ["entry 5, the last one, or the head was changed"]
    sql("DELETE FROM audit_heads")
    assert "head is missing" in faults(session, acme)[0]
    assert any(chain.faults for chain in audit_chain.verify_all(session))


def test_the_entry_of_another_organization_does_not_fit(
    session: Session, acme: Organization, elsewhere: Organization, sql: Sql
) -> None:
    with writing(session):
        audit.record(session, command_line(elsewhere.id), "test.theirs")
    sql("UPDATE audit_entries SET organization_id = :id WHERE number = 5", id=elsewhere.id)
    assert faults(session, acme) == ["entry 5 is missing"]
    assert faults(session, elsewhere) != []


def test_more_entries_than_are_read_at_once_hold(
    session: Session, acme: Organization, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_chain, "READ_AT_ONCE", 2)
    assert audit_chain.verify(session, acme.id, acme.name).entries == 5
    assert faults(session, acme) == []


def test_two_workers_at_once_keep_one_chain(session: Session, acme: Organization) -> None:
    """Each with its own connection; none waits for the other to end all it does."""
    bind = session.get_bind()
    assert isinstance(bind, Engine)

    def write(name: str) -> None:
        with Session(bind) as own:
            for number in range(10):
                with writing(own):
                    audit.record(own, command_line(acme.id), f"test.{name}", after={"n": number})

    acme_id, acme_name = acme.id, acme.name
    session.rollback()
    threads = [
        threading.Thread(target=contextvars.Context().run, args=(write, name)) for name in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain = audit_chain.verify(session, acme_id, acme_name)
    assert (chain.entries, chain.faults) == (20, [])
