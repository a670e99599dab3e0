"""Settings → Security: a person's own name, password and sessions."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import Field

from costoptix.access import sessions, users
from costoptix.access.passwords import HINT
from costoptix.errors import CostOptixError, refused_field
from costoptix.extensions import db
from costoptix.models import UserSession
from costoptix.web.parts import forms
from costoptix.web.parts.display import browser_title
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.routing import page
from costoptix.web.parts.sorting import Comparable, sorting


class PasswordForm(Form):
    """The form that changes the password (the present one is read by forms)."""

    password: str = Field("", title="New password")
    repeated: str = Field("", title="New password again")


class NameForm(Form):
    """The form that changes how the person is called."""

    name: str = Field("", title="Name")


@page("/settings/security")
def security() -> ResponseReturnValue:
    """Show the person's sessions and the forms."""
    return _show()


@page("/settings/security/name", methods=("POST",))
def change_name() -> ResponseReturnValue:
    """Change how the person is called."""
    try:
        users.rename(
            db.session(), current_user.caller, current_user.user, forms.read(NameForm).name
        )
    except CostOptixError as error:
        return _show(FilledForm.posted(NameForm, error))
    flash("Name changed.")
    return redirect(url_for("web.security"))


@page("/settings/security/password", methods=("POST",))
def change_password() -> ResponseReturnValue:
    """Change the password; every other session ends."""
    try:
        forms.require_password()
        draft = forms.read(PasswordForm)
        if draft.password != draft.repeated:
            raise refused_field("repeated", "The two differ: type the same password twice.")
        users.change_password(
            db.session(), current_user.caller, current_user.user, draft.password,
            keep_session=current_user.row.id,
        )  # fmt: skip
    except CostOptixError as error:
        return _show(_without_passwords(error))
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


def _without_passwords(error: CostOptixError) -> FilledForm:
    return FilledForm(PasswordForm, {}, error)


def _show(refused: FilledForm | None = None) -> ResponseReturnValue:
    order = sorting("web.security", SESSIONS)
    naming = FilledForm(NameForm, {"name": current_user.user.name})
    changing = FilledForm(PasswordForm, {})
    if refused is not None and refused.model is NameForm:
        naming = refused
    elif refused is not None:
        changing = refused
    body = render_template(
        "settings/security.html",
        sessions=order.rows(sessions.list_of(db.session(), current_user.user)),
        sorting=order,
        hint=HINT,
        refused=refused,
        naming=naming,
        changing=changing,
    )
    return forms.answer(body, refused.error if refused else None)
