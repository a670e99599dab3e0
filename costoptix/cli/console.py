"""What commands share: one line on stderr for a refusal, secrets by stdin, tables."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ParamSpec, TypeVar

import click
from flask import current_app
from limits.errors import StorageError
from sqlalchemy.exc import DBAPIError

from costoptix import startup
from costoptix.errors import CostOptixError, Invalid, unusable_files
from costoptix.extensions import db

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


def refusals_on_one_line(command: Callable[P, T]) -> Callable[P, T]:
    """End a command with status 1 and the sentence on stderr when the domain refuses.

    So does a database of another version, before the command begins, and one that is locked,
    damaged, read-only or gone, whenever that is found; the log has the rest.
    """

    @functools.wraps(command)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        startup.require_installation(current_app.config["COSTOPTIX"])
        startup.require_schema(db.engine)
        return command(*args, **kwargs)

    return refusals_without_database(checked)


def refusals_without_database(command: Callable[P, T]) -> Callable[P, T]:
    """Do what ``refusals_on_one_line`` does, for a command that begins without a database."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except CostOptixError as error:
            sentence = error.sentence
        except DBAPIError as error:
            logger.debug("the database failed", exc_info=True)
            sentence = startup.failure(error)
        except StorageError as error:
            sentence = f"The counter of calls does not answer ({error})."
        except OSError as error:
            logger.debug("a file failed", exc_info=True)
            sentence = unusable_files(error)
        click.echo(_cell(" ".join(sentence.split())), err=True)
        sys.exit(1)

    return run


@contextlib.contextmanager
def step(words: str, *, err: bool = False) -> Iterator[None]:
    """Say what begins, and behind it in how many seconds it was done.

    It is said on stdout, or with ``err`` on stderr, where stdout is for scripts.
    """
    click.echo(f"{words} … ", nl=False, err=err)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        click.echo(err=err)  # what went wrong has a line of its own
        raise
    click.echo(f"{time.monotonic() - began:.1f} s", err=err)


def secret_from_stdin() -> str:
    """Read a password: everything on stdin but the line end that an ``echo`` adds.

    Raises:
        Invalid: stdin is not text in UTF-8.
    """
    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise Invalid("The password on stdin must be text in UTF-8.") from None
    return text.removesuffix("\n").removesuffix("\r")


def print_rows(rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """Print rows as one JSON array, or as a table with their names above."""
    if as_json:
        click.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    if not rows:
        return
    cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    for line in cells:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    """Write a value on one line; control characters of a name must not reach the terminal."""
    text = "–" if value is None else str(value)
    return "".join(c if c.isprintable() else "?" for c in text)
