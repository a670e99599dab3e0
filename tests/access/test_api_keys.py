"""The life of a key, in the domain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import clock, drafts
from costoptix.access import api_keys, key_format
from costoptix.access.api_keys import KeyDraft, KeyState
from costoptix.access.permissions import Caller, Permission
from costoptix.access.tiers import TIERS
from costoptix.database import writing
from costoptix.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from costoptix.models import ApiKey, AuditEntry, Organization, User

NOON = "2026-03-10T12:00:00Z"
READ = KeyDraft(name="ci", permission=Permission.READ)


@pytest.fixture(autouse=True)
def _noon(app: Flask) -> None:
    clock.configure(NOON)


def _draft(**values: object) -> KeyDraft:
    return drafts.read(KeyDraft, {"name": "ci", "permission": "read"} | values)


def _make(session: Session, acme: Organization, admin: Caller, **values: object) -> ApiKey:
    return api_keys.create(session, acme, admin, _draft(**values))[0]


def _find(session: Session, text: str) -> api_keys.PresentedKey:
    return api_keys.find(session.connection().engine, text)


def test_a_key_is_found_by_its_text(session: Session, acme: Organization, admin: Caller) -> None:
    key, text = api_keys.create(session, acme, admin, READ)
    found = _find(session, text)
    assert found.caller.organization_id == acme.id
    assert found.caller.permission is Permission.READ
    assert found.caller.api_key_id == key.id
    assert found.tier is TIERS["enterprise"]


def test_nothing_stored_holds_the_key(session: Session, acme: Organization, admin: Caller) -> None:
    """S32: a public prefix and a digest, nothing else."""
    key, text = api_keys.create(session, acme, admin, READ)
    entries = [str(vars(entry)) for entry in session.scalars(select(AuditEntry))]
    assert text[11:] not in str(vars(key)) + "".join(entries)
    assert key.digest == key_format.digest(text)


@pytest.mark.parametrize("text", ["", "cc_", "x" * 4096, "cc_" + "0" * 46, "schlüssel"])
def test_a_malformed_key_is_refused_without_a_look_up(text: str) -> None:
    with pytest.raises(Unauthorized, match="valid API key"):
        api_keys.find(None, text)  # type: ignore[arg-type]


def test_an_unknown_key_is_refused_in_the_same_words(session: Session) -> None:
    with pytest.raises(Unauthorized) as unknown:
        _find(session, key_format.mint())
    assert unknown.value.sentence == api_keys.UNKNOWN_KEY


def test_a_key_expires_at_its_very_instant(
    session: Session, acme: Organization, admin: Caller
) -> None:
    """S35: with the clock at the boundary."""
    draft = _draft(expires_at="2026-03-10T13:00:00Z")
    _, text = api_keys.create(session, acme, admin, draft)
    clock.configure("2026-03-10T12:59:59.500000Z")
    assert _find(session, text)
    clock.configure("2026-03-10T13:00:00Z")
    with pytest.raises(Unauthorized, match="has expired"):
        _find(session, text)


def test_a_date_means_the_end_of_that_day_utc() -> None:
    assert _draft(expires_at="2026-03-10").expires_at == datetime(
        2026, 3, 10, 23, 59, 59, 999999, UTC
    )


@pytest.mark.parametrize(
    "value",
    ["2026-03-09", NOON, "2026-02-30", "tomorrow", "9999999-01-01", 5, "", "２０２７-01-01"],
)
def test_an_expiry_in_the_past_or_of_no_form_is_refused(value: object) -> None:
    with pytest.raises(Invalid, match="expires_at"):
        _draft(expires_at=value)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00b", "x" * 101, None, ["a"]])
def test_a_name_is_one_line(name: object) -> None:
    with pytest.raises(Invalid, match="name"):
        _draft(name=name)


def test_a_revoked_key_is_named_so_to_its_holder_at_once(
    session: Session, acme: Organization, admin: Caller
) -> None:
    key, text = api_keys.create(session, acme, admin, READ)
    api_keys.revoke(session, acme, admin, key.id)
    with pytest.raises(Unauthorized, match="was revoked"):
        _find(session, text)
    assert api_keys.state_of(key) is KeyState.REVOKED


def test_revoking_again_changes_nothing(
    session: Session, acme: Organization, admin: Caller
) -> None:
    key = _make(session, acme, admin)
    first = api_keys.revoke(session, acme, admin, key.id).revoked_at
    clock.configure("2026-03-11T12:00:00Z")
    assert api_keys.revoke(session, acme, admin, key.id).revoked_at == first


def test_rotation_makes_a_like_key_and_lets_the_old_one_live_on(
    session: Session, acme: Organization, admin: Caller
) -> None:
    """S37: the old one is good until the chosen time; both are audited."""
    old, old_text = api_keys.create(session, acme, admin, _draft(expires_at="2026-06-08"))
    clock.configure("2026-03-20T12:00:00Z")
    new, new_text = api_keys.rotate(session, acme, admin, old.id, 24)
    assert (new.name, new.permission) == (old.name, old.permission)
    assert new.expires_at is not None
    assert new.expires_at - new.created_at == (
        datetime(2026, 6, 8, 23, 59, 59, 999999, UTC) - old.created_at
    )
    assert old.expires_at == new.created_at + timedelta(hours=24)
    assert api_keys.state_of(old) is KeyState.ROTATING
    assert _find(session, old_text)
    clock.configure("2026-03-21T12:01:00Z")
    assert _find(session, new_text)
    with pytest.raises(Unauthorized, match="has expired"):
        _find(session, old_text)
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["api_key.created", "api_key.rotated", "api_key.created"]


def test_rotation_never_lengthens_the_old_keys_life(
    session: Session, acme: Organization, admin: Caller
) -> None:
    old = _make(session, acme, admin, expires_at="2026-03-10T13:00:00Z")
    api_keys.rotate(session, acme, admin, old.id, 168)
    assert old.expires_at == datetime(2026, 3, 10, 13, tzinfo=UTC)


def test_only_an_active_key_can_be_rotated(
    session: Session, acme: Organization, admin: Caller
) -> None:
    rotating = _make(session, acme, admin)
    api_keys.rotate(session, acme, admin, rotating.id, 24)
    revoked = _make(session, acme, admin)
    api_keys.revoke(session, acme, admin, revoked.id)
    expired = _make(session, acme, admin, expires_at="2026-03-10T12:30:00Z")
    clock.configure("2026-03-10T12:31:00Z")
    for key, state in ((rotating, "rotating"), (revoked, "revoked"), (expired, "expired")):
        with pytest.raises(Conflict, match=f"this one is {state}"):
            api_keys.rotate(session, acme, admin, key.id, 24)


def test_only_admins_make_rotate_and_revoke(
    session: Session, acme: Organization, admin: Caller, bob: User
) -> None:
    key = _make(session, acme, admin)
    member = Caller(acme.id, Permission.READ, bob.email, user_id=bob.id)
    with pytest.raises(Forbidden):
        api_keys.create(session, acme, member, READ)
    with pytest.raises(Forbidden):
        api_keys.rotate(session, acme, member, key.id, 1)
    with pytest.raises(Forbidden):
        api_keys.revoke(session, acme, member, key.id)


def test_a_stranger_sees_no_key(
    session: Session, acme: Organization, elsewhere: Organization, admin: Caller, mallory: User
) -> None:
    key = _make(session, acme, admin)
    stranger = Caller(elsewhere.id, Permission.ADMIN, mallory.email, user_id=mallory.id)
    for action in (
        lambda: api_keys.get(session, elsewhere, key.id),
        lambda: api_keys.rotate(session, elsewhere, stranger, key.id, 1),
        lambda: api_keys.revoke(session, elsewhere, stranger, key.id),
    ):
        with pytest.raises(NotFound):
            action()
    assert api_keys.of_organization(session, elsewhere) == []


def test_the_last_use_is_written_at_most_once_a_minute(
    session: Session, acme: Organization, admin: Caller
) -> None:
    """S36."""
    key, text = api_keys.create(session, acme, admin, READ)
    seen = []
    for moment in ("12:00:01", "12:00:59", "12:01:02"):
        clock.configure(f"2026-03-10T{moment}Z")
        with writing(session):
            if api_keys.needs_touch(_find(session, text)):
                api_keys.touch(session.connection(), key.id)
        session.refresh(key)
        assert key.last_used_at is not None
        seen.append(key.last_used_at)
    assert seen[0] == seen[1]
    assert seen[2] - seen[0] >= timedelta(seconds=60)


def test_a_key_outlives_its_maker_and_says_so(
    session: Session, acme: Organization, admin: Caller, alice: User
) -> None:
    key, text = api_keys.create(session, acme, admin, READ)
    assert api_keys.made_by_someone_who_left(session, acme, [key]) == frozenset()
    for change in ({"role": "member"}, {"role": "admin", "is_active": False}):
        with writing(session):
            for name, value in change.items():
                setattr(alice, name, value)
        assert api_keys.made_by_someone_who_left(session, acme, [key]) == {key.id}
    with writing(session):
        session.delete(alice)
    assert api_keys.made_by_someone_who_left(session, acme, [key]) == {key.id}
    assert _find(session, text)


def test_a_connection_that_broke_meanwhile_is_replaced(
    session: Session, acme: Organization, admin: Caller
) -> None:
    _row, text = api_keys.create(session, acme, admin, READ)
    engine = session.get_bind().engine
    session.rollback()
    pooled = engine.raw_connection()
    connection = pooled.driver_connection
    pooled.close()
    assert connection is not None
    connection.close()
    assert api_keys.find(engine, text).caller.organization_id == acme.id
