"""What changed between two deliveries of one month: by service, account and category, in money."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.bills.ledger import precedence
from costoptix.bills.ledger.deliveries import in_scope, scope_of, version_of
from costoptix.bills.ledger.delivery_periods import OLDEST_FIRST
from costoptix.lake.files import LakeReader
from costoptix.lake.layout import CHARGES, ROLL_UPS
from costoptix.models import Delivery, DeliveryFile, Import
from costoptix.periods import BillingPeriod

COMPARED = ("service_name", "sub_account_id", "charge_category")
_ROLL_UP = next(roll_up for roll_up in ROLL_UPS if roll_up.columns >= set(COMPARED))


@dataclass(frozen=True)
class RestatedSum:
    """Billed cost of one group before and after; None where a delivery lacks the group."""

    service_name: str | None
    sub_account_id: str | None
    charge_category: str | None
    currency: str
    before: Decimal | None
    after: Decimal | None

    @property
    def difference(self) -> Decimal:
        """Return what the restatement added; negative where it took away."""
        return (self.after or Decimal(0)) - (self.before or Decimal(0))


@dataclass(frozen=True)
class Restatement:
    """A month as one import brought it, beside the delivery that it replaced."""

    billing_account_id: str
    billing_period: BillingPeriod
    earlier: Delivery
    changes: tuple[RestatedSum, ...]  # only what differs, largest first

    @property
    def difference(self) -> dict[str, Decimal]:
        """Return the sum of the changes by currency."""
        totals: dict[str, Decimal] = {}
        for change in self.changes:
            totals[change.currency] = totals.get(change.currency, Decimal(0)) + change.difference
        return totals


def restatements(session: Session, row: Import, lake: LakeReader) -> list[Restatement]:
    """Compare each month of an import with the delivery of the same scope before it, if any."""
    restated = []
    mine = select(Delivery).where(Delivery.import_id == row.id).order_by(*OLDEST_FIRST)
    for delivery in session.scalars(mine).all():
        earlier = replaced_by(session, delivery)
        if earlier is not None:
            changes = _changes(session, lake, earlier, delivery)
            restated.append(
                Restatement(delivery.billing_account_id, delivery.period, earlier, changes)
            )
    return restated


def replaced_by(session: Session, delivery: Delivery) -> Delivery | None:
    """Return the delivery of the same scope whose place this one took; None where it adds."""
    others = {
        other.id: other
        for other in in_scope(session, *scope_of(delivery))
        if other.id != delivery.id
    }
    earlier = precedence.replaced(version_of(delivery), map(version_of, others.values()))
    return None if earlier is None else others[earlier.id]


def _changes(
    session: Session, lake: LakeReader, earlier: Delivery, later: Delivery
) -> tuple[RestatedSum, ...]:
    before, after = (_sums(session, lake, delivery) for delivery in (earlier, later))
    changes = [
        RestatedSum(*group, before.get(group), after.get(group))
        for group in before.keys() | after.keys()
        if before.get(group) != after.get(group)
    ]
    return tuple(sorted(changes, key=lambda change: (-abs(change.difference), repr(change))))


Group = tuple[str | None, str | None, str | None, str]


def _sums(session: Session, lake: LakeReader, delivery: Delivery) -> dict[Group, Decimal]:
    files = session.execute(
        select(DeliveryFile.kind, DeliveryFile.path).where(
            DeliveryFile.delivery_id == delivery.id,
            DeliveryFile.kind.in_((_ROLL_UP.name, CHARGES)),
        )
    ).all()
    is_rolled_up = any(file.kind == _ROLL_UP.name for file in files)
    kind, currency = (_ROLL_UP.name, "currency") if is_rolled_up else (CHARGES, "billing_currency")
    paths = [file.path for file in files if file.kind == kind]
    names = ", ".join(COMPARED)
    sql = (
        f"SELECT {names}, {currency}, sum(billed_cost)::VARCHAR "  # noqa: S608
        "FROM read_parquet($paths) GROUP BY ALL"
    )
    rows = lake.read(sql, {"paths": [str(lake.path(path)) for path in paths]})
    return {
        (service, account, category, currency): Decimal(amount)
        for service, account, category, currency, amount in rows
    }
