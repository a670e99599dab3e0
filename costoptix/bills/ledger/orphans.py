"""Files that no row names: what killed work left, and what was replaced for good.

They are looked for a few at a time, each few by one question that an index answers: however many
deliveries there are, neither they nor their names are in memory at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.lake.files import EXPORTS, STAGING
from costoptix.models import UNFINISHED_STATES, Delivery, Import, ImportState, Organization

GRACE = timedelta(hours=1)
"""By the file system's own clock, by which the files' ages are measured."""

STAGED_KEPT = timedelta(days=7)
"""For how long what an import that waits has made is kept; later its file is read again."""

ASKED_AT_ONCE = 500

_STATES_WITH_FILES = (*UNFINISHED_STATES, ImportState.WAITING)
Named = Callable[[list[str]], Select[str]]
"""Which of some names a row has."""


@dataclass(frozen=True)
class Orphan:
    """A file or folder that can go once nothing of it has changed for ``kept_for``."""

    path: Path
    kept_for: timedelta = field(default_factory=lambda: GRACE)


def find(session: Session, config: Config) -> Iterator[Orphan]:
    """Yield uploads, exports and folders of the lake that no row names.

    The session's transaction ends after each question: nothing is held while files are removed.
    """
    lake = config.lake_dir
    paths = (
        *_unnamed(session, _children(config.uploads_dir), _whole, _uploads),
        *_children(config.temp_dir / EXPORTS),
    )
    yield from map(Orphan, paths)
    for path in _unnamed(session, _children(lake / STAGING), _import_of_staging, _unfinished):
        is_waiting = session.scalar(_waiting(path.name)) is not None
        session.rollback()
        yield Orphan(path, STAGED_KEPT if is_waiting else GRACE)
    yield from map(Orphan, _orphans_of_the_lake(session, lake))


def is_unchanged_for(path: Path, length: timedelta) -> bool:
    """Tell whether nothing of a file or folder was changed for so long; one that is gone was."""
    try:
        newest = max(p.stat().st_mtime for p in (path, *path.rglob("*")))
    except FileNotFoundError:
        return False
    return newest < time.time() - length.total_seconds()


def _orphans_of_the_lake(session: Session, lake: Path) -> Iterator[Path]:
    yield from _unnamed(session, lake.glob("organization=*"), _value, _ids(Organization))
    for organization in lake.glob("organization=*"):
        yield from _unnamed(session, organization.glob("import=*"), _value, _ids(Import))
        for month in organization.glob("billing_period=*"):
            deliveries = _children(month)
            if not deliveries:
                yield month
            yield from _unnamed(session, deliveries, _value, _ids(Delivery))


def _unnamed(
    session: Session, paths: Iterable[Path], name_of: Callable[[Path], str], named: Named
) -> Iterator[Path]:
    """Yield the paths that no row names."""
    rest = iter(paths)
    while some := list(islice(rest, ASKED_AT_ONCE)):
        names = set(session.scalars(named([name_of(path) for path in some])))
        session.rollback()
        yield from (path for path in some if name_of(path) not in names)


def _ids(table: type[Organization] | type[Import] | type[Delivery]) -> Named:
    return lambda names: select(table.id).where(table.id.in_(names))


def _uploads(names: list[str]) -> Select[str]:
    return select(Import.stored_name).where(
        Import.stored_name.in_(names), Import.state.in_(_STATES_WITH_FILES)
    )


def _unfinished(ids: list[str]) -> Select[str]:
    return select(Import.id).where(Import.id.in_(ids), Import.state.in_(UNFINISHED_STATES))


def _waiting(import_id: str) -> Select[str]:
    return select(Import.id).where(Import.id == import_id, Import.state == ImportState.WAITING)


def _whole(path: Path) -> str:
    return path.name


def _value(path: Path) -> str:
    """Return what stands after ``name=``."""
    return path.name.partition("=")[2]


def _import_of_staging(path: Path) -> str:
    return path.name[:36]


def _children(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
