"""API keys of an organization: made and shown once, found by digest, rotated, revoked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from pydantic import Field, field_validator
from sqlalchemy import Connection, Engine, Select, or_, select, update
from sqlalchemy.orm import Session

from costoptix.access import audit, key_format
from costoptix.access.key_lookup import find_row
from costoptix.access.permissions import ActorKind, Caller, Permission, Role, require
from costoptix.access.tiers import Tier, tier_of
from costoptix.clock import parse_instant, utc_now
from costoptix.database import writing
from costoptix.drafts import Draft, Name
from costoptix.errors import Conflict, NotFound, Unauthorized
from costoptix.models import ApiKey, Organization, User, new_id

LAST_USED_PRECISION = timedelta(seconds=60)
LONGEST_OVERLAP_HOURS = 7 * 24
UNKNOWN_KEY = "A valid API key is needed: send it in exactly one X-API-Key header."
END_OF_DAY = time(23, 59, 59, 999999, tzinfo=UTC)


class KeyState(StrEnum):
    """What a key is good for."""

    ACTIVE = "active"
    ROTATING = "rotating"  # has a successor, and is good until it expires
    EXPIRED = "expired"
    REVOKED = "revoked"


class KeyDraft(Draft):
    """A key to be made."""

    name: Name
    permission: Permission
    expires_at: datetime | None = Field(
        default=None, description="An instant, or a date: the end of that day UTC. Null: never."
    )

    @field_validator("expires_at", mode="before")
    @classmethod
    def _read_expiry(cls, value: object) -> datetime | None:
        return None if value is None else read_expiry(value)


class RotationDraft(Draft):
    """How long a key lives on beside its successor."""

    overlap_hours: int = Field(default=24, ge=0, le=LONGEST_OVERLAP_HOURS)


class DeadKey(Unauthorized):
    """A key that was good once, sent by who has it."""

    def __init__(self, sentence: str, caller: Caller) -> None:
        super().__init__(sentence)
        self.caller = caller


@dataclass(frozen=True)
class PresentedKey:
    """A good key that came with a request."""

    caller: Caller
    tier: Tier
    data_version: str  # the organization's, as of this request
    last_used_at: datetime | None
    prefix: str  # what is shown of it


def read_expiry(value: object) -> datetime:
    """Read an expiry: an instant, or a date, which means the end of that day UTC.

    Raises:
        ValueError: it is neither, or it is in the past.
    """
    text = str(value)
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            expires_at = datetime.combine(date.fromisoformat(text), END_OF_DAY)
        else:
            expires_at = parse_instant(text)
    except (ValueError, OverflowError):
        raise ValueError("give a date (2027-01-31) or an instant (2027-01-31T12:00:00Z)") from None
    if expires_at <= utc_now():
        raise ValueError("it is in the past")
    return expires_at


def state_of(key: ApiKey) -> KeyState:
    """Return the state of a key at this instant."""
    if key.revoked_at is not None:
        return KeyState.REVOKED
    if key.expires_at is not None and key.expires_at <= utc_now():
        return KeyState.EXPIRED
    return KeyState.ACTIVE if key.successor_id is None else KeyState.ROTATING


# At each call -------------------------------------------------------------------------------


def find(engine: Engine, text: str, address: str = "") -> PresentedKey:
    """Return the key of that text, with its organization's tier as it is now: one query.

    Raises:
        Unauthorized: no such key.
        DeadKey: it has expired or was revoked; said only to the holder of the real one.
        sqlalchemy.exc.OperationalError: the database does not answer.
    """
    if not key_format.is_well_formed(text):
        raise Unauthorized(UNKNOWN_KEY)
    row = find_row(engine, key_format.digest(text))
    if row is None:
        raise Unauthorized(UNKNOWN_KEY)
    caller = Caller(
        organization_id=row.organization_id,
        permission=Permission(row.permission),
        label=f"{row.name} ({row.prefix}…)",
        api_key_id=row.id,
        address=address,
        kind=ActorKind.KEY,
    )
    if row.revoked_at is not None:
        raise DeadKey("This API key was revoked.", caller)
    if row.expires_at is not None and row.expires_at <= utc_now():
        raise DeadKey("This API key has expired.", caller)
    return PresentedKey(caller, tier_of(row.tier), row.data_version, row.last_used_at, row.prefix)


def needs_touch(key: PresentedKey) -> bool:
    """Tell whether the last use on record is a minute old or more."""
    return key.last_used_at is None or utc_now() - key.last_used_at >= LAST_USED_PRECISION


def touch(connection: Connection, key_id: str) -> None:
    """Note that a key is used now; of callers at the same time, one writes."""
    now = utc_now()
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - LAST_USED_PRECISION)
    connection.execute(
        update(ApiKey.__table__)  # type: ignore[arg-type]
        .where(ApiKey.id == key_id, stale)
        .values(last_used_at=now)
    )


# In their life ------------------------------------------------------------------------------


def create(
    session: Session,
    organization: Organization,
    caller: Caller,
    draft: KeyDraft,
    *,
    key_id: str | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; return it and its text, which is nowhere afterwards.

    A form that is sent again names the same ``key_id``, and so makes no second key.

    Raises:
        Forbidden: the caller is no admin.
        Conflict: there is a key of that id.
    """
    require(caller, Permission.ADMIN)
    with writing(session):
        if key_id is not None and session.get(ApiKey, key_id) is not None:
            raise Conflict("This key was made already.")
        key, text = _add(session, organization, caller, draft, utc_now(), key_id)
        audit.record(
            session, caller, "api_key.created", subject=_label(key), subject_id=key.id,
            after=_facts(key),
        )  # fmt: skip
    return key, text


