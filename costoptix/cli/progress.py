"""A progress bar on stderr for a person at a terminal; scripts see nothing of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import click
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from costoptix.extensions import db
from costoptix.models import Import

REDRAW_SECONDS = 0.5


@contextmanager
def import_progress(row: Import) -> Iterator[None]:
    """Draw how much of an import's file is read, with the time left, while the block runs."""
    if not sys.stderr.isatty():
        yield
        return
    done = Event()
    drawing = Thread(target=_draw, args=(db.engine, row.id, row.size_bytes, done))
    drawing.start()
    try:
        yield
    finally:
        done.set()
        drawing.join()


def _draw(engine: Engine, import_id: str, size_bytes: int, done: Event) -> None:
    with click.progressbar(length=size_bytes, label="Reading", file=sys.stderr) as bar:
        while not done.wait(REDRAW_SECONDS):
            with Session(engine) as session:
                row = session.get(Import, import_id)
            if row is not None:
                bar.update(min(row.bytes_done, size_bytes) - bar.pos)
        bar.update(size_bytes - bar.pos)
