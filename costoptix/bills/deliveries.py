"""Which files readers see: one short transaction makes a delivery live, or takes it back.

Scope = (source, billing account, billing period). Of the deliveries of a scope that are not
withdrawn, the newest is live and replaces the others whole; they become history.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from sqlalchemy import ColumnElement, Exists, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from costoptix import money, queue
from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission, require
from costoptix.anomalies import job as anomalies
from costoptix.bills.formats import Half
from costoptix.bills.staged import CategorySum, Scope, Staged
from costoptix.budgets import job as budgets
from costoptix.clock import parse_instant, utc_now
from costoptix.costs.layout import METRICS
from costoptix.database import writing
from costoptix.errors import Conflict
from costoptix.models import Delivery, DeliveryFile, Import, Organization, Source, new_id


class DeliveryState(StrEnum):
    """What became of a delivery."""

    LIVE = "live"
    OLDER = "older"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Placed:
    """A scope's files in their place in the lake, and the id of the delivery that will own them."""

    delivery_id: str
    scope: Scope
    paths: tuple[str, ...]  # within the lake, one per scope.files


def place(organization_id: str, staged: Staged, staging: Path, lake: Path) -> tuple[Placed, ...]:
    """Move the staged files into the lake and sync them; nobody reads them yet."""
    return tuple(_place(organization_id, scope, staging, lake) for scope in staged.scopes)


def _place(organization_id: str, scope: Scope, staging: Path, lake: Path) -> Placed:
    delivery_id = new_id()
    folder = (
        f"organization={organization_id}/billing_period={scope.billing_period:%Y-%m}"
        f"/delivery={delivery_id}"
    )
    (lake / folder).mkdir(mode=0o700, parents=True)
    paths = []
    for file in scope.files:
        path = f"{folder}/{Path(file.name).name}"
        _sync(staging / file.name)
        (staging / file.name).rename(lake / path)
        paths.append(path)
    for part in (lake / folder, *(lake / folder).parents[:3]):
        _sync(part)
    return Placed(delivery_id, scope, tuple(paths))


