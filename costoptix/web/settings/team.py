"""Settings → Team: who belongs to the organization, and invitations. For admins."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import Field

from costoptix.access import invitations, users
from costoptix.access.permissions import Role
from costoptix.access.tiers import tier_of
from costoptix.errors import CostOptixError, refused_field
from costoptix.extensions import db
from costoptix.models import User
from costoptix.web.parts import forms
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.session import config
from costoptix.web.parts.sorting import Comparable, sorting

ROLES = [
    (Role.MEMBER.value, "Member: reads costs, judges anomalies"),
    (Role.ADMIN.value, "Admin: everything, keys and people included"),
]

PEOPLE: dict[str, Callable[[User], Comparable]] = {
    "name": lambda user: (user.name or user.email).casefold(),
    "role": lambda user: user.role,
    "created_at": lambda user: user.created_at,
}
"""What the people can be sorted by."""


class InvitationForm(Form):
    """The form that invites a person."""

    email: str = Field("", title="E-mail address")
    role: Role = Field(Role.MEMBER, title="Role")


class RoleForm(Form):
    """The form that makes a person admin or member."""

    role: Role = Field(title="Role")


class AccessForm(Form):
    """The form that lets a person in or shuts one out: a button, and the password of who asks."""


class RemovalForm(Form):
    """The form that deletes a person; the address is typed to confirm it."""

    confirm: str = Field("", title="The person's address")


@page("/settings/team", access=Access.ADMIN)
def team() -> ResponseReturnValue:
    """List the people and the open invitations."""
    return _show_team()


@page("/settings/team/invitations", access=Access.ADMIN, methods=("POST",))
def create_invitation() -> ResponseReturnValue:
    """Invite a person; the link is shown in this answer alone."""
    try:
        forms.require_fresh_password()
        draft = forms.read(InvitationForm)
        token = invitations.create(
            db.session(), current_user.organization, current_user.caller,
            email=draft.email, role=draft.role,
        )  # fmt: skip
    except CostOptixError as error:
        return _show_team(FilledForm.posted(InvitationForm, error))
    return _show_team(link=config().public_url + url_for("web.invite", token=token))


@page("/settings/team/invitations/<invitation_id>/withdraw", access=Access.ADMIN, methods=("POST",))
def withdraw_invitation(invitation_id: str) -> ResponseReturnValue:
    """Make an invitation void."""
    forms.read_button()
    invitations.withdraw(
        db.session(), current_user.organization, current_user.caller, invitation_id
    )
    flash("Invitation withdrawn.")
    return redirect(url_for("web.team"))


@page("/settings/team/<user_id>", access=Access.ADMIN)
def person(user_id: str) -> ResponseReturnValue:
    """Show one person and what can be changed about them."""
    return _show_person(user_id)


@page("/settings/team/<user_id>/role", access=Access.ADMIN, methods=("POST",))
def change_role(user_id: str) -> ResponseReturnValue:
    """Make a person admin or member."""
    person = _find(user_id)
    try:
        forms.require_fresh_password()
        draft = forms.read(RoleForm)
        users.set_role(
            db.session(), current_user.organization, current_user.caller, user_id, draft.role
        )
    except CostOptixError as error:
        return _show_person(user_id, FilledForm.posted(RoleForm, error))
    flash(f"{person.email} is now {draft.role}.")
    return redirect(url_for("web.home" if person.id == current_user.user.id else "web.team"))


@page("/settings/team/<user_id>/activate", access=Access.ADMIN, methods=("POST",))
def activate_person(user_id: str) -> ResponseReturnValue:
    """Let a deactivated person in again."""
    return _set_active(user_id, active=True)


@page("/settings/team/<user_id>/deactivate", access=Access.ADMIN, methods=("POST",))
def deactivate_person(user_id: str) -> ResponseReturnValue:
    """Shut a person out at once; what they did stays."""
    return _set_active(user_id, active=False)


def _set_active(user_id: str, *, active: bool) -> ResponseReturnValue:
    person = _find(user_id)
    try:
        forms.require_fresh_password()
        forms.read_button()
        users.set_active(
            db.session(), current_user.organization, current_user.caller, user_id, active=active
        )
    except CostOptixError as error:
        return _show_person(user_id, FilledForm.posted(AccessForm, error))
    flash(f"{person.email} {'can sign in again' if active else 'is deactivated'}.")
    return redirect(url_for("web.team"))


@page("/settings/team/<user_id>/delete", access=Access.ADMIN, methods=("POST",))
def delete_person(user_id: str) -> ResponseReturnValue:
    """Delete a person for good."""
    person = _find(user_id)
    try:
        forms.require_fresh_password()
        if forms.read(RemovalForm).confirm.strip().lower() != person.email:
            raise refused_field("confirm", "Type the person's e-mail address to delete them.")
        users.remove(db.session(), current_user.organization, current_user.caller, user_id)
    except CostOptixError as error:
        return _show_person(user_id, FilledForm.posted(RemovalForm, error))
    flash(f"{person.email} is deleted.")
    return redirect(url_for("web.team"))


def _show_team(refused: FilledForm | None = None, *, link: str = "") -> ResponseReturnValue:
    form = refused or FilledForm(InvitationForm, {})
    own = current_user.organization
    people = users.list_of(db.session(), own)
    order = sorting("web.team", PEOPLE)
    body = render_template(
        "settings/team.html",
        people=order.rows(people),
        sorting=order,
        active=sum(user.is_active for user in people),
        invitations=invitations.list_of(db.session(), own),
        tier=tier_of(own.tier),
        roles=ROLES,
        link=link,
        form=form,
    )
    return forms.answer(body, form.error)


def _show_person(user_id: str, refused: FilledForm | None = None) -> ResponseReturnValue:
    """Show a person, and the form that was refused, if one was, as it was filled."""
    models: tuple[type[Form], ...] = (RoleForm, AccessForm, RemovalForm)
    filled = {model: FilledForm(model, {}) for model in models}
    if refused is not None:
        filled[refused.model] = refused
    changing, access, removal = (filled[model] for model in models)
    body = render_template(
        "settings/person.html",
        person=_find(user_id),
        roles=ROLES,
        refused=refused,
        changing=changing,
        access=access,
        removal=removal,
    )
    return forms.answer(body, refused.error if refused else None)


def _find(user_id: str) -> User:
    return users.get(db.session(), current_user.organization, user_id)
