"""What belongs to an organization, looked up by its id: one check, so that no caller repeats it."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy.orm import Session

from costoptix.errors import NotFound
from costoptix.models import (
    Anomaly,
    Budget,
    Channel,
    CleaningRule,
    Invitation,
    Organization,
    User,
)  # fmt: skip

Owned = TypeVar("Owned", Anomaly, Budget, Channel, CleaningRule, Invitation, User)


def get_own(
    session: Session,
    model: type[Owned],
    organization: Organization,
    row_id: str,
    *,
    as_of_now: bool = False,
) -> Owned:
    """Return what the organization has of that kind and id.

    With ``as_of_now`` the row is read again, as it is under the lock that the caller holds.

    Raises:
        NotFound: there is none of that id, or it is another organization's.
    """
    row = session.get(model, row_id, populate_existing=as_of_now)
    if row is None or row.organization_id != organization.id:
        raise NotFound
    return row
