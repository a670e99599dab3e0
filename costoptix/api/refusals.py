"""Calls that were refused for who made them: noted in the audit log, then answered."""

from __future__ import annotations

from flask import Response, g, request

from costoptix.access import audit_refusals
from costoptix.access.api_keys import DeadKey
from costoptix.access.permissions import Caller, Denied
from costoptix.api.answers import respond_to_error
from costoptix.extensions import db


def answer_denied(error: Denied) -> Response:
    """Answer who may not do this."""
    _note(g.api_key.caller, "access.refused")
    return respond_to_error(error)


def answer_dead_key(error: DeadKey) -> Response:
    """Answer who has a key that was revoked or has expired."""
    _note(error.caller, "api_key.refused")
    return respond_to_error(error)


def _note(caller: Caller, action: str) -> None:
    rule = request.url_rule.rule if request.url_rule else ""  # never the address itself
    audit_refusals.note(db.session(), caller, action, subject=f"{request.method} {rule}")
