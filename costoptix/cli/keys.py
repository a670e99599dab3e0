"""``keys``: API keys of an organization."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from costoptix import drafts
from costoptix.access import api_keys, organizations
from costoptix.access.api_keys import KeyDraft
from costoptix.access.permissions import Permission, command_line
from costoptix.cli.console import print_rows, refusals_on_one_line
from costoptix.extensions import db

keys = AppGroup("keys", help="API keys. ORG is a name or an id.")


def register(app: Flask) -> None:
    """Add the commands."""
    app.cli.add_command(keys)


@keys.command()
@click.argument("organization", metavar="ORG")
@click.argument("name")
@click.option("--permission", required=True, help=", ".join(Permission))
@click.option("--expires", help="YYYY-MM-DD, the end of that day UTC; never if absent")
@refusals_on_one_line
def create(organization: str, name: str, permission: str, expires: str | None) -> None:
    """Make a key for ORG and print it, this once."""
    owner = organizations.find(db.session(), organization)
    values = {"name": name, "permission": permission, "expires_at": expires}
    draft = drafts.read(KeyDraft, values)
    _, text = api_keys.create(db.session(), owner, command_line(owner.id), draft)
    click.echo(text)


@keys.command("list")
@click.argument("organization", metavar="ORG")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@refusals_on_one_line
def list_keys(organization: str, as_json: bool) -> None:
    """List the keys of ORG, revoked and expired ones too."""
    owner = organizations.find(db.session(), organization)
    rows = [
        {
            "id": key.id,
            "name": key.name,
            "prefix": key.prefix,
            "permission": key.permission,
            "state": api_keys.state_of(key),
            "created_by": key.created_by,
            "last_used_at": key.last_used_at and key.last_used_at.isoformat(),
            "expires_at": key.expires_at and key.expires_at.isoformat(),
        }
        for key in api_keys.of_organization(db.session(), owner)
    ]
    print_rows(rows, as_json=as_json)


@keys.command()
@click.argument("organization", metavar="ORG")
@click.argument("key_id")
@refusals_on_one_line
def revoke(organization: str, key_id: str) -> None:
    """Revoke a key of ORG, at once and for good."""
    owner = organizations.find(db.session(), organization)
    api_keys.revoke(db.session(), owner, command_line(owner.id), key_id)