def remove(placed: Iterable[Placed], lake: Path) -> None:
    """Take back what was placed, where it is not to go live."""
    for path in {(lake / path).parent for each in placed for path in each.paths}:
        shutil.rmtree(path, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_live(
    session: Session, row: Import, source: Source, staged: Staged, placed: Iterable[Placed]
) -> bool:
    """Write the deliveries of an import and point the readers at them; within ``writing``.

    Returns whether at least one of them is live (False: newer ones were there already).
    """
    scopes = []
    for each in placed:
        session.add(_delivery(row, source, staged, each))
        scopes.append((source.id, each.scope.billing_account_id, each.scope.billing_period))
    session.flush()
    for scope in scopes:
        _point(session, row.organization_id, *scope)
    _settle(session, row.organization_id)
    session.flush()
    return bool(session.scalar(select(_has_live(row.id))))


def _delivery(row: Import, source: Source, staged: Staged, placed: Placed) -> Delivery:
    scope = placed.scope
    return Delivery(
        id=placed.delivery_id,
        organization_id=row.organization_id,
        import_id=row.id,
        source_id=source.id,
        billing_account_id=scope.billing_account_id,
        billing_period=scope.billing_period,
        delivered_at=delivered_at(row),
        state=DeliveryState.OLDER,
        first_day=scope.first_day,
        last_day=scope.last_day,
        row_count=scope.row_count,
        facts=staged.facts
        | {
            "half": scope.half,
            "sub_accounts": [each.model_dump(mode="json") for each in scope.sub_accounts],
            "sums": [each.model_dump(mode="json") for each in scope.sums],
        },
        files=[
            DeliveryFile(
                kind=file.kind, path=path, size_bytes=file.size_bytes, row_count=file.row_count
            )
            for file, path in zip(scope.files, placed.paths, strict=True)
        ],
    )


SumKey = tuple[date, str, str | None, str]
"""Billing period, currency, charge category and metric."""


def live_sums(session: Session, source: Source, staged: Staged) -> dict[SumKey, Decimal]:
    """Add up what is live in the scopes of an import before it: what it is about to replace."""
    totals: dict[SumKey, Decimal] = {}
    for account, period in {
        (each.billing_account_id, each.billing_period) for each in staged.scopes
    }:
        live = session.scalars(
            select(Delivery).where(
                Delivery.source_id == source.id,
                Delivery.billing_account_id == account,
                Delivery.billing_period == period,
                Delivery.is_live,
            )
        )
        for said in (said for delivery in live for said in delivery.facts.get("sums", [])):
            known = CategorySum.model_validate(said)
            for metric in METRICS:
                key = (period, known.currency, known.charge_category, metric)
                amount = getattr(known, metric) or Decimal(0)
                totals[key] = money.EXACT.add(totals.get(key, Decimal(0)), amount)
    return totals


def delivered_at(row: Import) -> datetime:
    """Return the instant by which the deliveries of an import are ordered: newest wins.

    The manifest's if there was one, else the arrival.
    """
    said = row.options.get("delivered_at")
    return row.created_at if said is None else parse_instant(said)


def _point(
    session: Session, organization_id: str, source_id: str, account: str, period: object
) -> None:
    """Make live what is newest of a scope, of what is not withdrawn."""
    deliveries = session.scalars(
        select(Delivery)
        .where(
            Delivery.organization_id == organization_id,
            Delivery.source_id == source_id,
            Delivery.billing_account_id == account,
            Delivery.billing_period == period,
            Delivery.state != DeliveryState.WITHDRAWN,
        )
        .order_by(Delivery.delivered_at.desc(), Delivery.created_at.desc(), Delivery.id)
    ).all()
    live = _chosen(deliveries)
    for delivery in deliveries:
        delivery.is_live = delivery in live
        delivery.state = DeliveryState.LIVE if delivery.is_live else DeliveryState.OLDER


def _chosen(newest_first: Sequence[Delivery]) -> list[Delivery]:
    """Return what readers get of a scope: the newest, or the newest two halves of it combined."""
    newest: dict[str | None, Delivery] = {}
    for delivery in newest_first:
        newest.setdefault(half_of(delivery), delivery)
    purchases = newest.pop(Half.PURCHASES, None)
    amortized = newest.get(Half.AMORTIZED)
    first = next((each for each in newest_first if half_of(each) in newest), None)
    if amortized is None or (first is not None and half_of(first) not in _HALVES):
        return [first] if first is not None else []
    return [amortized] if purchases is None else [amortized, purchases]


_HALVES = (Half.ACTUAL, Half.AMORTIZED)


def half_of(delivery: Delivery) -> str | None:
    """Return which half of its scope a delivery is; None where there are no halves."""
    half: str | None = delivery.facts.get("half")
    return half


def _settle(session: Session, organization_id: str) -> None:
    """Renew the data version, have it judged anew, and say of each import whether it is live."""
    session.flush()
    session.execute(
        update(Organization).where(Organization.id == organization_id).values(data_version=new_id())
    )
    for kind in (anomalies.JOB_KIND, budgets.JOB_KIND):
        queue.enqueue_once(session, kind, organization_id)
    mine = Import.organization_id == organization_id
    has_deliveries = exists().where(Delivery.import_id == Import.id)
    is_live = _has_live(Import.id)
    session.execute(
        update(Import)
        .where(mine, Import.state == "live", has_deliveries, ~is_live)
        .values(state="older")
    )
    session.execute(
        update(Import).where(mine, Import.state == "older", is_live).values(state="live")
    )


def _has_live(import_id: ColumnElement[str] | InstrumentedAttribute[str] | str) -> Exists:
    return exists().where(Delivery.import_id == import_id, Delivery.is_live)


def withdraw(session: Session, organization: Organization, caller: Caller, row: Import) -> None:
    """Undo an import: what was live before it is live again, in one instant.

    Raises:
        Forbidden: the caller may only read.
        Conflict: the import has not arrived yet, was refused or is withdrawn already.
    """
    require(caller, Permission.WRITE)
    with writing(session):
        session.refresh(row, with_for_update={"of": Import})
        if row.state not in ("live", "older"):
            raise Conflict(
                f"This import is {row.state}; only a live or older one can be withdrawn."
            )
        deliveries = session.scalars(select(Delivery).where(Delivery.import_id == row.id)).all()
        for delivery in deliveries:
            delivery.is_live, delivery.state = False, DeliveryState.WITHDRAWN
        session.flush()
        for delivery in deliveries:
            _point(
                session, organization.id, delivery.source_id,
                delivery.billing_account_id, delivery.billing_period,
            )  # fmt: skip
        audit.record(
            session, caller, "import.withdrawn", subject=row.file_name, subject_id=row.id,
            before={"state": row.state},
        )  # fmt: skip
        row.state, row.finished_at = "withdrawn", utc_now()
        _settle(session, organization.id)
