"""``lake export``: an organization's charges as files that other programs read."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from config import Config
from costoptix.access import organizations
from costoptix.access.permissions import command_line
from costoptix.bills.ledger import pause
from costoptix.cli.console import refusals_on_one_line
from costoptix.costs.answers import CostStore
from costoptix.errors import Conflict
from costoptix.extensions import db

lake = AppGroup("lake", help="The stored charges.")


def register(app: Flask) -> None:
    """Add the commands."""
    app.cli.add_command(lake)


@lake.command("export")
@click.argument("organization", metavar="ORG")
@click.argument("folder", type=click.Path(path_type=Path))
@refusals_on_one_line
def export(organization: str, folder: Path) -> None:
    """Write every charge of ORG into FOLDER, new or empty, as a partitioned tree of FOCUS 1.2.

    FOLDER appears when it is whole: Parquet by billing period, manifest.json and metadata.json.
    """
    from costoptix.costs import tree  # here: no other command pays for it

    config: Config = current_app.config["COSTOPTIX"]
    if folder.resolve().is_relative_to(config.data_dir.resolve()):
        raise Conflict(f"{folder} lies in the data folder: name another.")
    session = db.session()
    owner = organizations.find(session, organization)
    store = CostStore(config.lake_dir, config.temp_dir)
    with pause.held(db.engine):
        made = tree.export_tree(session, owner, command_line(owner.id), folder, store)
    click.echo(f"{made.rows} charges in {len(made.files)} files.", err=True)
