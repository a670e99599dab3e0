"""Removing files that nothing names: what killed work left, and what was replaced for good.

Only files over an hour old are touched: a reader may have listed them, or an import may be about
to name them.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import organizations
from costoptix.bills.ledger import history, orphans, pause
from costoptix.bills.ledger.deliveries import ScopeKey, in_scope, version_of
from costoptix.bills.ledger.orphans import Orphan
from costoptix.clock import utc_now
from costoptix.database import AT_ONCE, delete_in_batches, writing
from costoptix.lake.files import STAGING, organization_folder
from costoptix.models import (
    UNFINISHED_STATES,
    Delivery,
    DeliveryState,
    Import,
    ImportState,
    Organization,
)
from costoptix.periods import BillingPeriod

HISTORY_KEPT = 6
"""Deliveries of one scope, the live one among them."""

WITHDRAWN_KEPT = timedelta(days=30)
"""For how long after its withdrawal a delivery is still shown on the page of its import."""


def sweep(session: Session, config: Config) -> int:
    """Delete uploads and folders of the lake that no row names; return how many.

    A backup that begins meanwhile ends it: what it may want is looked for again when it is done.
    """
    removed = 0
    for orphan in orphans.find(session, config):
        if _is_old(orphan):  # of a folder that is gone already, nothing is
            if _is_paused(session):
                break
            _remove(orphan.path)
            removed += 1
    return removed


def _is_paused(session: Session) -> bool:
    is_paused = pause.is_held(session)
    session.rollback()
    return is_paused


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
    that is killed in between, and of an import that was running, the sweep removes the files. So it
    does where a backup is at work.
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
    if _is_paused(session):
        return
    for path in paths:
        _remove(path)


def prune_history(session: Session) -> int:
    """Forget deliveries that no undo can want; return how many.

    Of each scope ``HISTORY_KEPT`` are kept (see ``history``), live ones always; what is withdrawn
    is kept for ``WITHDRAWN_KEPT`` and takes no place among them. The files go with the next sweep.
    The rows are looked at without the write lock, and deleted under it, ``AT_ONCE`` at a time.
    """
    long_ago = select(Import.id).where(
        Import.state == ImportState.WITHDRAWN, Import.finished_at < utc_now() - WITHDRAWN_KEPT
    )
    is_withdrawn = Delivery.state == DeliveryState.WITHDRAWN
    pruned = delete_in_batches(
        session, Delivery.id, is_withdrawn & Delivery.import_id.in_(long_ago)
    )
    scopes = groupby(_long_scopes(session), key=lambda scope: scope.organization_id)
    return pruned + sum(_prune(session, name, list(of_one)) for name, of_one in scopes)


@dataclass(frozen=True)
class _LongScope:
    organization_id: str
    source_id: str
    billing_account_id: str
    first: date  # of the billing period
    last: date | None

    @property
    def key(self) -> ScopeKey:
        """Return the scope as deliveries are looked up by it."""
        period = BillingPeriod.stored(self.first, self.last)
        return self.source_id, self.billing_account_id, period


def _long_scopes(session: Session) -> list[_LongScope]:
    """Return the scopes that have more deliveries than are kept, by organization."""
    scope = (
        Delivery.organization_id,
        Delivery.source_id,
        Delivery.billing_account_id,
        Delivery.billing_period,
        Delivery.billing_period_last,
    )
    statement = (
        select(*scope)
        .where(Delivery.state != DeliveryState.WITHDRAWN)
        .group_by(*scope)
        .having(func.count() > HISTORY_KEPT)
        .order_by(*scope)
    )
    scopes = [_LongScope(*row) for row in session.execute(statement)]
    session.rollback()
    return scopes


def _prune(session: Session, organization_id: str, scopes: Iterable[_LongScope]) -> int:
    pruned, old = 0, list[str]()
    version = session.scalar(_data_version(organization_id))
    for scope in scopes:
        old += _unneeded(session, scope)
        if len(old) >= AT_ONCE:
            pruned += _forget(session, organization_id, version, old)
            version, old = session.scalar(_data_version(organization_id)), []
    return pruned + _forget(session, organization_id, version, old)


def _unneeded(session: Session, scope: _LongScope) -> list[str]:
    """Return the ids of the deliveries of a scope that no undo can want."""
    deliveries = in_scope(session, *scope.key)
    needed = history.kept(map(version_of, deliveries), HISTORY_KEPT)
    ids = [
        delivery.id for delivery in deliveries if not delivery.is_live and delivery.id not in needed
    ]
    session.rollback()
    return ids


def _data_version(organization_id: str) -> Select[str]:
    return select(Organization.data_version).where(Organization.id == organization_id)


def _forget(session: Session, organization_id: str, version: str | None, ids: list[str]) -> int:
    """Delete deliveries, unless the organization's data have changed since they were looked at.

    A delivery or an undo since then would change what is wanted: the next time, then.
    """
    session.rollback()
    is_unchanged = _data_version(organization_id).scalar_subquery() == version
    pruned = 0
    for start in range(0, len(ids), AT_ONCE):
        old = Delivery.id.in_(ids[start : start + AT_ONCE])
        statement = delete(Delivery).where(old, ~Delivery.is_live, is_unchanged)
        with writing(session):
            gone = session.scalars(
                statement.returning(Delivery.id),
                execution_options={"synchronize_session": False},
            )
            pruned += len(gone.all())
    return pruned


def _children(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _is_old(orphan: Orphan) -> bool:
    """Tell whether nothing of a file or folder was changed for as long as it is kept."""
    return orphans.is_unchanged_for(orphan.path, orphan.kept_for)
