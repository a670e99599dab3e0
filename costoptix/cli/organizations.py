"""``org``: organizations and their tiers."""

from __future__ import annotations

import sys

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from costoptix.access import organizations
from costoptix.access.permissions import command_line
from costoptix.bills.ledger import housekeeping
from costoptix.cli.console import print_rows, refusals_on_one_line, secret_from_stdin
from costoptix.errors import Invalid
from costoptix.extensions import db

org = AppGroup("org", help="Organizations and their tiers. ORG is a name or an id.")


def register(app: Flask) -> None:
    """Add the commands."""
    app.cli.add_command(org)


@org.command()
@click.argument("name")
@click.option("--tier", required=True, help="starter, professional, business or enterprise")
@click.option("--admin-email", required=True, help="the first admin's address")
@click.option("--admin-password-stdin", is_flag=True, help="read the admin's password from stdin")
@refusals_on_one_line
def create(name: str, tier: str, admin_email: str, admin_password_stdin: bool) -> None:
    """Make an organization and its admin; print the organization's id."""
    if not admin_password_stdin:
        raise Invalid("Pass the admin's password on stdin with --admin-password-stdin.")
    organization, _ = organizations.create(
        db.session(), name=name, tier=tier, email=admin_email, password=secret_from_stdin()
    )
    click.echo(organization.id)


@org.command("set-tier")
@click.argument("organization", metavar="ORG")
@click.argument("tier")
@refusals_on_one_line
def set_tier(organization: str, tier: str) -> None:
    """Put ORG on another tier, in force for the very next call."""
    row = organizations.find(db.session(), organization)
    organizations.set_tier(db.session(), row, tier)


@org.command()
@click.argument("organization", metavar="ORG")
@click.argument("name")
@refusals_on_one_line
def rename(organization: str, name: str) -> None:
    """Give ORG another name."""
    row = organizations.find(db.session(), organization)
    organizations.rename(db.session(), row, command_line(row.id), name)


@org.command()
@click.argument("organization", metavar="ORG")
@click.option("--yes", is_flag=True, help="do not ask for confirmation")
@refusals_on_one_line
def delete(organization: str, yes: bool) -> None:
    """Delete ORG with its people, keys and data, for good."""
    row = organizations.find(db.session(), organization)
    if not yes and sys.stdin.isatty():
        click.confirm(f"Delete {row.name} and all its data for good?", abort=True, err=True)
    housekeeping.remove_organization(db.session(), current_app.config["COSTOPTIX"], row)


@org.command("list")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@refusals_on_one_line
def list_organizations(as_json: bool) -> None:
    """List the organizations."""
    rows = [
        {
            "id": organization.id,
            "name": organization.name,
            "tier": organization.tier,
            "users": people,
            "created_at": organization.created_at.isoformat(),
        }
        for organization, people in organizations.list_all(db.session())
    ]
    print_rows(rows, as_json=as_json)
