"""What of an import counts: its months and accounts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, selectinload

from costoptix.lake.providers import account_of
from costoptix.models import Delivery, Import, Organization
from costoptix.periods import BillingPeriod


@dataclass(frozen=True)
class LivePart:
    """The months of an import that count, and their accounts as ``slug:sub_account_id``."""

    first: BillingPeriod
    last: BillingPeriod
    accounts: Collection[str]


def live_part(session: Session, organization: Organization, row: Import) -> LivePart | None:
    """Return what of an import counts; None where nothing does."""
    deliveries = session.scalars(
        select(Delivery)
        .where(
            Delivery.organization_id == organization.id,
            Delivery.import_id == row.id,
            Delivery.is_live,
        )
        .options(selectinload(Delivery.sub_accounts))
    ).all()
    if not deliveries:
        return None
    periods = [delivery.period for delivery in deliveries]
    accounts = {
        account_of(part.provider_name, part.sub_account_id)
        for delivery in deliveries
        for part in delivery.sub_accounts
        if part.sub_account_id
    }
    return LivePart(
        min(periods, key=lambda period: period.first),
        max(periods, key=lambda period: period.last),
        accounts,
    )


def is_only(session: Session, organization: Organization, row: Import) -> bool:
    """Tell whether nothing but this import counts."""
    others = exists().where(
        Delivery.organization_id == organization.id,
        Delivery.is_live,
        Delivery.import_id != row.id,
    )
    return not session.scalar(select(others))
