"""API keys that stop working soon: told of once each, a week before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from costoptix import events
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import ApiKey, Event, Organization

EXPIRING = "key.expiring"
SOON = timedelta(days=7)
AT_ONCE = 100


def expiring(session: Session, organization: Organization, limit: int) -> Sequence[ApiKey]:
    """Return at most ``limit`` keys of an organization that expire soon, the first one first."""
    return session.scalars(
        select(ApiKey)
        .where(ApiKey.organization_id == organization.id, *_soon(utc_now()))
        .order_by(ApiKey.expires_at, ApiKey.id)
        .limit(limit)
    ).all()


def _soon(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Write the conditions of a key in use that expires within a week and has no successor."""
    return (
        ApiKey.revoked_at.is_(None),
        ApiKey.successor_id.is_(None),
        ApiKey.expires_at > now,
        ApiKey.expires_at <= now + SOON,
    )


def tell_expiring(session: Session) -> None:
    """Raise an event for each key in use that expires within a week and has no successor."""
    now = utc_now()
    is_raised = exists().where(
        Event.organization_id == ApiKey.organization_id,
        Event.name == EXPIRING,
        Event.subject_id == ApiKey.id,
    )
    keys = session.scalars(
        select(ApiKey).where(*_soon(now), ~is_raised).order_by(ApiKey.expires_at).limit(AT_ONCE)
    ).all()
    for key_id in [key.id for key in keys]:
        with writing(session):
            key = session.get(ApiKey, key_id)
            if key is not None and key.expires_at is not None:
                _raise(session, key)


def _raise(session: Session, key: ApiKey) -> None:
    events.raise_once(
        session,
        session.get_one(Organization, key.organization_id),
        EXPIRING,
        key=f"{EXPIRING}:{key.id}",
        subject_id=key.id,
        data={
            "key_id": key.id,
            "name": key.name,
            "prefix": key.prefix,
            "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        },
    )
