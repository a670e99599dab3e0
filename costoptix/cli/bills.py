"""``bills import`` and ``worker``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from config import Config
from costoptix import money, worker
from costoptix.access import organizations
from costoptix.access.permissions import command_line
from costoptix.bills import folders, imports, receive
from costoptix.bills.folders import Drop
from costoptix.cli.console import refusals_on_one_line
from costoptix.cli.progress import import_progress
from costoptix.costs.layout import METRICS
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.models import Import, Job, Organization

POLL_SECONDS = 0.5

bills = AppGroup("bills", help="Billing files.")


def register(app: Flask) -> None:
    """Add the commands."""
    app.cli.add_command(bills)
    app.cli.add_command(worker_command)


@bills.command("import")
@click.argument("organization", metavar="ORG")
@click.argument("files", metavar="FILE", nargs=-1, required=True, type=Path)
@click.option("--source", help="the source that the files belong to")
@click.option("--currency", help="ISO 4217 code, for files that do not name their currency")
@click.option("--replace", "decision", flag_value="replace",
              help="replace what is live, even where charges vanish")  # fmt: skip
@click.option("--add", "decision", flag_value="add", help="add beside what is live")
@refusals_on_one_line
def import_files(
    organization: str,
    files: tuple[Path, ...],
    source: str | None,
    currency: str | None,
    decision: str | None,
) -> None:
    """Import billing files into ORG, one after the other; return when they are live.

    A FILE may be a zip or a folder: one delivery, or those that its manifests name.

    Ends with 1 when a file is refused, or waits because charges would vanish or be doubled.
    """
    session = db.session()
    found = organizations.find(session, organization)
    drops = [drop for file in files for drop in folders.deliveries_of(file)]
    results = [_import(session, found, drop, source, currency, decision) for drop in drops]
    if any(row.state in ("refused", "waiting") for row in results):
        sys.exit(1)


@click.command("worker")
@click.option("--once", is_flag=True, help="do what is due, then end")
def worker_command(once: bool) -> None:
    """Run background jobs: imports, and keeping the house in order."""
    engine = db.engine
    worker.run(lambda: Session(engine, expire_on_commit=False), _config(), once=once)


def _config() -> Config:
    config: Config = current_app.config["COSTOPTIX"]
    return config


def _import(
    session: Session,
    organization: Organization,
    drop: Drop,
    source: str | None,
    currency: str | None,
    decision: str | None,
) -> Import:
    config = _config()
    decided = {} if decision is None else {"decision": decision}
    try:
        with drop.opened() as sent:
            row, job = receive.receive_parts(
                session,
                organization,
                command_line(organization.id),
                sent,
                drop.path,
                uploads_dir=config.uploads_dir,
                max_bytes=config.max_upload_bytes,
                source_name=source,
                currency=currency,
                options=drop.options | decided,
            )
    except OSError as error:
        raise Invalid(f"{error.filename}: {error.strerror}.") from None
    with import_progress(row):
        wait_for_import(session, config, job, row)
    row = imports.get(session, organization, row.id)
    _print(session, row)
    return row


def wait_for_import(session: Session, config: Config, job: Job, row: Import) -> None:
    """Do the job here, unless the background worker was quicker: then wait for it."""
    while not worker.run_job(session, config, job.id):
        session.refresh(row)
        if row.state not in ("received", "running"):
            return
        session.rollback()
        time.sleep(POLL_SECONDS)


def _print(session: Session, row: Import) -> None:
    click.echo(f"import: {row.id}")
    click.echo(f"file: {row.file_name}")
    click.echo(f"state: {row.state}")
    if row.error is not None:
        click.echo(f"{row.file_name}: {row.error}", err=True)
    if row.state == "waiting":
        click.echo(f"{row.file_name}: {row.message} Say --replace or --add.", err=True)
    elif row.message is not None:
        click.echo(f"message: {row.message}")
    if row.format is None:
        return
    click.echo(f"format: {row.format}")
    click.echo(f"rows: {row.rows_read} read, {row.rows_kept} kept, {row.rows_rejected} rejected")
    for period in imports.periods(session, row):
        account = period.billing_account_id or "no billing account"
        click.echo(
            f"period: {period.billing_period:%Y-%m} {account}: "
            f"{period.row_count} rows, {period.state}"
        )
    for currency, sums in imports.sums(session, row).items():
        told = ", ".join(f"{metric} {money.to_text(sums[metric])}" for metric in METRICS)
        click.echo(f"sums {currency}: {told}")
