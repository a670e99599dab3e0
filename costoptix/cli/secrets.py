"""``secrets``: what the database holds sealed."""

from __future__ import annotations

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from costoptix import startup
from costoptix.access import audit, secrets
from costoptix.access.permissions import command_line
from costoptix.cli.console import refusals_on_one_line
from costoptix.database import writing
from costoptix.errors import Conflict
from costoptix.extensions import db

group = AppGroup("secrets", help="Stored secrets.")


def register(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(group)


@group.command()
@refusals_on_one_line
def rotate() -> None:
    """Seal every stored secret anew under SECRET_KEY; print how many were under an older one."""
    config = current_app.config["COSTOPTIX"]
    startup.require_secret_key(db.engine, config)
    rotation = secrets.rotate(db.session(), secrets.SealingKeys.of(config))
    with writing(db.session()):
        audit.record(
            db.session(), command_line(audit.INSTALLATION), "secrets.rotated",
            after={"resealed": rotation.resealed},
        )  # fmt: skip
    click.echo(rotation.resealed)
    if rotation.unreadable:
        places = ", ".join(f"{at.table}.{at.column} of {at.row}" for at in rotation.unreadable)
        raise Conflict(
            f"These stored secrets open under none of the keys and must be entered anew: {places}."
        )
