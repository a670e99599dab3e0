"""``quota``: the count of calls, when it was lost."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from costoptix.access import quota_marks
from costoptix.cli.console import refusals_on_one_line
from costoptix.extensions import db, quota_storage

group = AppGroup("quota", help="The count of calls.")


def register(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(group)


@group.command()
@refusals_on_one_line
def begin() -> None:
    """Let calls through today although their count was lost, and say what that means.

    What the counter still holds stays counted; after it was emptied that is nothing. Where nothing
    was lost, nothing is changed, and the command ends with 1.
    """
    store = quota_marks.begin_anew(db.session(), quota_storage())
    click.echo(
        f"Calls are counted in {store} again, and let through. Those of today that it lost stay "
        "uncounted: until midnight UTC an organization may call as often again as its tier says.",
        err=True,
    )
