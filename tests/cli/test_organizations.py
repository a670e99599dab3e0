"""``org`` and ``users``: what scripts rely on."""

from __future__ import annotations

import contextvars
import json

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import users
from costoptix.lake.files import STAGING
from costoptix.models import Organization, User
from tests.bills.bill import write
from tests.support.bills import TakeIn
from tests.support.cast import PASSWORD

CREATE = ("org", "create", "Acme Cloud", "--tier", "business", "--admin-email",
          "Alice@example.com", "--admin-password-stdin")  # fmt: skip


def run(app: Flask, *arguments: str, stdin: str = "") -> Result:
    """Run a command as in a process of its own."""
    runner = app.test_cli_runner()
    return contextvars.Context().run(runner.invoke, args=list(arguments), input=stdin)


def test_an_organization_is_made_and_its_id_is_alone_on_stdout(
    app: Flask, session: Session
) -> None:
    result = run(app, *CREATE, stdin=PASSWORD + "\n")
    assert result.exit_code == 0
    organization = session.scalars(select(Organization)).one()
    assert result.stdout == f"{organization.id}\n"
    assert organization.tier == "business"
    assert users.sign_in(session, "alice@example.com", PASSWORD, "").role == "admin"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("org", "set-tier", "Acme Cloud", "gold"), "starter, professional, business, enterprise"),
        (("org", "set-tier", "Nowhere", "starter"), "Nowhere"),
        (("users", "set-role", "alice@example.com", "member"), "last admin"),
        (("users", "set-role", "alice@example.com", "owner"), "admin or member"),
        (("users", "set-role", "nobody@example.com", "admin"), "nobody@example.com"),
        (("users", "reset-password", "alice@example.com"), "--password-stdin"),
        (("org", "rename", "Acme Cloud", ""), "name"),
    ],
)
def test_a_refusal_is_one_line_on_stderr(
    app: Flask, alice: User, arguments: tuple[str, ...], word: str
) -> None:
    result = run(app, *arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert word in result.stderr


def test_lists_are_tables_or_json(app: Flask, alice: User, bob: User) -> None:
    assert "Acme Cloud" in run(app, "org", "list").stdout
    (organization,) = json.loads(run(app, "org", "list", "--json").stdout)
    assert (organization["name"], organization["users"]) == ("Acme Cloud", 2)
    people = json.loads(run(app, "users", "list", organization["id"], "--json").stdout)
    assert [(person["email"], person["role"]) for person in people] == [
        ("alice@example.com", "admin"), ("bob@example.com", "member"),
    ]  # fmt: skip


def test_nobody_is_locked_out_for_good(app: Flask, session: Session, bob: User) -> None:
    new = "another long passphrase"
    email = bob.email
    reset = run(app, "users", "reset-password", email.upper(), "--password-stdin", stdin=new)
    assert (reset.exit_code, reset.stdout) == (0, "")
    assert run(app, "users", "set-role", email, "admin").exit_code == 0
    session.rollback()
    session.expire_all()
    assert users.sign_in(session, email, new, "").role == "admin"


def test_an_organization_is_renamed_set_and_deleted(
    app: Flask, session: Session, alice: User
) -> None:
    assert run(app, "org", "rename", "Acme Cloud", "Acme").exit_code == 0
    assert run(app, "org", "set-tier", "Acme", "starter").exit_code == 0
    session.rollback()
    session.expire_all()
    assert session.scalars(select(Organization.tier)).one() == "starter"
    assert run(app, "org", "delete", "Acme").exit_code == 0
    session.rollback()
    assert session.scalars(select(Organization.id)).all() == []


def test_an_organization_that_is_deleted_leaves_no_file_of_its_bills(
    app: Flask, take_in: TakeIn, config: Config, acme: Organization, elsewhere: Organization
) -> None:
    rejected = write([{"BilledCost": "1"}] * 40 + [{"BilledCost": "NaN"}])
    waiting = write([{"BilledCost": "NaN"}])
    assert [take_in(content).state for content in (rejected, waiting)] == ["live", "waiting"]
    neighbour = config.lake_dir / f"organization={elsewhere.id}" / "import=x"
    neighbour.mkdir(parents=True)
    assert run(app, "org", "delete", "Acme Cloud").exit_code == 0
    assert set(config.lake_dir.iterdir()) == {neighbour.parent, config.lake_dir / STAGING}
    assert list((config.lake_dir / STAGING).iterdir()) == []
    assert list(config.uploads_dir.iterdir()) == []
    assert neighbour.is_dir()


def test_a_person_is_added(app: Flask, alice: User) -> None:
    arguments = ("users", "create", "Acme Cloud", "carol@example.com", "--password-stdin")
    made = run(app, *arguments, stdin=PASSWORD)
    assert made.exit_code == 0
    assert len(made.stdout.strip()) == 36
    again = run(app, *arguments, stdin=PASSWORD)
    assert again.exit_code == 1
    assert "already in use" in again.stderr
