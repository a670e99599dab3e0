"""Domain events as rows: an anomaly found, a budget crossed. Each happens once, whatever happens.

Whoever raises one names it by a key. The row of that key is the memory that it happened: data
restated down and up again, a job done twice or two workers at once make no second one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import queue
from costoptix.database import writing
from costoptix.models import Event, Organization

KEYS_AT_ONCE = 500
"""A database takes only so many parameters: 999 in older versions of SQLite."""

DATA_CHANGED = "data_changed"
"""The kind of the job that an organization's charges have changed: jobs.py knows who wants it."""


def data_changed(session: Session, organization_id: str) -> None:
    """Record that an organization's charges changed, in the transaction that changes them."""
    queue.enqueue_once(session, DATA_CHANGED, organization_id)


def raise_once(
    session: Session,
    organization: Organization,
    name: str,
    *,
    key: str,
    subject_id: str,
    data: Mapping[str, Any],
) -> bool:
    """Add an event (``name`` as ``budget.warning``) unless there is one of that ``key``.

    Belongs into the transaction of what makes it happen. ``data`` holds JSON values, amounts as
    text. Returns whether it was added.
    """
    with writing(session):
        earlier = select(Event.id).where(Event.organization_id == organization.id, Event.key == key)
        if session.scalar(earlier) is not None:
            return False
        session.add(
            Event(
                organization_id=organization.id,
                name=name,
                key=key,
                subject_id=subject_id,
                data=dict(data),
            )
        )
        session.flush()
        return True


def raised(session: Session, organization: Organization, keys: Collection[str]) -> set[str]:
    """Return those of some keys of which there is an event."""
    every, raised_keys = sorted(keys), set[str]()
    for start in range(0, len(every), KEYS_AT_ONCE):
        some = every[start : start + KEYS_AT_ONCE]
        mine = select(Event.key).where(
            Event.organization_id == organization.id, Event.key.in_(some)
        )
        raised_keys.update(session.scalars(mine))
    return raised_keys


def is_known(session: Session, organization: Organization, keys: Collection[str]) -> bool:
    """Tell whether there is an event of one of these keys."""
    earlier = select(Event.id).where(Event.organization_id == organization.id, Event.key.in_(keys))
    return session.scalar(earlier.limit(1)) is not None


def of_subject(session: Session, organization: Organization, subject_id: str) -> Sequence[Event]:
    """List what happened to one budget or anomaly, newest first."""
    return session.scalars(
        select(Event)
        .where(Event.organization_id == organization.id, Event.subject_id == subject_id)
        .order_by(Event.id.desc())
    ).all()
