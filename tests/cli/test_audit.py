"""``audit verify``: what a person asks who wants to know whether the log is as it was written."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from costoptix.models import AuditHead
from tests.cli.test_organizations import CREATE, run
from tests.support.cast import PASSWORD


@pytest.fixture
def acme_id(app: Flask) -> str:
    return run(app, *CREATE, stdin=PASSWORD).stdout.strip()


def test_a_log_that_holds_is_said_with_its_last_hash(
    app: Flask, session: Session, acme_id: str
) -> None:
    for arguments in ((), ("Acme Cloud",), (acme_id,)):
        done = run(app, "audit", "verify", *arguments)
        assert (done.exit_code, done.stdout) == (0, "")
        assert f"2 entries hold; the last is 2, {session.get_one(AuditHead, acme_id).hash}" in (
            done.stderr
        )


def test_a_log_that_does_not_hold_is_one_line_and_status_1(
    app: Flask, session: Session, acme_id: str
) -> None:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    disable = "DROP TRIGGER audit_entries_no_update"
    session.execute(text(disable if is_sqlite else "SET LOCAL session_replication_role = replica"))
    session.execute(text("UPDATE audit_entries SET subject = 'Evil' WHERE number = 1"))
    session.commit()
    for arguments in ((), ("Acme Cloud",)):
        done = run(app, "audit", "verify", *arguments)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.startswith("The audit log of Acme Cloud does not hold: entry 1 (")
        assert done.stderr.count("\n") == 1


def test_an_organization_that_is_not_there_is_said(app: Flask) -> None:
    done = run(app, "audit", "verify", "Nowhere")
    assert done.exit_code == 1
    assert "Nowhere" in done.stderr


def test_a_new_installation_has_an_empty_log_that_holds(app: Flask) -> None:
    done = run(app, "audit", "verify")
    assert done.exit_code == 0
    assert "the installation: 0 entries hold" in done.stderr
