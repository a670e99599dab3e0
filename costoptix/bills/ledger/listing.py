"""The imports of an organization: listed, found, and what their files held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, defer, joinedload

from costoptix.bills.ledger.deliveries import is_part, sums_of
from costoptix.bills.ledger.delivery_periods import OLDEST_FIRST
from costoptix.bills.ledger.incomplete import incomplete
from costoptix.bills.read import rejections
from costoptix.bills.read.staged import Rejection
from costoptix.errors import NotFound
from costoptix.lake.layout import METRICS
from costoptix.models import (
    UNFINISHED_STATES,
    Delivery,
    DeliveryState,
    Import,
    ImportState,
    Organization,
    ReconciliationLine,
)
from costoptix.money import FILE_SUMS, Amount, total
from costoptix.periods import BillingPeriod


@dataclass(frozen=True)
class Period:
    """A billing period of an import: which account, how many rows, and whether readers see it."""

    billing_account_id: str
    billing_period: BillingPeriod
    row_count: int
    state: DeliveryState
    dataset: str | None  # "actual" or "amortized", where a month comes as several datasets
    incomplete: str | None  # which cost lacks what while the other dataset is not here


@dataclass(frozen=True)
class Position:
    """Where an import stands in the list of them."""

    created_at: datetime
    id: str


def list_imports(
    session: Session,
    organization: Organization,
    *,
    limit: int,
    after: Position | None = None,
    skip: int = 0,
) -> Sequence[Import]:
    """Return at most ``limit`` imports, newest first: those ``after`` one, or all but the first.

    Their ``options`` and ``notes`` are not loaded: the question of one that waits can be long.
    """
    statement = (
        select(Import)
        .options(
            defer(Import.options, raiseload=True),
            defer(Import.notes, raiseload=True),
            joinedload(Import.repeats).load_only(Import.id, Import.file_name, Import.state),
        )
        .where(Import.organization_id == organization.id)
        .order_by(Import.created_at.desc(), Import.id.desc())
        .limit(limit)
        .offset(skip)
    )
    if after is not None:
        position = (after.created_at, after.id)
        statement = statement.where(tuple_(Import.created_at, Import.id) < position)
    return session.scalars(statement).all()


def waiting(session: Session, organization: Organization, limit: int) -> Sequence[Import]:
    """Return at most ``limit`` imports that wait for a person, the oldest first."""
    return session.scalars(
        select(Import)
        .where(Import.organization_id == organization.id, Import.state == ImportState.WAITING)
        .order_by(Import.created_at, Import.id)
        .limit(limit)
    ).all()


def unfinished(session: Session, organization: Organization) -> list[Import]:
    """Return the imports that are still to be read, oldest first."""
    mine = Import.organization_id == organization.id
    rows = select(Import).where(mine, Import.state.in_(UNFINISHED_STATES))
    return list(session.scalars(rows.order_by(Import.created_at, Import.id)))


def get(session: Session, organization: Organization, import_id: str) -> Import:
    """Return one import as it is now.

    Raises:
        NotFound: it does not exist or is another organization's.
    """
    row = session.scalar(
        select(Import)
        .where(Import.id == import_id, Import.organization_id == organization.id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound
    return row


def periods(session: Session, row: Import) -> list[Period]:
    """Return the billing periods that an import brought, oldest first.

    What it brought of one month file by file is one period; a copy of a month is another one.
    """
    deliveries = session.scalars(
        select(Delivery).where(Delivery.import_id == row.id).order_by(*OLDEST_FIRST)
    ).all()
    parts = {_month(delivery): delivery for delivery in deliveries if is_part(delivery)}
    wholes: dict[tuple[str, BillingPeriod, str | None, datetime], list[Delivery]] = {}
    for delivery in deliveries:
        if not is_part(delivery):
            copy = delivery.delivered_at
            wholes.setdefault((*_month(delivery), delivery.dataset, copy), []).append(delivery)
    lacking = _lacking(session, row, [period for _, period, dataset, _ in wholes if dataset])
    return [
        Period(
            account,
            period,
            sum(delivery.row_count for delivery in whole),
            _state(whole, parts.get((account, period))),
            dataset,
            lacking.get((whole[0].source_id, account, period, dataset)),
        )
        for (account, period, dataset, _), whole in wholes.items()
    ]


def _lacking(
    session: Session, row: Import, periods: Sequence[BillingPeriod]
) -> dict[tuple[str, str, BillingPeriod, str | None], str]:
    """Say of the live months of an import what they lack while another dataset is not here."""
    if not periods:
        return {}
    first = min(period.first for period in periods)
    last = max(period.last for period in periods)
    incomplete_months = incomplete(session, row.organization_id, first, last)
    return {
        (
            month.source_id,
            month.billing_account_id,
            month.billing_period,
            month.dataset,
        ): month.sentence
        for month in incomplete_months
    }


def was_replaced(months: Iterable[Period]) -> bool:
    """Tell whether a newer delivery took the place of one of these."""
    return any(period.state == DeliveryState.OLDER for period in months)


def _month(delivery: Delivery) -> tuple[str, BillingPeriod]:
    return delivery.billing_account_id, delivery.period


_BY_WEIGHT = (DeliveryState.LIVE, DeliveryState.WITHDRAWN, DeliveryState.OLDER)
"""States of the parts of a month, the one last that the whole has where they differ."""


def _state(whole: Iterable[Delivery], part: Delivery | None) -> DeliveryState:
    """Say what became of a month: older where a part of it was replaced.

    A dataset of which only a part is read, beside another dataset, is live by that part.
    """
    if part is not None and part.is_live:
        return part.state
    return max((delivery.state for delivery in whole), key=_BY_WEIGHT.index)


_ORDER = (
    ReconciliationLine.billing_period, ReconciliationLine.billing_period_last,
    ReconciliationLine.currency, ReconciliationLine.charge_category, ReconciliationLine.metric,
)  # fmt: skip


def reconciliation(session: Session, row: Import) -> Sequence[ReconciliationLine]:
    """Return the sums of an import: file = stored + rejected + rounding, each to the last digit."""
    line = ReconciliationLine
    return session.scalars(
        select(line)
        .where(line.import_id == row.id)
        .order_by(*(column.nulls_first() for column in _ORDER))  # each database has its own
    ).all()


Sums = dict[str, dict[str, Amount | None]]
"""By currency and metric: a sum, or None where no charge has this cost."""


def sums(session: Session, row: Import) -> Sums:
    """Return what an import stored, added up."""
    return _added_up(
        (line.currency, line.metric, line.stored)
        for line in reconciliation(session, row)
        if line.currency is not None and line.rows_kept
    )


@dataclass(frozen=True)
class RejectedMoney:
    """What the rejected rows of an import cost, as far as it could be read."""

    sums: Sums  # "" is of those whose currency could not be read
    unread: dict[str, int]  # by metric, of how many it could not


def rejected_money(lines: Iterable[ReconciliationLine]) -> RejectedMoney:
    """Add up the rejected rows of a reconciliation."""
    unread: dict[str, int] = {}
    rejecting = [line for line in lines if line.rows_rejected]
    for line in rejecting:
        if line.rows_unread:
            unread[line.metric] = unread.get(line.metric, 0) + line.rows_unread
    amounts = (
        (line.currency or "", line.metric, line.sum_rejected)
        for line in rejecting
        if line.sum_rejected or not (line.rows_unread or line.is_missing)
    )
    return RejectedMoney(_added_up(amounts), unread)


def _added_up(amounts: Iterable[tuple[str, str, Amount | None]]) -> Sums:
    summands: defaultdict[str, defaultdict[str, list[Amount]]]
    summands = defaultdict(lambda: defaultdict(list))
    for currency, metric, amount in amounts:
        summands[currency][metric] += [] if amount is None else [amount]
    return {
        currency: {
            metric: total(by_metric[metric], FILE_SUMS) if by_metric.get(metric) else None
            for metric in METRICS
        }
        for currency, by_metric in sorted(summands.items())
    }


def live_sums(session: Session, row: Import) -> Sums:
    """Return what readers get of an import, added up.

    Of a dataset beside another one that may be a part: of Azure's actual export the purchases of
    commitments.
    """
    live = session.scalars(
        select(Delivery).where(Delivery.import_id == row.id, Delivery.is_live)
    ).all()
    return _added_up(
        (category_sum.currency, metric, getattr(category_sum, metric))
        for delivery in live
        for category_sum in sums_of(delivery)
        for metric in METRICS
    )


def rejected(lake: Path, row: Import) -> Iterator[Rejection]:
    """Yield the rejected rows of an import in the order of the file."""
    return rejections.read(rejections.path(lake, row.organization_id, row.id))


def rejected_part(
    lake: Path, row: Import, first_byte: int, limit: int
) -> rejections.RejectionsPart | None:
    """Return the rejected rows of an import that begin at a byte of the file of them.

    At most ``limit`` of them; None where no row begins at that byte.
    """
    source = rejections.path(lake, row.organization_id, row.id)
    return rejections.read_part(source, first_byte, limit)
