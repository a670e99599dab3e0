"""Signing in and out, joining by invitation, registering an organization."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user
from pydantic import Field

from costoptix import drafts
from costoptix.access import invitations, organizations, sessions, setup, users
from costoptix.access.passwords import HINT
from costoptix.access.tiers import SMALLEST
from costoptix.errors import CostOptixError, Forbidden
from costoptix.extensions import db
from costoptix.web.parts import forms, known_browser
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.session import address, config, sign_in


class SignIn(drafts.Draft):
    """The sign-in form."""

    email: str
    password: str
    next: str = ""


class RegistrationForm(Form):
    """The form that makes an organization and its admin."""

    name: str = Field("", title="Organization")
    email: str = Field("", title="Your e-mail address")
    password: str = Field("", title="Password")


class JoiningForm(Form):
    """The form of an invited person."""

    name: str = Field("", title="Your name")
    password: str = Field("", title="Choose a password")


@page("/login", access=Access.PUBLIC, methods=("GET", "POST"))
def login() -> ResponseReturnValue:
    """Show the sign-in form, or sign in and go where the person wanted to."""
    if request.method == "GET" and setup.is_needed(db.session()):
        return redirect(url_for("web.setup"))
    if request.method == "GET":
        return _show_login(request.args.get("next", ""))
    draft = forms.read(SignIn)
    try:
        user = users.sign_in(
            db.session(), draft.email, draft.password, address(),
            browser=known_browser.known_as(draft.email),
        )  # fmt: skip
    except CostOptixError as error:
        return _show_login(draft.next, email=draft.email, error=error)
    sign_in(user)
    return redirect(forms.local_target(draft.next))


def _show_login(
    target: str, *, email: str = "", error: CostOptixError | None = None
) -> ResponseReturnValue:
    body = render_template(
        "auth/login.html",
        next=target,
        email=email,
        error=error.sentence if error else "",
        can_register=config().registration == "open",
    )
    return forms.answer(body, error)


@page("/logout", access=Access.PUBLIC, methods=("POST",))
def logout() -> ResponseReturnValue:
    """End the session everywhere: its row, the cookie and what the browser has kept."""
    if current_user.is_authenticated:
        person = current_user
        sessions.end(db.session(), person.caller, person.user, person.row.id, signs_out=True)
    logout_user()
    cookie.clear()
    response = redirect(url_for("web.login"))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@page("/register", access=Access.PUBLIC, methods=("GET", "POST"))
def register() -> ResponseReturnValue:
    """Show the form for a new organization, or make it; only where registration is open."""
    if setup.is_needed(db.session()):
        return redirect(url_for("web.setup"))
    if config().registration != "open":
        raise Forbidden("Registration is closed on this installation. Ask an admin to invite you.")
    if request.method == "GET":
        return _show_registration(FilledForm(RegistrationForm, {}))
    try:
        draft = forms.read(RegistrationForm)
        _, admin = organizations.create(
            db.session(), name=draft.name, tier=SMALLEST.name,
            email=draft.email, password=draft.password, address=address(),
        )  # fmt: skip
    except CostOptixError as error:
        return _show_registration(FilledForm.posted(RegistrationForm, error))
    sign_in(admin)
    return redirect(url_for("web.home"))


def _show_registration(form: FilledForm) -> ResponseReturnValue:
    body = render_template("auth/register.html", form=form, hint=HINT, tier=SMALLEST)
    return forms.answer(body, form.error)


@page("/invite/<token>", access=Access.PUBLIC, methods=("GET", "POST"))
def invite(token: str) -> ResponseReturnValue:
    """Show what an invitation is for (which does not use it), or join by it."""
    if request.method == "GET":
        return _show_invitation(token, FilledForm(JoiningForm, {}))
    draft = forms.read(JoiningForm)
    try:
        user = invitations.accept(
            db.session(), token, name=draft.name, password=draft.password, address=address()
        )
    except CostOptixError as error:
        return _show_invitation(token, FilledForm.posted(JoiningForm, error))
    sign_in(user)
    flash(f"Welcome to {user.organization.name}.")
    return redirect(url_for("web.home"))


def _show_invitation(token: str, form: FilledForm) -> ResponseReturnValue:
    invitation = invitations.find(db.session(), token)
    body = render_template("auth/invite.html", invitation=invitation, form=form, hint=HINT)
    return forms.answer(body, form.error)
