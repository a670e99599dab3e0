"""Settings → API keys: make, rotate, revoke. A key's text is in the answer that makes it, alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import AfterValidator, Field

from costoptix import drafts
from costoptix.access import api_keys as keys
from costoptix.access import key_listing
from costoptix.access.api_keys import KeyDraft, KeyState, RotationDraft
from costoptix.access.permissions import Permission
from costoptix.clock import utc_now, utc_today
from costoptix.errors import Conflict, CostOptixError, Invalid
from costoptix.extensions import db, quota_storage
from costoptix.models import ApiKey, new_id
from costoptix.web.parts import forms
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.list_forms import ListAddress
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.session import config
from costoptix.written import counted

PERMISSIONS = [
    (Permission.READ.value, "Read", "ask for costs, budgets, anomalies, imports"),
    (Permission.WRITE.value, "Write", "also import bills, judge anomalies, change budgets"),
    (Permission.ADMIN.value, "Admin", "also make, rotate and revoke keys"),
]
EXPIRIES = [
    ("30", "In 30 days"),
    ("90", "In 90 days"),
    ("365", "In a year"),
    ("date", "On a date …"),
    ("never", "Never"),
]
OVERLAPS = [
    ("0", "The old key stops now"),
    ("1", "Both work for an hour"),
    ("24", "Both work for a day"),
    ("72", "Both work for 3 days"),
    ("168", "Both work for 7 days"),
]
NAMES = ("CI Pipeline", "Grafana Integration")
EXPIRES_SOON = timedelta(days=14)
UNUSED = timedelta(days=60)
PER_PAGE = 50


class NewKeyForm(Form):
    """The form that makes a key."""

    key_id: UUID  # the new key's, made with the form: sent again, it makes no second key
    name: str = Field("", title="Name")
    permission: str = Field(Permission.READ.value, title="Permission")
    expires: Literal["30", "90", "365", "date", "never"] = Field("90", title="Expires")
    expires_on: str = Field("", title="Date, if chosen")

    @classmethod
    def asks_for(cls, field: str, values: Mapping[str, str]) -> str:
        """Return which field asks for a part of the draft."""
        return "expires_on" if field == "expires_at" else super().asks_for(field, values)

    def draft(self) -> KeyDraft:
        """Return what the domain is asked for."""
        values = {
            "name": self.name,
            "permission": self.permission,
            "expires_at": self._expires_at(),
        }
        return drafts.read(KeyDraft, values)

    def _expires_at(self) -> str | None:
        match self.expires:
            case "never":
                return None
            case "date":
                return self.expires_on
            case days:
                return (utc_today() + timedelta(days=int(days))).isoformat()


class RevocationForm(Form):
    """The form that revokes a key; its name is typed to confirm it."""

    confirm: str = Field("", title="Name of the key")


class RotationForm(Form):
    """The form that rotates a key."""

    overlap_hours: str = Field("24", title="Overlap")

    def draft(self) -> RotationDraft:
        """Return what the domain is asked for."""
        return drafts.read(RotationDraft, self.model_dump())


@dataclass(frozen=True)
class ListedKey:
    """A key as the list shows it."""

    key: ApiKey
    state: KeyState
    calls_today: int
    maker_left: bool

    @property
    def is_over(self) -> bool:
        """Tell whether the key is good for nothing any more."""
        return self.state in (KeyState.REVOKED, KeyState.EXPIRED)

    @property
    def expires_on(self) -> date | None:
        """Return the last day on which the key works."""
        expires_at = self.key.expires_at
        return None if expires_at is None else (expires_at - timedelta(microseconds=1)).date()

    @property
    def notes(self) -> list[str]:
        """Return what needs attention, in words."""
        if self.is_over:
            return []
        return [note for note in (self._expiry_note(), self._unused_note()) if note]

    def _expiry_note(self) -> str:
        expires_at = self.key.expires_at
        if expires_at is None or expires_at - utc_now() > EXPIRES_SOON:
            return ""
        days = (expires_at - utc_now()).days
        return f"expires in {counted(days, 'day')}" if days else "expires within a day"

    def _unused_note(self) -> str:
        idle = utc_now() - (self.key.last_used_at or self.key.created_at)
        return f"unused for {counted(idle.days, 'day')}" if idle > UNUSED else ""


class KeysForm(ListAddress):
    """How the list of keys is sorted, and which page of it is shown."""

    endpoint = "web.api_keys"

    order_by: Annotated[str, AfterValidator(key_listing.parse_order)] = ""


@page("/settings/api-keys", access=Access.ADMIN)
def api_keys() -> ResponseReturnValue:
    """List the keys, and offer to make one."""
    return _show_keys()


@page("/settings/api-keys", access=Access.ADMIN, methods=("POST",))
def create_api_key() -> ResponseReturnValue:
    """Make a key; its text is shown in this answer alone."""
    try:
        forms.require_fresh_password()
        form = forms.read(NewKeyForm)
        made = keys.create(
            db.session(), current_user.organization, current_user.caller, form.draft(),
            key_id=str(form.key_id),
        )  # fmt: skip
    except Conflict:
        flash(
            "This key was created already. Its text was shown once; rotate the key for a new one."
        )
        return redirect(url_for("web.api_keys"))
    except CostOptixError as error:
        return _show_keys(FilledForm.posted(NewKeyForm, error))
    return _show_keys(made=made)


@page("/settings/api-keys/<key_id>/revoke", access=Access.ADMIN)
def confirm_revocation(key_id: str) -> ResponseReturnValue:
    """Say what revoking a key breaks, and ask for its name."""
    return _show_key("settings/revoke_key.html", key_id, FilledForm(RevocationForm, {}))


@page("/settings/api-keys/<key_id>/revoke", access=Access.ADMIN, methods=("POST",))
def revoke_api_key(key_id: str) -> ResponseReturnValue:
    """Revoke a key, at once."""
    key = keys.get(db.session(), current_user.organization, key_id)
    try:
        forms.require_fresh_password()
        if forms.read(RevocationForm).confirm.strip() != key.name:
            reason = "type the key's name to confirm the revocation"
            raise Invalid(f"T{reason[1:]}.", field="confirm", reason=reason)
        keys.revoke(db.session(), current_user.organization, current_user.caller, key_id)
    except CostOptixError as error:
        refused = FilledForm.posted(RevocationForm, error)
        return _show_key("settings/revoke_key.html", key_id, refused)
    flash(f"The key “{key.name}” is revoked.")
    return redirect(url_for("web.api_keys"))


@page("/settings/api-keys/<key_id>/rotate", access=Access.ADMIN)
def confirm_rotation(key_id: str) -> ResponseReturnValue:
    """Ask how long the old key shall live beside its successor."""
    return _show_key("settings/rotate_key.html", key_id, FilledForm(RotationForm, {}))


@page("/settings/api-keys/<key_id>/rotate", access=Access.ADMIN, methods=("POST",))
def rotate_api_key(key_id: str) -> ResponseReturnValue:
    """Make the successor; its text is shown in this answer alone."""
    keys.get(db.session(), current_user.organization, key_id)
    try:
        forms.require_fresh_password()
        hours = forms.read(RotationForm).draft().overlap_hours
        made = keys.rotate(
            db.session(), current_user.organization, current_user.caller, key_id, hours
        )
    except CostOptixError as error:
        refused = FilledForm.posted(RotationForm, error)
        return _show_key("settings/rotate_key.html", key_id, refused)
    return _show_keys(made=made)


def _show_keys(
    refused: FilledForm | None = None, *, made: tuple[ApiKey, str] | None = None
) -> ResponseReturnValue:
    session, own, today = db.session(), current_user.organization, _calls_today()
    address = drafts.read_pairs(
        KeysForm, [pair for pair in request.args.items(multi=True) if pair[1]]
    )
    listed = key_listing.page_of(
        session, own, address.order_by, today,
        limit=PER_PAGE + 1, skip=(address.page - 1) * PER_PAGE,
    )  # fmt: skip
    body = render_template(
        "settings/api_keys.html",
        made=made,
        rows=_rows(listed[:PER_PAGE], today),
        address=address,
        count=key_listing.count(session, own),
        newer=address.url() if address.page > 1 else "",
        older=address.url(page=str(address.page + 1)) if len(listed) > PER_PAGE else "",
        form=refused or FilledForm(NewKeyForm, {}),
        form_key_id=new_id(),
        names=NAMES,
        permissions=[(value, title) for value, title, _ in PERMISSIONS],
        meanings=[(title, meaning) for _, title, meaning in PERMISSIONS],
        expiries=EXPIRIES,
        tomorrow=utc_today() + timedelta(days=1),
        base_url=config().public_url,
    )
    return forms.answer(body, refused.error if refused else None)


def _show_key(template: str, key_id: str, form: FilledForm) -> ResponseReturnValue:
    key = keys.get(db.session(), current_user.organization, key_id)
    (row,) = _rows([key], _calls_today())
    body = render_template(template, row=row, overlaps=OVERLAPS, form=form)
    return forms.answer(body, form.error)


def _calls_today() -> dict[str, int]:
    """Return today's calls by the ids of keys; a key without a call is not there."""
    calls = quota_storage().calls(current_user.organization.id, utc_today())
    return {usage.api_key_id: usage.calls for usage in calls}


def _rows(listed: Sequence[ApiKey], today: Mapping[str, int]) -> list[ListedKey]:
    """Return what the list shows of keys, in their order."""
    left = keys.made_by_someone_who_left(db.session(), current_user.organization, listed)
    return [
        ListedKey(key, keys.state_of(key), today.get(key.id, 0), key.id in left) for key in listed
    ]
