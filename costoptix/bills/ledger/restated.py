"""The job "tell_restated": bills of a period that was over have other sums than before.

A running month grows with each delivery, and that is no news. A month that was over when its bill
of before was delivered has changed.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import events, queue
from costoptix.bills.ledger.restatement import replaced_by
from costoptix.database import writing
from costoptix.models import Delivery, DeliverySum, Import, Organization, Source
from costoptix.money import to_text
from costoptix.periods import BillingPeriod
from costoptix.queue import Claim

JOB_KIND = "tell_restated"
RESTATED = "import.restated"
MOST_PERIODS = 60


class RestatedPayload(BaseModel):
    """Which import may have restated something."""

    import_id: str


def make_due(session: Session, row: Import) -> None:
    """Have it looked at whether an import that is live now restates; within ``writing``.

    Where its source had nothing before, there is nothing to be restated.
    """
    earlier = select(Delivery.id).where(
        Delivery.source_id == row.source_id, Delivery.import_id != row.id
    )
    if session.scalar(earlier.limit(1)) is not None:
        payload = {"import_id": row.id}
        queue.enqueue(session, JOB_KIND, payload, organization_id=row.organization_id)


def run(session: Session, claim: Claim, _config: Config) -> None:
    """Raise the one event of an import that restates. Done twice, it changes nothing.

    Raises:
        LeaseLost: another worker has the job now.
    """
    row = session.get(Import, claim.payload["import_id"])
    if row is None:
        return
    changes = _changes(session, row)
    organization = session.get(Organization, row.organization_id)
    if not changes or organization is None:
        return
    source = session.get(Source, row.source_id)
    data = {
        "import_id": row.id,
        "file_name": row.file_name,
        "source": source.name if source else "",
        "periods": changes[:MOST_PERIODS],
    }
    with writing(session):
        queue.hold(session, claim)
        key = f"{RESTATED}:{data['import_id']}"
        events.raise_once(
            session, organization, RESTATED, key=key, subject_id=claim.payload["import_id"],
            data=data,
        )  # fmt: skip


def _changes(session: Session, row: Import) -> list[dict[str, Any]]:
    """Return what each period that was over costs more or less than before, by currency."""
    totals: defaultdict[tuple[BillingPeriod, str], Decimal] = defaultdict(Decimal)
    mine = select(Delivery).where(Delivery.import_id == row.id, Delivery.is_live.is_(True))
    for delivery in session.scalars(mine).all():
        earlier = replaced_by(session, delivery)
        if earlier is None or earlier.delivered_at.date() <= delivery.period.last:
            continue
        for sign, one in ((1, delivery), (-1, earlier)):
            for currency, amount in _sums(session, one):
                totals[delivery.period, currency] += sign * amount
    return [
        {"billing_period": period.text, "currency": currency, "change": to_text(change)}
        for (period, currency), change in sorted(totals.items(), key=_position)
        if change
    ]


def _position(change: tuple[tuple[BillingPeriod, str], Decimal]) -> tuple[str, str]:
    (period, currency), _ = change
    return period.text, currency


def _sums(session: Session, delivery: Delivery) -> list[tuple[str, Decimal]]:
    rows = session.execute(
        select(DeliverySum.currency, DeliverySum.billed_cost).where(
            DeliverySum.delivery_id == delivery.id
        )
    )
    return [(row.currency, row.billed_cost) for row in rows]
