"""``users``: people, so that nobody is locked out for good."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from costoptix.access import organizations, users
from costoptix.access.permissions import Role, command_line
from costoptix.cli.console import print_rows, refusals_on_one_line, secret_from_stdin
from costoptix.errors import Invalid
from costoptix.extensions import db

group = AppGroup("users", help="People. ORG is a name or an id.")


def register(app: Flask) -> None:
    """Add the commands."""
    app.cli.add_command(group)


@group.command("list")
@click.argument("organization", metavar="ORG")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@refusals_on_one_line
def list_users(organization: str, as_json: bool) -> None:
    """List the people of ORG."""
    owner = organizations.find(db.session(), organization)
    rows = [
        {
            "id": user.id,
            "email": user.email,
            "name": user.name,
            "role": user.role,
            "active": user.is_active,
            "created_at": user.created_at.isoformat(),
        }
        for user in users.list_of(db.session(), owner)
    ]
    print_rows(rows, as_json=as_json)


@group.command()
@click.argument("organization", metavar="ORG")
@click.argument("email")
@click.option("--role", default=Role.MEMBER.value, help="admin or member")
@click.option("--password-stdin", is_flag=True, help="read the password from stdin")
@refusals_on_one_line
def create(organization: str, email: str, role: str, password_stdin: bool) -> None:
    """Add a person to ORG; print their id."""
    owner = organizations.find(db.session(), organization)
    user = users.create(
        db.session(), owner, command_line(owner.id),
        email=email, password=_password(password_stdin), role=_role(role),
    )  # fmt: skip
    click.echo(user.id)


@group.command("reset-password")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="read the password from stdin")
@refusals_on_one_line
def reset_password(email: str, password_stdin: bool) -> None:
    """Give the person a new password and end their sessions."""
    user = users.find_by_address(db.session(), email)
    caller = command_line(user.organization_id)
    users.change_password(db.session(), caller, user, _password(password_stdin))


@group.command("set-role")
@click.argument("email")
@click.argument("role")
@refusals_on_one_line
def set_role(email: str, role: str) -> None:
    """Make the person admin or member."""
    user = users.find_by_address(db.session(), email)
    users.set_role(
        db.session(), user.organization, command_line(user.organization_id), user.id, _role(role)
    )


def _password(is_on_stdin: bool) -> str:
    if not is_on_stdin:
        raise Invalid("Pass the password on stdin with --password-stdin.")
    return secret_from_stdin()


def _role(text: str) -> Role:
    if text not in list(Role):
        raise Invalid(f"The role must be admin or member, not {text[:40]!a}.")
    return Role(text)
