"""Which budgets the bills of some accounts count in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.models import Budget, Organization


def touched(
    session: Session, organization: Organization, accounts: Collection[str], limit: int
) -> Sequence[Budget]:
    """Return at most ``limit`` budgets of all accounts or of one of these, by name.

    ``accounts`` are written ``slug:sub_account_id``.
    """
    counts = Budget.account.is_(None) | Budget.account.in_(accounts)
    mine = select(Budget).where(Budget.organization_id == organization.id, counts)
    return session.scalars(mine.order_by(Budget.name).limit(limit)).all()