def of_organization(session: Session, organization: Organization) -> Sequence[ApiKey]:
    """Return every key, revoked and expired ones too, newest first."""
    return session.scalars(
        select(ApiKey)
        .where(ApiKey.organization_id == organization.id)
        .order_by(ApiKey.created_at.desc(), ApiKey.id)
    ).all()


def get(session: Session, organization: Organization, key_id: str) -> ApiKey:
    """Return one key.

    Raises:
        NotFound: no such key, or another organization's.
    """
    return _found(session.scalar(_one(organization, key_id)))


def rotate(
    session: Session, organization: Organization, caller: Caller, key_id: str, overlap_hours: int
) -> tuple[ApiKey, str]:
    """Make a successor (same name, permission, length of life); return it and its text.

    The old key lives on for ``overlap_hours`` at most.

    Raises:
        Forbidden: the caller is no admin.
        NotFound: no such key.
        Conflict: the key is expired, revoked or already rotating.
    """
    require(caller, Permission.ADMIN)
    with writing(session):
        old = _locked(session, organization, key_id)
        if (state := state_of(old)) is not KeyState.ACTIVE:
            raise Conflict(f"Only an active key can be rotated; this one is {state}.")
        now = utc_now()
        before = _facts(old)
        life = None if old.expires_at is None else old.expires_at - old.created_at
        draft = KeyDraft.model_construct(
            name=old.name,
            permission=Permission(old.permission),
            expires_at=None if life is None else now + life,
        )
        successor, text = _add(session, organization, caller, draft, now)
        end = now + timedelta(hours=overlap_hours)
        old.expires_at = end if old.expires_at is None else min(old.expires_at, end)
        old.successor_id = successor.id
        audit.record(
            session, caller, "api_key.rotated", subject=_label(old), subject_id=old.id,
            before=before, after=_facts(old) | {"successor_id": successor.id},
        )  # fmt: skip
        audit.record(
            session, caller, "api_key.created", subject=_label(successor), subject_id=successor.id,
            after=_facts(successor),
        )  # fmt: skip
    return successor, text


def revoke(session: Session, organization: Organization, caller: Caller, key_id: str) -> ApiKey:
    """End a key for good; revoking it again changes nothing.

    Raises:
        Forbidden: the caller is no admin.
        NotFound: no such key.
    """
    require(caller, Permission.ADMIN)
    with writing(session):
        key = _locked(session, organization, key_id)
        if key.revoked_at is None:
            key.revoked_at = utc_now()
            audit.record(
                session, caller, "api_key.revoked", subject=_label(key), subject_id=key.id,
                after=_facts(key),
            )  # fmt: skip
    return key


def made_by_someone_who_left(
    session: Session, organization: Organization, keys: Sequence[ApiKey]
) -> frozenset[str]:
    """Return the ids of those keys whose maker is no longer an active admin of the organization."""
    admins = select(User.id).where(
        User.organization_id == organization.id, User.role == Role.ADMIN, User.is_active.is_(True)
    )
    return frozenset(
        session.scalars(
            select(ApiKey.id).where(
                ApiKey.id.in_([key.id for key in keys]),
                ApiKey.created_by_user_id.is_not(None),
                ApiKey.created_by_user_id.not_in(admins),
            )
        )
    )


def _one(organization: Organization, key_id: str) -> Select[ApiKey]:
    return select(ApiKey).where(ApiKey.id == key_id, ApiKey.organization_id == organization.id)


def _found(key: ApiKey | None) -> ApiKey:
    if key is None:
        raise NotFound
    return key


def _locked(session: Session, organization: Organization, key_id: str) -> ApiKey:
    """Return one key as it is now, kept from others until the transaction ends."""
    statement = _one(organization, key_id).with_for_update()  # SQLite holds its own lock
    return _found(session.scalar(statement.execution_options(populate_existing=True)))


def _add(
    session: Session,
    organization: Organization,
    caller: Caller,
    draft: KeyDraft,
    now: datetime,
    key_id: str | None = None,
) -> tuple[ApiKey, str]:
    text = key_format.mint()
    key = ApiKey(
        id=key_id or new_id(),
        organization_id=organization.id,
        name=draft.name,
        prefix=key_format.prefix(text),
        digest=key_format.digest(text),
        permission=draft.permission,
        created_by_user_id=caller.user_id,
        created_by=caller.label,
        created_at=now,
        expires_at=draft.expires_at,
    )
    session.add(key)
    session.flush()
    return key, text


def _label(key: ApiKey) -> str:
    return f"{key.name} ({key.prefix}…)"


def _facts(key: ApiKey) -> dict[str, str | None]:
    """Return what the audit log keeps of a key."""
    return {
        "name": key.name,
        "permission": key.permission,
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
    }
