"""``audit``: whether the audit log is as it was written."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from costoptix.access import audit_chain, organizations
from costoptix.access.audit_chain import Chain
from costoptix.cli.console import refusals_on_one_line
from costoptix.errors import Conflict
from costoptix.extensions import db

NAMED = 5
"""How many faults of one log are said."""

group = AppGroup("audit", help="The audit log. ORG is a name or an id.")


def register(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(group)


@group.command()
@click.argument("organization", metavar="[ORG]", required=False)
@refusals_on_one_line
def verify(organization: str | None) -> None:
    """Find entries that were changed, removed or put in; of all organizations without ORG.

    Say on stderr of each log that holds how many entries it has, and the number and the hash of
    the last: noted elsewhere, they tell later that the log was not written anew.
    """
    chains = _verified(organization)
    broken = [chain for chain in chains if chain.faults]
    if broken:
        raise Conflict("; ".join(map(_faults, broken)) + ".")
    for chain in chains:
        click.echo(
            f"{chain.name}: {chain.entries} entries hold; the last is {chain.number}, {chain.hash}",
            err=True,
        )


def _verified(organization: str | None) -> list[Chain]:
    session = db.session()
    if organization is None:
        return audit_chain.verify_all(session)
    owner = organizations.find(session, organization)
    return [audit_chain.verify(session, owner.id, owner.name)]


def _faults(chain: Chain) -> str:
    faults = ", ".join(chain.faults[:NAMED])
    more = len(chain.faults) - NAMED
    return f"The audit log of {chain.name} does not hold: {faults}" + (
        f" and {more} more" if more > 0 else ""
    )
