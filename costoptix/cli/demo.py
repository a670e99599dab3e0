"""``demo``: an organization with 13 months of three-cloud bills, to look around in."""

from __future__ import annotations

import sys

import click
from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix.bills.intake import receive
from costoptix.cli.bills import wait_for_import
from costoptix.cli.console import refusals_on_one_line
from costoptix.demo import acme, life
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.models import UNFINISHED_STATES, Import, ImportState, Organization


def register(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(demo)


@click.command()
@click.option("--reset-credentials", is_flag=True, help="make a new password and a new key")
@refusals_on_one_line
def demo(reset_credentials: bool) -> None:
    """Fill "Acme Cloud" with bills through yesterday; a later run adds the days since."""
    session, config = db.session(), _config()
    lines = {"url": config.public_url, "email": acme.EMAIL}
    company = acme.find(session)
    if company is None:
        organization, _, lines["password"] = acme.found_company(session)
        lines["key"] = acme.new_key(session, organization)
    else:
        organization, user = company
        if reset_credentials:
            lines["password"] = acme.new_password(session, organization, user)
            lines["key"] = acme.new_key(session, organization)
    for name, value in lines.items():
        click.echo(f"{name}: {value}")
    _import_bills(session, organization, config)
    settle(session, organization, config)


def settle(session: Session, organization: Organization, config: Config) -> None:
    """Make what the people of Acme Cloud have left behind; the import of theirs is brought in."""
    click.echo("Looking back at Acme Cloud's year …", err=True)
    life.settle(session, organization, config)
    mine = Import.organization_id == organization.id
    for row in session.scalars(select(Import).where(mine, Import.state.in_(UNFINISHED_STATES))):
        wait_for_import(session, config, receive.job_of(session, row), row)


def _import_bills(session: Session, organization: Organization, config: Config) -> None:
    click.echo("Writing Acme Cloud's bills …", err=True)
    due = acme.bring_bills(session, organization, config)
    label = f"Importing {len(due)} bills"
    with click.progressbar(length=len(due), label=label, file=sys.stderr) as progress:
        for row, job in due:
            wait_for_import(session, config, job, row)
            session.refresh(row)
            progress.update(1)
            if row.state == ImportState.REFUSED:
                raise Invalid(f"{row.file_name}: {row.error}")


def _config() -> Config:
    config: Config = current_app.config["COSTOPTIX"]
    return config
