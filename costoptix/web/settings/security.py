"""Settings → Security: a person's own name, password and sessions."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix import drafts
from costoptix.access import sessions, users
from costoptix.access.passwords import HINT
from costoptix.errors import CostOptixError, Invalid
from costoptix.extensions import db
from costoptix.models import UserSession
from costoptix.web.parts import forms
from costoptix.web.parts.display import browser_title
from costoptix.web.parts.routing import page
from costoptix.web.parts.sorting import Comparable, sorting


class PasswordChange(drafts.Draft):
    """The form that changes the password (the present one is read by forms)."""

    password: str
    repeated: str


class NameChange(drafts.Draft):
    """The form that changes how the person is called."""

    name: str


@page("/settings/security")
def security() -> ResponseReturnValue:
    """Show the person's sessions and the forms."""
    return _show()


@page("/settings/security/name", methods=("POST",))
def change_name() -> ResponseReturnValue:
    """Change how the person is called."""
    try:
        users.rename(
            db.session(), current_user.caller, current_user.user, forms.read(NameChange).name
        )
    except CostOptixError as error:
        return _show(error)
    flash("Name changed.")
    return redirect(url_for("web.security"))


@page("/settings/security/password", methods=("POST",))
def change_password() -> ResponseReturnValue:
    """Change the password; every other session ends."""
    try:
        forms.require_password()
        draft = forms.read(PasswordChange)
        if draft.password != draft.repeated:
            raise Invalid("The two new passwords differ: type the same one twice.")
        users.change_password(
            db.session(), current_user.caller, current_user.user, draft.password,
            keep_session=current_user.row.id,
        )  # fmt: skip
    except CostOptixError as error:
        return _show(error)
    flash("Password changed. All your other sessions have ended.")
    return redirect(url_for("web.security"))


@page("/settings/security/sessions/<session_id>/end", methods=("POST",))
def end_session(session_id: str) -> ResponseReturnValue:
    """End one of the person's own sessions."""
    forms.read_button()
    sessions.end(db.session(), current_user.caller, current_user.user, session_id)
    return redirect(url_for("web.security"))


@page("/settings/security/sessions/end", methods=("POST",))
def end_other_sessions() -> ResponseReturnValue:
    """End every session of the person but this one."""
    forms.read_button()
    sessions.end_others(db.session(), current_user.caller, current_user.user, current_user.row.id)
    flash("All your other sessions have ended.")
    return redirect(url_for("web.security"))


SESSIONS: dict[str, Callable[[UserSession], Comparable]] = {
    "browser": lambda row: browser_title(row.user_agent).casefold(),
    "address": lambda row: row.address,
    "created_at": lambda row: row.created_at,
    "last_seen_at": lambda row: row.last_seen_at,
}
"""What a person's sessions can be sorted by."""


def _show(error: CostOptixError | None = None) -> ResponseReturnValue:
    order = sorting("web.security", SESSIONS)
    body = render_template(
        "settings/security.html",
        sessions=order.rows(sessions.list_of(db.session(), current_user.user)),
        sorting=order,
        hint=HINT,
        error=error.sentence if error else "",
    )
    return forms.answer(body, error)
