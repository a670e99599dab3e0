"""``demo``: an organization with 13 months of three-cloud bills, to look around in."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import click
from flask import Flask, current_app
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import command_line
from costoptix.bills.intake import receive
from costoptix.bills.ledger import listing
from costoptix.cli.bills import wait_for_import
from costoptix.cli.console import refusals_on_one_line, step
from costoptix.demo import acme, life, visiting
from costoptix.demo.bills import MONTHS
from costoptix.errors import Invalid, NotFound
from costoptix.extensions import db
from costoptix.models import Import, ImportState, Job, Organization

AT_ONCE = 2
"""How many bills are read at once, each in a process of its own: a small machine has two cores."""


def register(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(demo)


@click.command()
@click.option("--reset-credentials", is_flag=True, help="make a new password and a new key")
@click.option("--remove", is_flag=True, help="delete it with its people, keys, bills and files")
@refusals_on_one_line
def demo(reset_credentials: bool, remove: bool) -> None:
    """Fill "Acme Cloud" with bills through yesterday; a later run adds the days since."""
    session, config = db.session(), _config()
    if remove:
        _remove(session, config)
        return
    organization = open_company(session, config, reset_credentials=reset_credentials)
    bring(session, config, organization, MONTHS, err=True)
    settle(session, organization, config)


def _remove(session: Session, config: Config) -> None:
    company = acme.find(session)
    if company is None:
        raise NotFound("There is no demo here.")
    visiting.remove(session, company[0], command_line(company[0].id), config)


def open_company(
    session: Session, config: Config, *, reset_credentials: bool = False
) -> Organization:
    """Return the demo's organization, made where it is missing; print how to get in."""
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
    return organization


def settle(session: Session, organization: Organization, config: Config) -> None:
    """Make what the people of Acme Cloud have left behind; the import of theirs is brought in."""
    with step("Looking back at Acme Cloud's year", err=True):
        life.settle(session, organization, config)
        for row in listing.unfinished(session, organization):
            wait_for_import(session, config, receive.job_of(session, row), row)


def bring(
    session: Session, config: Config, organization: Organization, months: int, *, err: bool
) -> None:
    """Import what is missing of so many months; return when it is live, and say how long it took.

    Raises:
        Invalid: a bill was refused.
    """
    with step(f"Writing Acme Cloud's bills of {months} months", err=err):
        due = acme.bring_bills(session, organization, config, months)
        ids = [(row.id, job.id) for row, job in due]
    session.rollback()  # nothing is held open while others write
    if ids:
        with step(f"Importing {len(ids)} bills, {AT_ONCE} at once", err=err):
            _import_all(db.engine, config, ids)


def _import_all(engine: Engine, config: Config, ids: Sequence[tuple[str, str]]) -> None:
    """Do the imports of pairs of an import's and its job's id, in this order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        imports = [pool.submit(_import, engine, config, *pair) for pair in ids]
        try:
            for finished in as_completed(imports):
                finished.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _import(engine: Engine, config: Config, import_id: str, job_id: str) -> None:
    """Import one bill here, or wait for the worker that was quicker."""
    with Session(engine, expire_on_commit=False) as session:
        row, job = session.get_one(Import, import_id), session.get_one(Job, job_id)
        wait_for_import(session, config, job, row)
        session.refresh(row)
        if row.state == ImportState.REFUSED:
            raise Invalid(f"{row.file_name}: {row.error}")


def _config() -> Config:
    config: Config = current_app.config["COSTOPTIX"]
    return config
