"""``doctor``: what is wrong with the installation, and the way out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from costoptix.cli.console import refusals_without_database
from costoptix.extensions import db
from costoptix.version import __version__

if TYPE_CHECKING:
    from costoptix.doctor.trouble import Examined


def register(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(doctor)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@click.option("--quick", is_flag=True, help="compare sizes of the lake's files, not their content")
@with_appcontext
@refusals_without_database
def doctor(as_json: bool, quick: bool) -> None:
    """Look for what is wrong, part by part; end with 1 where anything is."""
    from costoptix.doctor import examination  # here: no other command pays for it
    from costoptix.doctor.trouble import Installation

    config = current_app.config["COSTOPTIX"]
    installation = Installation(db.engine, config, reads_files=not quick)
    findings: list[Examined] = []
    for finding in examination.examine(installation):
        findings.append(finding)
        if not as_json:
            _print(finding)
    is_well = not any(finding.troubles for finding in findings)
    if as_json:
        click.echo(_document(findings))
    sys.exit(0 if is_well else 1)


def answer_without_start(arguments: Sequence[str], sentence: str) -> None:
    """Print what ``doctor --json`` owes its reader where the environment lets nothing start."""
    from costoptix.doctor.trouble import Examined, Trouble

    if {"doctor", "--json"} <= set(arguments):
        trouble = Trouble(sentence, "Mend what is named; then run doctor again.")
        click.echo(_document([Examined("environment", (trouble,))]))


def _document(findings: Sequence[Examined]) -> str:
    checks = [
        {"check": finding.check, "ok": not finding.troubles}
        | {"troubles": [asdict(trouble) for trouble in finding.troubles]}
        for finding in findings
    ]
    is_well = not any(finding.troubles for finding in findings)
    return json.dumps({"ok": is_well, "version": __version__, "checks": checks}, ensure_ascii=False)


def _print(finding: Examined) -> None:
    if not finding.troubles:
        click.echo(f"ok     {finding.check}")
    for trouble in finding.troubles:
        click.echo(f"WRONG  {finding.check}: {_one_line(trouble.sentence)}")
        click.echo(f"       → {_one_line(trouble.remedy)}")


def _one_line(text: str) -> str:
    """Write a sentence on one line; control characters of a name must not reach the terminal."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
