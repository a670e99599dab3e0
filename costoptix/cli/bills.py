"""``bills import`` and ``worker``."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from config import Config
from costoptix import money, startup, worker
from costoptix.access import organizations
from costoptix.access.permissions import command_line
from costoptix.bills.intake import folders, receive
from costoptix.bills.intake.folders import FolderDelivery
from costoptix.bills.intake.receive import Received
from costoptix.bills.intake.tree import Changed, Unreadable
from costoptix.bills.ledger import listing, questions
from costoptix.bills.ledger.questions import Kind
from costoptix.bills.read import child
from costoptix.cli.console import refusals_on_one_line
from costoptix.cli.progress import import_progress
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.lake.layout import METRICS
from costoptix.models import UNFINISHED_STATES, Import, ImportState, Job, Organization

POLL_SECONDS = 0.5
GROUP_SECONDS = 600.0
"""How long to look into the files of one command: nobody waits for an answer on the web."""

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
@click.option("--encoding", help="how text that is not UTF-8 is written, like cp1252 or utf-16-le")
@click.option("--replace", "decision", flag_value="replace",
              help="replace what is live, even where charges vanish")  # fmt: skip
@click.option("--import-anyway", is_flag=True,
              help="import although more than 5% of the rows cannot be read")  # fmt: skip
@click.option("--dataset", type=click.Choice(["actual", "amortized"]),
              help="which export of Azure it is, where the content does not show it")  # fmt: skip
@click.option("--add", "decision", flag_value="add", help="add beside what is live")
@click.option("--discard", "decision", flag_value="discard",
              help="do not import what a person would be asked about")  # fmt: skip
@click.option("--remember", is_flag=True,
              help="have the source answer the same question so from now on")  # fmt: skip
@click.option("--dry-run", is_flag=True,
              help="say what would become of the files, and make nothing live")  # fmt: skip
@refusals_on_one_line
def import_files(
    organization: str,
    files: tuple[Path, ...],
    source: str | None,
    currency: str | None,
    encoding: str | None,
    decision: str | None,
    dataset: str | None,
    import_anyway: bool,
    remember: bool,
    dry_run: bool,
) -> None:
    """Import billing files into ORG; return when they are live.

    Files of one format are the parts of one delivery. A FILE may be a zip or a folder: one
    delivery, or those that its manifests name.

    Ends with 1 when a file is refused, or waits for a person: charges would vanish or be doubled,
    too many rows cannot be read, or the file does not show which export it is.
    """
    session = db.session()
    owner = organizations.find(session, organization)
    answers = {
        "decision": decision,
        "dataset": dataset,
        "accept_rejected": import_anyway or None,
        "remember": [kind.value for kind in Kind] if remember else None,
        "dry_run": dry_run or None,
    }
    stated: dict[str, object] = {key: value for key, value in answers.items() if value is not None}
    results = [
        _finished(session, owner, received)
        for delivery in folders.deliveries_of(files)
        for received in _receive(session, owner, delivery, stated, source, currency, encoding)
    ]
    if any(map(_needs_a_person, results)):
        sys.exit(1)


def _needs_a_person(row: Import) -> bool:
    outlook = questions.outlook_of(row)
    state = row.state if outlook is None else outlook.state
    return state in (ImportState.REFUSED, ImportState.WAITING)


@click.command("worker")
@click.option("--once", is_flag=True, help="do what is due, then end")
@refusals_on_one_line
def worker_command(once: bool) -> None:
    """Run background jobs: imports, and keeping the house in order."""
    engine = db.engine
    startup.require_secret_key(engine, _config())
    for line in startup.lake_warnings(engine, _config().lake_dir):
        click.echo(line, err=True)
    worker.run(lambda: Session(engine, expire_on_commit=False), _config(), once=once)


def _config() -> Config:
    config: Config = current_app.config["COSTOPTIX"]
    return config


def _receive(
    session: Session,
    organization: Organization,
    delivery: FolderDelivery,
    stated: dict[str, object],
    source: str | None,
    currency: str | None,
    encoding: str | None,
) -> list[Received]:
    config = _config()
    group = partial(child.group, seconds=GROUP_SECONDS, encoding=encoding)
    try:
        with delivery.opened() as sent:
            return receive.receive(
                session,
                organization,
                command_line(organization.id),
                sent,
                uploads_dir=config.uploads_dir,
                max_bytes=config.max_upload_bytes,
                name=delivery.path,
                source_name=source,
                currency=currency,
                encoding=encoding,
                options=delivery.options | stated,
                group=None if delivery.path else group,
            )
    except Unreadable as error:
        raise Invalid(error.sentence) from None
    except OSError as error:
        raise Invalid(f"{error.filename}: {error.strerror}.") from None
    except Changed:
        raise Invalid("A file changed while it was read: try again when it is whole.") from None


def _finished(session: Session, organization: Organization, received: Received) -> Import:
    """Wait for an import, showing how far it is, and print what became of it.

    Where it answers another one that waits, that one is waited for as well.
    """
    row, job = received
    with import_progress(row):
        wait_for_import(session, _config(), job, row)
    row = listing.get(session, organization, row.id)
    _print(session, row)
    if row.repeats is not None and row.repeats.state in UNFINISHED_STATES:
        job = receive.job_of(session, row.repeats)
        return _finished(session, organization, Received(row.repeats, job))
    return row


def wait_for_import(session: Session, config: Config, job: Job, row: Import) -> None:
    """Do the job here, unless the background worker was quicker: then wait for it."""
    while not worker.run_job(session, config, job.id):
        session.refresh(row)
        if row.state not in UNFINISHED_STATES:
            return
        session.rollback()
        time.sleep(POLL_SECONDS)


def _ways(row: Import) -> str:
    """Say how a waiting import is decided by command."""
    question = questions.question_of(row)
    match question and question.kind:
        case Kind.DATASET:
            return "Give --dataset actual, --dataset amortized or --discard."
        case Kind.REJECTED:
            return "Give --import-anyway or --discard."
        case _:
            flags = [f"--{answer}" for answer in question.answers] if question else []
            return f"Give {', '.join(flags[:-1])} or {flags[-1]}."


def _print(session: Session, row: Import) -> None:
    click.echo(f"import: {row.id}")
    click.echo(f"file: {row.file_name}")
    click.echo(f"state: {row.state}")
    if row.repeats is not None:
        original = row.repeats
        click.echo(f"repeats: {original.id} {original.file_name} ({original.state})")
    if row.error is not None:
        click.echo(f"{row.file_name}: {row.error}", err=True)
    if row.state == ImportState.WAITING:
        click.echo(f"{row.file_name}: {row.message} {_ways(row)}", err=True)
    elif row.message is not None:
        click.echo(f"message: {row.message}")
    if row.format is None:
        return
    click.echo(f"format: {row.format}")
    click.echo(f"rows: {row.rows_read} read, {row.rows_kept} kept, {row.rows_rejected} rejected")
    if row.charges not in (None, row.rows_kept):
        click.echo(f"charges: {row.charges}")
    for note in row.notes or ():
        click.echo(f"note: {note}")
    for period in listing.periods(session, row):
        account = period.billing_account_id or "no billing account"
        dataset = f" ({period.dataset})" if period.dataset else ""
        click.echo(
            f"period: {period.billing_period.text} {account}: "
            f"{period.row_count} charges{dataset}, {period.state}"
        )
        if period.incomplete:
            click.echo(f"note: {period.billing_period.text}: {period.incomplete}")
    _print_sums(session, row)


def _print_sums(session: Session, row: Import) -> None:
    for currency, sums in listing.sums(session, row).items():
        click.echo(f"sums {currency}: {_amounts(sums)}")
    money_rejected = listing.rejected_money(listing.reconciliation(session, row))
    for currency, sums in money_rejected.sums.items():
        click.echo(f"rejected {currency or '(no currency)'}: {_amounts(sums)}")
    if money_rejected.unread:
        unread = ", ".join(f"{metric} of {n}" for metric, n in money_rejected.unread.items())
        click.echo(f"rejected, amount not readable: {unread}")


def _amounts(sums: Mapping[str, Decimal | None]) -> str:
    texts = {
        metric: "–" if (sum_ := sums[metric]) is None else money.to_text(sum_) for metric in METRICS
    }
    return ", ".join(f"{metric} {text}" for metric, text in texts.items())
