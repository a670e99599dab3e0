"""Taking an import back, and making an older one current again: each in one instant."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission, require
from costoptix.bills.ledger import repeats
from costoptix.bills.ledger.deliveries import replaced_by, settle
from costoptix.bills.ledger.states import move_delivery, move_import
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import Conflict
from costoptix.lake.live import hold_data_version
from costoptix.models import Delivery, DeliveryState, Import, ImportState, Organization


def withdraw(session: Session, organization: Organization, caller: Caller, row: Import) -> None:
    """Undo an import: what was live before it is live again, in one instant.

    Raises:
        Forbidden: the caller may only read.
        Conflict: the import has not arrived yet, was refused, is withdrawn already, or is a
            duplicate: the sentence names the import that it repeats.
    """
    require(caller, Permission.WRITE)
    with writing(session):
        hold_data_version(session, organization.id)
        session.refresh(row, with_for_update={"of": Import})
        repeats.refuse_change(row)
        if row.state not in (ImportState.LIVE, ImportState.OLDER):
            raise Conflict(
                f"This import is {row.state}; only a live or older one can be withdrawn."
            )
        deliveries = session.scalars(select(Delivery).where(Delivery.import_id == row.id)).all()
        for delivery in deliveries:
            move_delivery(delivery, DeliveryState.WITHDRAWN)
        audit.record(
            session, caller, "import.withdrawn", subject=row.file_name, subject_id=row.id,
            before={"state": row.state},
        )  # fmt: skip
        move_import(row, ImportState.WITHDRAWN)
        row.finished_at = utc_now()
        session.flush()
        freed = session.scalars(select(Delivery).where(Delivery.replaced_by_id == row.id)).all()
        settle(session, organization.id, (*deliveries, *freed))


def make_current(session: Session, organization: Organization, caller: Caller, row: Import) -> None:
    """Make an older import the newest of its scopes, in one instant.

    Raises:
        Forbidden: the caller may only read.
        Conflict: nothing of the import has been replaced, it is a duplicate, it is no longer
            kept, or an import of another source is used instead.
    """
    require(caller, Permission.WRITE)
    with writing(session):
        hold_data_version(session, organization.id)
        session.refresh(row, with_for_update={"of": Import})
        repeats.refuse_change(row)
        mine = select(Delivery).where(
            Delivery.import_id == row.id, Delivery.state != DeliveryState.WITHDRAWN
        )
        deliveries = session.scalars(mine).all()
        if row.state == ImportState.OLDER and not deliveries:
            raise Conflict("What this import brought is no longer kept: send the file again.")
        if all(delivery.is_live for delivery in deliveries):
            raise Conflict(
                f"This import is {row.state}: only one that was replaced can be made current."
            )
        now, first = utc_now(), min(delivery.delivered_at for delivery in deliveries)
        for delivery in deliveries:
            if (other := replaced_by(session, delivery)) is not None:
                raise Conflict(f"{other.file_name} replaces it in another source: undo that one.")
            delivery.delivered_at = now + (delivery.delivered_at - first)  # of copies the last wins
        session.flush()
        audit.record(
            session, caller, "import.made_current", subject=row.file_name, subject_id=row.id,
            before={"state": row.state},
        )  # fmt: skip
        row.live_at, row.message = utc_now(), None
        settle(session, organization.id, deliveries)
