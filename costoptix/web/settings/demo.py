"""The demo: opened beside one's own organization, removed by its admin."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from costoptix.access import sessions
from costoptix.demo import visiting
from costoptix.extensions import db
from costoptix.web.parts import forms
from costoptix.web.parts.routing import Access, page, web
from costoptix.web.parts.session import config, sign_in


@web.app_template_global()
def demo_is_offered() -> bool:
    """Tell whether the reader may open the demo beside the own organization."""
    return current_user.is_admin and visiting.is_open_to(db.session(), current_user.organization)


@web.app_template_global()
def is_in_demo() -> bool:
    """Tell whether the reader's organization is the demo's."""
    return visiting.is_demo(db.session(), current_user.organization)


@page("/demo", access=Access.ADMIN, methods=("POST",))
def see_demo() -> ResponseReturnValue:
    """Sign in to the demo, made where there is none; the session of the own organization ends."""
    forms.read_button()
    person, session = current_user, db.session()
    admin, password = visiting.enter(session, person.organization, person.caller)
    own = person.email
    sessions.end(session, person.caller, person.user, person.row.id, signs_out=True)
    sign_in(admin)
    if password:
        return render_template("auth/demo.html", email=admin.email, password=password)
    flash(f"This is the demo. To go back, sign out, then sign in as {own}.")
    return redirect(url_for("web.home"))


@page("/settings/organization/remove-demo", access=Access.ADMIN, methods=("POST",))
def remove_demo() -> ResponseReturnValue:
    """Delete the demo whole; whoever was in it is signed out."""
    forms.require_fresh_password()
    forms.read_button()
    visiting.remove(db.session(), current_user.organization, current_user.caller, config())
    logout_user()
    cookie.clear()
    flash("The demo is removed.")
    return redirect(url_for("web.login"))
