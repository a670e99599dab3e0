"""``/keys``: the organization's API keys, for keys with admin permission."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from costoptix.access import api_keys, key_listing
from costoptix.access.api_keys import KeyDraft, RotationDraft
from costoptix.access.permissions import Permission
from costoptix.api.answers import Answer
from costoptix.api.endpoint import PREFIX, Call, operation
from costoptix.api.paging import PageQuery, sign, unsign
from costoptix.clock import utc_today
from costoptix.extensions import quota_storage
from costoptix.models import ApiKey


@dataclass(frozen=True)
class Key:
    """A key, without its text."""

    id: str
    name: str
    prefix: str
    permission: str
    created_by: str
    created_at: datetime
    last_used_at: datetime | None
    calls_today: int
    expires_at: datetime | None
    revoked_at: datetime | None
    state: api_keys.KeyState


@dataclass(frozen=True)
class NewKey(Key):
    """A key as it was made: ``key`` is its text, shown this once (null in a replay)."""

    key: str | None


@operation(
    "GET", "/keys", permission=Permission.ADMIN, query=PageQuery, data=list[Key],
    summary="List the API keys, revoked and expired ones too, newest first",
)  # fmt: skip
def list_keys(call: Call, query: PageQuery) -> Answer:
    """List them."""
    purpose = f"keys:{call.organization.id}"
    after = None if query.cursor is None else unsign(purpose, query.cursor)
    keys = key_listing.newest(call.session, call.organization, limit=query.limit + 1, after=after)
    listed = keys[: query.limit]
    cursor = sign(purpose, listed[-1].id) if len(keys) > query.limit else None
    today = _calls_today(call)
    data = [_describe(key, today.get(key.id, 0)) for key in listed]
    return Answer(data, meta={"next_cursor": cursor})


@operation(
    "POST", "/keys", permission=Permission.ADMIN, body=KeyDraft, data=NewKey, status=201,
    shown_once=("key",), summary="Create an API key; only this answer holds its text",
)  # fmt: skip
def create_key(call: Call, body: KeyDraft) -> Answer:
    """Make it."""
    key, text = api_keys.create(call.session, call.organization, call.caller, body)
    return _made(key, text)


@operation(
    "GET", "/keys/<key_id>", permission=Permission.ADMIN, data=Key, summary="Show an API key",
)  # fmt: skip
def get_key(call: Call, key_id: str) -> Key:
    """Show it."""
    key = api_keys.get(call.session, call.organization, key_id)
    return _describe(key, _calls_today(call).get(key.id, 0))


@operation(
    "DELETE", "/keys/<key_id>", permission=Permission.ADMIN, data=Key, is_never_refused=True,
    summary="Revoke an API key, at once; it stays listed",
)  # fmt: skip
def revoke_key(call: Call, key_id: str) -> Key:
    """Revoke it."""
    key = api_keys.revoke(call.session, call.organization, call.caller, key_id)
    return _describe(key, _calls_today(call).get(key.id, 0))


@operation(
    "POST", "/keys/<key_id>/rotate", permission=Permission.ADMIN, body=RotationDraft, data=NewKey,
    status=201, shown_once=("key",),
    summary="Rotate an API key: create its successor; the old one works on for the overlap",
)  # fmt: skip
def rotate_key(call: Call, key_id: str, body: RotationDraft) -> Answer:
    """Make the successor."""
    key, text = api_keys.rotate(
        call.session, call.organization, call.caller, key_id, body.overlap_hours
    )
    return _made(key, text)


def _made(key: ApiKey, text: str) -> Answer:
    data = NewKey(**asdict(_describe(key, 0)), key=text)
    return Answer(data, status=201, headers={"Location": f"{PREFIX}/keys/{key.id}"})


def _calls_today(call: Call) -> dict[str, int]:
    calls = quota_storage().calls(call.organization.id, utc_today())
    return {used.api_key_id: used.calls for used in calls}


def _describe(key: ApiKey, calls_today: int) -> Key:
    return Key(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        permission=key.permission,
        created_by=key.created_by,
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        calls_today=calls_today,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        state=api_keys.state_of(key),
    )
