"""Removing files that nothing names: what killed work left, and what was replaced for good.

Only files over an hour old are touched: a reader may have listed them, or an import may be about
to name them.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.bills.ledger import history
from costoptix.bills.ledger.deliveries import DeliveryState, in_scope, version_of
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.lake.files import EXPORTS, STAGING
from costoptix.models import Delivery, Import, Organization

HISTORY_KEPT = 6
"""Deliveries of one scope, the live one among them."""

WITHDRAWN_KEPT = timedelta(days=30)
"""For how long after its withdrawal a delivery is still shown on the page of its import."""

BATCH = 200
"""Rows deleted in one transaction: with the rows of their files, some 10 ms of the write lock."""

GRACE = timedelta(hours=1)
"""By the file system's own clock, which is what the files' ages are told by."""


def sweep(session: Session, config: Config) -> int:
    """Delete uploads, staging folders and delivery folders that no row names; return how many."""
    deliveries = set(session.scalars(select(Delivery.id)))
    waiting = set(
        session.scalars(
            select(Import.stored_name).where(Import.state.in_(("received", "running", "waiting")))
        )
    )
    running = set(session.scalars(select(Import.id).where(Import.state == "running")))
    session.rollback()
    lake = config.lake_dir
    orphans = [
        *(p for p in _children(config.uploads_dir) if p.name not in waiting),
        *_children(config.temp_dir / EXPORTS),
        *(p for p in _children(lake / STAGING) if p.name[:36] not in running),
        *(
            p
            for p in lake.glob("organization=*/billing_period=*/delivery=*")
            if p.name.removeprefix("delivery=") not in deliveries
        ),
    ]
    old = [path for path in orphans if _is_old(path)]
    for path in old:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old)


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
        wanted = history.kept(map(version_of, deliveries), HISTORY_KEPT)
        pruned += _forget(
            session,
            [each.id for each in deliveries if each.id not in wanted],
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


def _is_old(path: Path) -> bool:
    """Tell whether nothing of a file or folder was changed within the grace."""
    try:
        newest = max(p.stat().st_mtime for p in (path, *path.rglob("*")))
    except FileNotFoundError:
        return False
    return newest < time.time() - GRACE.total_seconds()
