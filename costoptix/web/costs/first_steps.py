"""The checklist above the overview in the first hours."""

from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.access import first_steps
from costoptix.access.first_steps import FirstStep
from costoptix.extensions import db
from costoptix.web.parts import forms
from costoptix.web.parts.routing import Access, page, web

_WORDS = {
    FirstStep.BILL: ("Import a bill", "web.imports"),
    FirstStep.BUDGET: ("Set a budget", "web.new_budget"),
    FirstStep.CHANNEL: ("Add a channel for alerts", "web.notifications"),
    FirstStep.COLLEAGUE: ("Invite a colleague", "web.team"),
    FirstStep.KEY: ("Make an API key", "web.api_keys"),
}


@dataclass(frozen=True)
class ShownStep:
    """A step with where it is done."""

    title: str
    href: str
    is_done: bool


@web.app_template_global()
def checklist() -> list[ShownStep]:
    """Return the steps of the reader's organization while some are open; for admins alone."""
    if not current_user.is_admin:
        return []
    steps = first_steps.checklist(db.session(), current_user.organization) or {}
    return [
        ShownStep(_WORDS[step][0], url_for(_WORDS[step][1]), is_done)
        for step, is_done in steps.items()
    ]


@page("/checklist/dismiss", access=Access.ADMIN, methods=("POST",))
def dismiss_checklist() -> ResponseReturnValue:
    """Show the checklist no more, to nobody of the organization."""
    forms.read_button()
    first_steps.dismiss(db.session(), current_user.organization, current_user.caller)
    return redirect(url_for("web.home"))
