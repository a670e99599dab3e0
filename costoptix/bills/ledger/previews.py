"""What an undo, or making an older import current, would change in money, shown beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix import money
from costoptix.bills.ledger.deliveries import in_scope, replaced_by, scope_of, sums_of, version_of
from costoptix.bills.ledger.delivery_periods import OLDEST_FIRST
from costoptix.bills.ledger.precedence import Version, live_versions
from costoptix.clock import utc_now
from costoptix.models import Delivery, DeliveryState, Import
from costoptix.periods import BillingPeriod

Change = Callable[[Version], Version | None]
"""What becomes of a version of the import; None where it leaves the month."""


@dataclass(frozen=True)
class Shift:
    """Billed cost of one month and currency as it is live, and as it would be."""

    billing_account_id: str
    billing_period: BillingPeriod
    currency: str
    before: Decimal
    after: Decimal
    delivered_at: datetime | None  # of the newest delivery that would be live; None: of nothing

    @property
    def change(self) -> Decimal:
        """Return what the month would cost more, or less."""
        return money.EXACT.subtract(self.after, self.before)


def of_withdrawing(session: Session, row: Import) -> list[Shift]:
    """Return what taking an import back would change, the oldest month first."""
    freed = select(Delivery).where(Delivery.replaced_by_id == row.id)
    return _shifts(session, row, lambda _version: None, session.scalars(freed).all())


def of_making_current(session: Session, row: Import) -> list[Shift]:
    """Return what making an import the newest would change, the oldest month first."""
    now = utc_now()
    mine = select(func.min(Delivery.delivered_at)).where(Delivery.import_id == row.id)
    first = session.scalar(mine) or now
    return _shifts(
        session,
        row,
        lambda version: replace(version, delivered_at=now + (version.delivered_at - first)),
    )


def _shifts(
    session: Session, row: Import, change: Change, freed: Sequence[Delivery] = ()
) -> list[Shift]:
    mine = session.scalars(
        select(Delivery)
        .where(Delivery.import_id == row.id, Delivery.state != DeliveryState.WITHDRAWN)
        .order_by(*OLDEST_FIRST)
    ).all()
    scopes = {scope_of(delivery): None for delivery in (*mine, *freed)}
    kept_out = {delivery.id for delivery in freed}
    return [
        shift
        for scope in scopes
        for shift in _shifts_of(
            [
                delivery
                for delivery in in_scope(session, *scope)
                if delivery.id in kept_out or replaced_by(session, delivery) is None
            ],
            row.id,
            change,
        )
    ]


def _shifts_of(deliveries: list[Delivery], import_id: str, change: Change) -> list[Shift]:
    if not deliveries:
        return []
    by_id = {delivery.id: delivery for delivery in deliveries}
    changed = (
        change(version_of(delivery)) if delivery.import_id == import_id else version_of(delivery)
        for delivery in deliveries
    )
    then = [
        by_id[delivery.id]
        for delivery in live_versions(delivery for delivery in changed if delivery is not None)
    ]
    before, after = _billed(delivery for delivery in deliveries if delivery.is_live), _billed(then)
    return [
        Shift(
            billing_account_id=deliveries[0].billing_account_id,
            billing_period=deliveries[0].period,
            currency=currency,
            before=before.get(currency, Decimal(0)),
            after=after.get(currency, Decimal(0)),
            delivered_at=max((delivery.delivered_at for delivery in then), default=None),
        )
        for currency in sorted(before.keys() | after.keys())
    ]


def _billed(deliveries: Iterable[Delivery]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for category_sum in (
        category_sum for delivery in deliveries for category_sum in sums_of(delivery)
    ):
        before = totals.get(category_sum.currency, Decimal(0))
        totals[category_sum.currency] = money.EXACT.add(before, category_sum.billed_cost)
    return totals
