"""The lake: every file that a row names is there as it was delivered, and no file is too much."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import startup
from costoptix.bills.ledger import orphans
from costoptix.doctor.trouble import Installation, Trouble
from costoptix.models import Delivery, DeliveryFile, Import

AT_ONCE = 1_000
NAMED = 5
OLD = timedelta(days=1)
"""The sweep takes an orphan after an hour; a day later it has not run, or may not."""

PUT_BACK = (
    "Put the file back from a backup, or withdraw its import and send the bill again: "
    "questions about these days are refused or wrong until then."
)


def folder(installation: Installation) -> Iterator[Trouble]:
    """Find a lake that is missing or cannot be written to."""
    for line in startup.lake_warnings(installation.engine, installation.config.lake_dir):
        yield Trouble(line, "Mount the disk, or restore a backup.")


def files(installation: Installation) -> Iterator[Trouble]:
    """Find files that are missing, altered (by size, and hash where it is kept) or unreadable."""
    wrong: dict[str, list[str]] = {"missing": [], "altered": [], "unreadable": []}
    with Session(installation.engine) as session:
        rows = session.execute(
            select(
                DeliveryFile.path, DeliveryFile.size_bytes, DeliveryFile.sha256, Import.file_name
            )
            .join(Delivery, Delivery.id == DeliveryFile.delivery_id)
            .join(Import, Import.id == Delivery.import_id)
            .order_by(DeliveryFile.path)
            .execution_options(yield_per=AT_ONCE)
        )
        for path, size, digest, file_name in rows:
            place = installation.config.lake_dir / path
            state = _state(place, size, digest if installation.reads_files else None)
            if state and (state != "missing" or not _is_gone(installation, path)):
                wrong[state].append(f"{path} (of {_for_people(file_name)})")
    for state, paths in wrong.items():
        if paths:
            more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
            yield Trouble(
                f"Files of the lake are {state}: {', '.join(paths[:NAMED])}{more}.", PUT_BACK
            )


def extra_files(installation: Installation) -> Iterator[Trouble]:
    """Find files that lie among those of a delivery and are none of them.

    A delivery's row comes together with those of its files: one that has just come is no trouble.
    """
    lake = installation.config.lake_dir
    paths = lake.glob("organization=*/billing_period=*/delivery=*/*")
    extra: list[str] = []
    with Session(installation.engine) as session:
        while some := list(islice(paths, AT_ONCE // 2)):
            names = [str(path.relative_to(lake)) for path in some]
            ids = set(map(_delivery_of, names))
            there = set(session.scalars(select(Delivery.id).where(Delivery.id.in_(ids))))
            query = select(DeliveryFile.path).where(DeliveryFile.path.in_(names))
            rest = set(names) - set(session.scalars(query))
            session.rollback()
            extra += [name for name in sorted(rest) if _delivery_of(name) in there]
    if extra:
        more = f" and {len(extra) - NAMED} more" if len(extra) > NAMED else ""
        yield Trouble(
            f"Files lie in the lake that are of no import: {', '.join(extra[:NAMED])}{more}.",
            "Move them out: they count in no answer here, but a program that reads whole folders "
            "adds them.",
        )


def orphan_files(installation: Installation) -> Iterator[Trouble]:
    """Find files that no row names and that the sweep should have taken."""
    with Session(installation.engine) as session:
        paths = [
            orphan.path
            for orphan in orphans.find(session, installation.config)
            if orphans.is_unchanged_for(orphan.path, orphan.kept_for + OLD)
        ]
    if paths:
        named = ", ".join(path.name for path in paths[:NAMED])
        more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
        yield Trouble(
            f"Files that nothing names are left: {named}{more}.",
            "The worker removes them every ten minutes: see that it runs, and its log.",
        )


def _state(path: Path, size: int, digest: str | None) -> str:
    """Return what is wrong with a file, in a word; nothing where it is as it was."""
    try:
        if path.stat().st_size != size:
            return "altered"
        if digest is None:
            return ""
        with path.open("rb") as file:
            return "" if hashlib.file_digest(file, "sha256").hexdigest() == digest else "altered"
    except FileNotFoundError:
        return "missing"
    except OSError:  # of this one: of its rights, or of its place on the disk
        return "unreadable"


def _delivery_of(path: str) -> str:
    return Path(path).parent.name.partition("=")[2]


def _is_gone(installation: Installation, path: str) -> bool:
    """Tell whether the row of a file has gone too since the rows were read."""
    with Session(installation.engine) as session:
        return session.scalar(select(DeliveryFile.id).where(DeliveryFile.path == path)) is None


def _for_people(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)
