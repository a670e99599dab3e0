"""Removing files that nothing names: what killed work left, and what was replaced for good.

Only files over an hour old are touched: a reader may have listed them, or an import may be about
to name them.
"""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.bills.ledger.deliveries import version_of
from costoptix.database import writing
from costoptix.lake.files import EXPORTS, STAGING
from costoptix.models import Delivery, Import

HISTORY_KEPT = 6
"""Deliveries of one scope, the live one among them."""

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
    """Forget the oldest deliveries of each scope beyond ``HISTORY_KEPT``; return how many.

    What is live is always kept. The files go with the next sweep.
    """
    scopes: defaultdict[tuple[object, ...], list[Delivery]] = defaultdict(list)
    newest_first = select(Delivery).order_by(
        Delivery.delivered_at.desc(), Delivery.created_at.desc()
    )
    with writing(session):
        for each in session.scalars(newest_first):
            version = version_of(each)
            file_name = version.batch and version.batch.file_name
            scope = (each.source_id, each.billing_account_id, each.billing_period)
            scopes[*scope, version.half, file_name].append(each)
        old = [
            each.id
            for found in scopes.values()
            for each in found[HISTORY_KEPT:]
            if not each.is_live
        ]
        session.execute(delete(Delivery).where(Delivery.id.in_(old)))
    return len(old)


def _children(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _is_old(path: Path) -> bool:
    """Tell whether nothing of a file or folder was changed within the grace."""
    try:
        newest = max(p.stat().st_mtime for p in (path, *path.rglob("*")))
    except FileNotFoundError:
        return False
    return newest < time.time() - GRACE.total_seconds()
