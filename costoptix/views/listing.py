"""Lists of saved views: for the page and the API, paged and sorted in SQL, and for the sidebar."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.models import Organization, SavedView
from costoptix.views.service import visible

IN_SIDEBAR = 12


class ViewOrder(StrEnum):
    """How the list of views is sorted; what is equal, by name."""

    NAME = "name"
    NAME_DOWN = "-name"
    OWNER = "owner"
    OWNER_DOWN = "-owner"
    SHARED = "shared"
    SHARED_DOWN = "-shared"
    UPDATED = "updated_at"
    UPDATED_DOWN = "-updated_at"


_KEYS: dict[str, ColumnElement[Any]] = {
    "name": func.lower(SavedView.name),
    "owner": func.lower(SavedView.created_by),
    "shared": SavedView.personal_to_id.is_(None),
    "updated_at": SavedView.updated_at.expression,
}


def page_of(
    session: Session, organization: Organization, caller: Caller, order: ViewOrder, *,
    limit: int, skip: int = 0,
) -> Sequence[SavedView]:  # fmt: skip
    """List views that the caller sees in some order."""
    key = _KEYS[order.value.removeprefix("-")]
    first = key.desc() if order.value.startswith("-") else key.asc()
    listed = select(SavedView).where(visible(organization, caller))
    ordered = listed.order_by(first, func.lower(SavedView.name), SavedView.id)
    return session.scalars(ordered.limit(limit).offset(skip)).all()


def after(
    session: Session, organization: Organization, caller: Caller, *, limit: int,
    position: tuple[str, str] | None,
) -> Sequence[SavedView]:  # fmt: skip
    """List views that the caller sees by name and id, those after a position."""
    listed = select(SavedView).where(visible(organization, caller))
    if position is not None:
        listed = listed.where(tuple_(SavedView.name, SavedView.id) > position)
    return session.scalars(listed.order_by(SavedView.name, SavedView.id).limit(limit)).all()


def count(session: Session, organization: Organization, caller: Caller) -> int:
    """Count the views that the caller sees."""
    return session.scalar(select(func.count()).where(visible(organization, caller))) or 0


def shared(session: Session, organization: Organization) -> Sequence[SavedView]:
    """List what the organization shares, by name: there is a most of them."""
    is_shared = SavedView.personal_to_id.is_(None)
    of_organization = SavedView.organization_id == organization.id
    listed = select(SavedView).where(of_organization, is_shared)
    return session.scalars(listed.order_by(func.lower(SavedView.name), SavedView.id)).all()
