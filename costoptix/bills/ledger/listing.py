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
from costoptix.bills.ledger.incomplete import incomplete
from costoptix.bills.read import rejections
from costoptix.bills.read.staged import Rejection
from costoptix.errors import NotFound
from costoptix.lake.layout import METRICS
from costoptix.models import Delivery, DeliveryState, Import, Organization, ReconciliationLine
from costoptix.money import Amount, total
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
        select(Delivery)
        .where(Delivery.import_id == row.id)
        .order_by(Delivery.billing_period, Delivery.billing_account_id)
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


def reconciliation(session: Session, row: Import) -> Sequence[ReconciliationLine]:
    """Return the sums of an import: file = stored + rejected + rounding, each to the last digit."""
    line = ReconciliationLine
    return session.scalars(
        select(line)
        .where(line.import_id == row.id)
        .order_by(
            line.billing_period, line.billing_period_last,
            line.currency, line.charge_category, line.metric,
        )
    ).all()  # fmt: skip


def sums(session: Session, row: Import) -> dict[str, dict[str, Amount]]:
    """Return what an import stored, added up, by currency and metric."""
    amounts: defaultdict[str, defaultdict[str, list[Amount]]]
    amounts = defaultdict(lambda: defaultdict(list))
    for line in reconciliation(session, row):
        if line.currency is not None and line.rows_kept:
            amounts[line.currency][line.metric].append(line.sum_stored)
    return {
        currency: {metric: total(summands) for metric, summands in by_metric.items()}
        for currency, by_metric in sorted(amounts.items())
    }


def live_sums(session: Session, row: Import) -> dict[str, dict[str, Amount]]:
    """Return what readers get of an import, added up, by currency and metric.

    Of a dataset beside another one that may be a part: of Azure's actual export the purchases of
    commitments.
    """
    live = session.scalars(
        select(Delivery).where(Delivery.import_id == row.id, Delivery.is_live)
    ).all()
    amounts: defaultdict[str, defaultdict[str, list[Amount]]]
    amounts = defaultdict(lambda: defaultdict(list))
    for category_sum in (category_sum for delivery in live for category_sum in sums_of(delivery)):
        for metric in METRICS:
            amounts[category_sum.currency][metric].append(
                getattr(category_sum, metric) or Amount(0)
            )
    return {
        currency: {metric: total(summands) for metric, summands in by_metric.items()}
        for currency, by_metric in sorted(amounts.items())
    }


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
