"""Keys that expire within a week are told of, once each."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.access import api_keys, expiring_keys
from costoptix.access.api_keys import KeyDraft
from costoptix.access.permissions import Caller, Permission
from costoptix.clock import utc_now
from costoptix.models import ApiKey, Event, Organization


def make(session: Session, acme: Organization, admin: Caller, days: int | None) -> ApiKey:
    expires_at = None if days is None else utc_now() + timedelta(days=days)
    draft = KeyDraft(name="CI", permission=Permission.READ, expires_at=expires_at)
    return api_keys.create(session, acme, admin, draft)[0]


def told(session: Session) -> list[str]:
    expiring_keys.tell_expiring(session)
    session.rollback()
    return list(session.scalars(select(Event.subject_id).order_by(Event.id)))


def test_a_key_is_told_of_a_week_before_and_once(
    session: Session, acme: Organization, admin: Caller
) -> None:
    clock.configure("2026-03-20T12:00:00Z")
    key = make(session, acme, admin, 8)
    make(session, acme, admin, None)
    assert told(session) == []
    clock.configure("2026-03-21T13:00:00Z")
    assert told(session) == [key.id]
    assert told(session) == [key.id]
    (event,) = session.scalars(select(Event))
    assert (event.name, event.data["name"], event.data["prefix"]) == (
        "key.expiring", "CI", key.prefix,
    )  # fmt: skip


def test_keys_that_are_over_or_have_a_successor_are_not_told_of(
    session: Session, acme: Organization, admin: Caller
) -> None:
    clock.configure("2026-03-20T12:00:00Z")
    expired, revoked, rotated = (make(session, acme, admin, days) for days in (1, 3, 3))
    api_keys.revoke(session, acme, admin, revoked.id)
    successor, _ = api_keys.rotate(session, acme, admin, rotated.id, 24)
    clock.configure("2026-03-21T13:00:00Z")
    assert expired.expires_at is not None
    assert told(session) == [successor.id]
