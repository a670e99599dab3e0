"""Transactions: writers say so beforehand, and lose nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Table, UniqueConstraint, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import audit, passwords
from costoptix.access.permissions import Caller
from costoptix.bills.ledger import listing
from costoptix.bills.read import child, rejections
from costoptix.costs.answers import CostStore
from costoptix.database import is_writing, writing
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.models import AuditEntry, Base, Organization, SetupState
from tests.support import lock_watch
from tests.support.many import many_deliveries


def test_read_then_write_by_many_threads_loses_no_update(app: Flask, session: Session) -> None:
    with writing(session):
        session.add(SetupState(name="count", value="0"))

    def count_up() -> None:
        with app.app_context():
            for _ in range(10):
                own = db.session()
                with writing(own):
                    state = own.get_one(SetupState, "count", with_for_update=True)
                    state.value = str(int(state.value) + 1)
            db.session.remove()

    threads = [threading.Thread(target=count_up) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session.expire_all()
    assert session.get_one(SetupState, "count").value == "60"


def test_an_exception_rolls_back_what_the_block_wrote(session: Session) -> None:
    with pytest.raises(RuntimeError), writing(session):
        session.add(SetupState(name="half", value="done"))
        session.flush()
        raise RuntimeError
    assert session.get(SetupState, "half") is None


def test_an_inner_block_joins_the_outer_one(session: Session) -> None:
    with pytest.raises(RuntimeError), writing(session):
        with writing(session):
            session.add(SetupState(name="inner", value="done"))
        raise RuntimeError
    assert session.get(SetupState, "inner") is None


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries"]
)
def test_s58_the_audit_log_refuses_changes(
    session: Session, acme: Organization, admin: Caller, statement: str
) -> None:
    with writing(session):
        audit.record(session, admin, "api_key.created", subject="CI\r\nforged line")
    with pytest.raises(DBAPIError, match="append-only"), writing(session):
        session.execute(text(statement))
    entry = session.scalars(select(AuditEntry).where(AuditEntry.organization_id == acme.id)).one()
    assert entry.subject == r"CI\r\nforged line"


def test_what_is_slow_is_noticed_while_the_write_lock_is_held(
    session: Session, acme: Organization, tmp_path: Path, config: Config
) -> None:
    """What ``lock_watch`` makes of every test: a file, a process, a hash, DuckDB, 1,001 rows."""
    many_deliveries(session, acme, scopes=1_001, each=1)
    bill = tmp_path / "bill.csv"
    bill.write_bytes(b"a,b")
    engine = CostStore(config.lake_dir, config.temp_dir).engine
    with writing(session):
        rejections.read_part(bill, 0, 0)
        with suppress(Invalid):
            child.group([bill])
        passwords.hash_password("a long password")
        list(engine.read("SELECT 1", {}))
        listing.list_imports(session, acme, limit=1_001)
    engine.close()
    noticed = "\n".join(lock_watch.taken())
    for what in (
        f"open({bill})", "subprocess.Popen(", "a password is hashed", "DuckDB is asked",
        "more than 1,000 rows fetched",
    ):  # fmt: skip
        assert what in noticed


def test_what_is_slow_is_nobody_s_concern_without_the_lock(tmp_path: Path) -> None:
    assert list(rejections.read(tmp_path / "rejections.jsonl")) == []
    passwords.hash_password("a long password")
    assert not is_writing()
    assert lock_watch.taken() == []


def test_every_reference_to_another_row_is_served_by_an_index() -> None:
    """Else the row that is referred to cannot go without looking at the whole table."""
    unserved = [
        f"{table.name}.{key.column_keys[0]}"
        for table in Base.metadata.tables.values()
        for key in table.foreign_key_constraints
        if not any(columns[0] == key.column_keys[0] for columns in _served(table))
    ]
    assert unserved == []


def _served(table: Table) -> Iterator[Sequence[str]]:
    yield table.primary_key.columns.keys()
    for index in table.indexes:
        yield index.columns.keys()
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield constraint.columns.keys()
