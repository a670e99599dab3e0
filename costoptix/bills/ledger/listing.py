"""The imports of an organization: listed, found, and what their files held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.bills.formats import Half
from costoptix.bills.ledger.deliveries import half_of, sums_of
from costoptix.bills.ledger.incomplete import incomplete
from costoptix.bills.read import rejections
from costoptix.bills.read.staged import Rejection
from costoptix.errors import NotFound
from costoptix.lake.layout import METRICS
from costoptix.models import Delivery, Import, Organization, ReconciliationLine
from costoptix.money import Amount, total


@dataclass(frozen=True)
class Period:
    """A billing period of an import: which account, how many rows, and whether readers see it."""

    billing_account_id: str
    billing_period: date
    row_count: int
    state: str
    half: str | None  # "actual" or "amortized", where the provider tells a month in two halves
    incomplete: str | None  # which cost lacks what while the other half is not here


def list_imports(session: Session, organization: Organization) -> Sequence[Import]:
    """Return all imports, newest first."""
    return session.scalars(
        select(Import)
        .where(Import.organization_id == organization.id)
        .order_by(Import.created_at.desc(), Import.id)
    ).all()


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

    What it brought of one month file by file is one period.
    """
    found = session.scalars(
        select(Delivery)
        .where(Delivery.import_id == row.id)
        .order_by(Delivery.billing_period, Delivery.billing_account_id)
    ).all()
    purchases = {_month(each): each for each in found if half_of(each) is Half.PURCHASES}
    wholes: dict[tuple[str, date, str | None], list[Delivery]] = {}
    for each in found:
        if half_of(each) is not Half.PURCHASES:
            wholes.setdefault((*_month(each), half_of(each)), []).append(each)
    lacking = _lacking(session, row, [period for _, period, half in wholes if half is not None])
    return [
        Period(
            account,
            period,
            sum(each.row_count for each in whole),
            _state(whole, purchases.get((account, period))),
            half,
            lacking.get((whole[0].source_id, account, period, half)),
        )
        for (account, period, half), whole in wholes.items()
    ]


def _lacking(
    session: Session, row: Import, periods: Sequence[date]
) -> dict[tuple[str, str, date, str | None], str]:
    """Say of the live months of an import that lack a half what they lack."""
    if not periods:
        return {}
    found = incomplete(session, row.organization_id, min(periods), max(periods))
    return {
        (each.source_id, each.billing_account_id, each.billing_period, each.half): each.sentence
        for each in found
    }


def was_replaced(found: Iterable[Period]) -> bool:
    """Tell whether a newer delivery took the place of one of these."""
    return any(period.state == "older" for period in found)


def _month(delivery: Delivery) -> tuple[str, date]:
    return delivery.billing_account_id, delivery.billing_period


def _state(whole: Iterable[Delivery], purchases: Delivery | None) -> str:
    """Say what became of a month: older where a part of it was replaced.

    An actual half that is read together with an amortized one is live by its purchases.
    """
    if purchases is not None and purchases.is_live:
        return purchases.state
    return max((each.state for each in whole), key=("live", "withdrawn", "older").index)


def reconciliation(session: Session, row: Import) -> Sequence[ReconciliationLine]:
    """Return the sums of an import: file = stored + rejected + rounding, each to the last digit."""
    line = ReconciliationLine
    return session.scalars(
        select(line)
        .where(line.import_id == row.id)
        .order_by(line.billing_period, line.currency, line.charge_category, line.metric)
    ).all()


def sums(session: Session, row: Import) -> dict[str, dict[str, Amount]]:
    """Return what an import stored, added up, by currency and metric."""
    amounts: defaultdict[str, defaultdict[str, list[Amount]]]
    amounts = defaultdict(lambda: defaultdict(list))
    for line in reconciliation(session, row):
        if line.currency is not None and line.rows_kept:
            amounts[line.currency][line.metric].append(line.sum_stored)
    return {
        currency: {metric: total(found) for metric, found in by_metric.items()}
        for currency, by_metric in sorted(amounts.items())
    }


def live_sums(session: Session, row: Import) -> dict[str, dict[str, Amount]]:
    """Return what readers get of an import, added up, by currency and metric.

    Of an actual half beside an amortized one that is what bought commitments.
    """
    live = session.scalars(
        select(Delivery).where(Delivery.import_id == row.id, Delivery.is_live)
    ).all()
    amounts: defaultdict[str, defaultdict[str, list[Amount]]]
    amounts = defaultdict(lambda: defaultdict(list))
    for known in (known for delivery in live for known in sums_of(delivery)):
        for metric in METRICS:
            amounts[known.currency][metric].append(getattr(known, metric) or Amount(0))
    return {
        currency: {metric: total(found) for metric, found in by_metric.items()}
        for currency, by_metric in sorted(amounts.items())
    }


def rejected(lake: Path, row: Import, start: int = 0, limit: int | None = None) -> list[Rejection]:
    """Return the rejected rows of an import in the order of the file, from number ``start``."""
    source = rejections.path(lake, row.organization_id, row.id)
    return list(rejections.read(source, start, limit))
