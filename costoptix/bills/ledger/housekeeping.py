"""Removing files that nothing names: what killed work left, and what was replaced for good.

Only files over an hour old are touched: a reader may have listed them, or an import may be about
to name them.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import organizations
from costoptix.bills.ledger import history
from costoptix.bills.ledger.deliveries import in_scope, version_of
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.lake.files import EXPORTS, STAGING, organization_folder
from costoptix.models import (
    UNFINISHED_STATES,
    Delivery,
    DeliveryState,
    Import,
    ImportState,
    Organization,
)

HISTORY_KEPT = 6
"""Deliveries of one scope, the live one among them."""

WITHDRAWN_KEPT = timedelta(days=30)
"""For how long after its withdrawal a delivery is still shown on the page of its import."""

BATCH = 200
"""Rows deleted in one transaction: with the rows of their files, some 10 ms of the write lock."""

GRACE = timedelta(hours=1)
"""By the file system's own clock, by which the files' ages are measured."""


STAGED_KEPT = timedelta(days=7)
"""For how long what an import that waits has made is kept; later its file is read again."""


@dataclass(frozen=True)
class _Named:
    """What rows name, and may therefore stay."""

    organizations: frozenset[str]
    imports: frozenset[str]
    unfinished: frozenset[str]  # imports that a worker has to do with
    waiting: frozenset[str]  # imports that a person has to do with
    uploads: frozenset[str]  # of both
    deliveries: frozenset[str]


def sweep(session: Session, config: Config) -> int:
    """Delete uploads and folders of the lake that no row names; return how many."""
    named = _named(session)
    lake = config.lake_dir
    orphans = [
        *(path for path in _children(config.uploads_dir) if path.name not in named.uploads),
        *_children(config.temp_dir / EXPORTS),
        *(path for path in _children(lake / STAGING) if path.name[:36] not in named.unfinished),
        *_orphans_of_the_lake(lake, named),
    ]
    removed = 0
    for path in orphans:
        if _is_old(path, _kept_for(path, named)):  # of a folder that is gone already, nothing is
            _remove(path)
            removed += 1
    return removed


def _named(session: Session) -> _Named:
    imports = session.execute(select(Import.id, Import.state, Import.stored_name)).all()
    unfinished = [row for row in imports if row.state in UNFINISHED_STATES]
    waiting = [row for row in imports if row.state == ImportState.WAITING]
    named = _Named(
        organizations=frozenset(session.scalars(select(Organization.id))),
        imports=frozenset(row.id for row in imports),
        unfinished=frozenset(row.id for row in unfinished),
        waiting=frozenset(row.id for row in waiting),
        uploads=frozenset(row.stored_name for row in (*unfinished, *waiting)),
        deliveries=frozenset(session.scalars(select(Delivery.id))),
    )
    session.rollback()
    return named


def _orphans_of_the_lake(lake: Path, named: _Named) -> Iterator[Path]:
    for organization in lake.glob("organization=*"):
        if organization.name.removeprefix("organization=") not in named.organizations:
            yield organization
        for rejected in organization.glob("import=*"):
            if rejected.name.removeprefix("import=") not in named.imports:
                yield rejected
        for month in organization.glob("billing_period=*"):
            deliveries = list(month.iterdir())
            if not deliveries:
                yield month
            for delivery in deliveries:
                if delivery.name.removeprefix("delivery=") not in named.deliveries:
                    yield delivery


def _kept_for(path: Path, named: _Named) -> timedelta:
    return STAGED_KEPT if path.name in named.waiting else GRACE


def _remove(path: Path) -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
    elif path.name.startswith("billing_period="):
        with contextlib.suppress(OSError):  # a delivery was placed in it meanwhile
            path.rmdir()
    else:
        shutil.rmtree(path, ignore_errors=True)


def remove_organization(session: Session, config: Config, organization: Organization) -> None:
    """Delete an organization for good, its files too (for the operator).

    The row goes first: were the files gone and the row not, figures would be missing. Of a process
    that is killed in between, and of an import that was running, the sweep removes the files.
    """
    named = select(Import.id, Import.stored_name).where(
        Import.organization_id == organization.id,
        Import.state.in_((*UNFINISHED_STATES, ImportState.WAITING)),
    )
    rows = session.execute(named).all()
    lake = config.lake_dir
    paths = [lake / organization_folder(organization.id)]
    paths += [config.uploads_dir / row.stored_name for row in rows]
    ids = {row.id for row in rows}
    paths += [path for path in _children(lake / STAGING) if path.name[:36] in ids]
    organizations.remove(session, organization)
    for path in paths:
        _remove(path)


def prune_history(session: Session) -> int:
    """Forget deliveries that no undo can want; return how many.

    Of each scope ``HISTORY_KEPT`` are kept (see ``history``), live ones always; what is withdrawn
    is kept for ``WITHDRAWN_KEPT`` and takes no place among them. The files go with the next sweep.
    The rows are looked at without the write lock, and deleted under it, ``BATCH`` at a time.
    """
    long_ago = (
        select(Delivery.id)
        .join(Import, Import.id == Delivery.import_id)
        .where(
            Delivery.state == DeliveryState.WITHDRAWN,
            Import.finished_at < utc_now() - WITHDRAWN_KEPT,
        )
    )
    withdrawn = session.scalars(long_ago).all()
    pruned = _forget(session, withdrawn, Delivery.state == DeliveryState.WITHDRAWN)
    for organization_id, source_id, account, period in _long_scopes(session):
        # A delivery or an undo since then would change what is wanted: the next time, then.
        version = session.scalar(_data_version(organization_id))
        deliveries = in_scope(session, source_id, account, period)
        needed = history.kept(map(version_of, deliveries), HISTORY_KEPT)
        pruned += _forget(
            session,
            [delivery.id for delivery in deliveries if delivery.id not in needed],
            ~Delivery.is_live & (_data_version(organization_id).scalar_subquery() == version),
        )
    return pruned


def _long_scopes(session: Session) -> Sequence[tuple[str, str, str, date]]:
    """Return the organization, source, account and month of what has more than is kept."""
    scope = (
        Delivery.organization_id,
        Delivery.source_id,
        Delivery.billing_account_id,
        Delivery.billing_period,
    )
    statement = (
        select(*scope)
        .where(Delivery.state != DeliveryState.WITHDRAWN)
        .group_by(*scope)
        .having(func.count() > HISTORY_KEPT)
    )
    scopes = [(row[0], row[1], row[2], row[3]) for row in session.execute(statement)]
    session.rollback()
    return scopes


def _data_version(organization_id: str) -> Select[str]:
    return select(Organization.data_version).where(Organization.id == organization_id)


def _forget(session: Session, ids: Sequence[str], still: ColumnElement[bool]) -> int:
    """Delete those of some deliveries of which a condition still holds."""
    session.rollback()
    pruned = 0
    for start in range(0, len(ids), BATCH):
        statement = (
            delete(Delivery)
            .where(Delivery.id.in_(ids[start : start + BATCH]), still)
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        )
        with writing(session):
            pruned += len(session.scalars(statement).all())
    return pruned


def _children(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _is_old(path: Path, age: timedelta) -> bool:
    """Tell whether nothing of a file or folder was changed within ``age``."""
    try:
        newest = max(p.stat().st_mtime for p in (path, *path.rglob("*")))
    except FileNotFoundError:
        return False
    return newest < time.time() - age.total_seconds()
