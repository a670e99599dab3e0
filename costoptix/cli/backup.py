"""``backup`` and ``restore``: the whole installation in one file."""

from __future__ import annotations

from pathlib import Path

import click
from alembic import command
from flask import Flask, current_app
from flask.cli import with_appcontext

from config import Config
from costoptix.cli.console import refusals_on_one_line, refusals_without_database
from costoptix.database import open_engine
from costoptix.errors import Conflict
from costoptix.extensions import db

NAMED = 5
"""How many damaged files are said."""


def register(app: Flask) -> None:
    """Add the commands."""
    app.cli.add_command(backup)
    app.cli.add_command(restore)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--verify", is_flag=True, help="restore it into a scratch folder and add it up")
@with_appcontext
@refusals_on_one_line
def backup(file: Path, verify: bool) -> None:
    """Write everything but SECRET_KEY into FILE, while the installation serves and imports.

    Print the SHA-256 of FILE and its name, as sha256sum reads them.
    """
    from costoptix.backup import making, verifying  # here: no other command pays for them

    made = making.make(db.engine, _config(), file, _say)
    _say(
        f"{len(made.manifest.files)} files, {making.in_words(made.size_bytes)}. Keep the "
        "SECRET_KEY elsewhere: the backup does not hold it."
    )
    click.echo(f"{made.sha256}  {made.file}")
    if verify:
        verified = verifying.verify(_config(), made.file, _say)
        _say(
            f"Verified: organizations {verified.organizations}, deliveries {verified.deliveries}, "
            f"sums by delivery and currency {verified.totals}: all the same."
        )
    _require_whole(made.manifest.faults)


def _require_whole(faults: tuple[str, ...]) -> None:
    if faults:
        more = f" and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        raise Conflict(
            f"The backup is written, and what was damaged before is so in it: "
            f"{'; '.join(faults[:NAMED])}{more}. See: flask --app app doctor"
        )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--without-secrets", is_flag=True, help="go on though SECRET_KEY is not that of the backup"
)
@with_appcontext
@refusals_without_database
def restore(file: Path, without_secrets: bool) -> None:
    """Put what FILE holds into the data folder and the database, which must be empty."""
    from costoptix.backup import restoring  # here: no other command pays for it

    manifest = restoring.restore(
        db.engine, _config(), file, migrate, _say, without_secrets=without_secrets
    )
    for fault in manifest.faults[:NAMED]:
        _say(f"{fault}: it was so when the backup was made.")
    _say("The installation is restored. Start it, then run: flask --app app doctor")


def migrate(url: str) -> None:
    """Bring a restored database up to this version."""
    engine = open_engine(url)
    settings = current_app.extensions["migrate"].migrate.get_config()
    settings.attributes["engine"] = engine
    try:
        command.upgrade(settings, "head")
    except SystemExit as error:
        raise Conflict(f"{error.code} Nothing was restored.") from None
    finally:
        engine.dispose()


def _config() -> Config:
    config: Config = current_app.config["COSTOPTIX"]
    return config


def _say(line: str) -> None:
    click.echo(line, err=True)
