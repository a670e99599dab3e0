"""What a signed-in person was refused, noted in the audit log."""

from __future__ import annotations

from flask import g, request
from flask_login import current_user

from costoptix.access import audit_refusals
from costoptix.access.permissions import Denied
from costoptix.extensions import db


def note(error: BaseException | None) -> None:
    """Note, once a request, that somebody was refused who may not do what they asked for."""
    if isinstance(error, Denied) and not g.get("is_refusal_noted"):
        g.is_refusal_noted = True
        _note("access.refused")


def note_wrong_password() -> None:
    """Note that the password was wrong which a change asks for again."""
    _note("password.refused")


def _note(action: str) -> None:
    if current_user.is_authenticated:
        rule = request.url_rule.rule if request.url_rule else ""  # never the address itself
        audit_refusals.note(
            db.session(), current_user.caller, action, subject=f"{request.method} {rule}"
        )
