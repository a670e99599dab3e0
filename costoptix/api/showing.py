"""Answers of reading operations to a signed-in person, for the pages of the guide.

They are what a key of the person's permission would be answered, and are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from flask import Flask, g
from werkzeug.test import create_environ

from costoptix.access.api_keys import PresentedKey
from costoptix.access.permissions import Caller, Permission
from costoptix.access.tiers import tier_of
from costoptix.api.answers import respond_to_error
from costoptix.api.endpoint import OPERATIONS, PREFIX, Operation, perform
from costoptix.errors import CostOptixError
from costoptix.extensions import db
from costoptix.models import Organization

EXTENSION = "api_answer"
Show = Callable[[Caller, str, Mapping[str, str], str], bytes | None]
"""Caller, operation id, the path's variables and the query string → the body of the answer."""


def init_app(app: Flask) -> None:
    """Let pages ask, by ``app.extensions``: the two doors know nothing else of each other."""
    app.extensions[EXTENSION] = partial(_show, app)


def _show(
    app: Flask, caller: Caller, operation_id: str, path: Mapping[str, str], query: str
) -> bytes | None:
    """Return the answer, an error's too; None where only a key itself, or no one, is answered."""
    shown = next((one for one in OPERATIONS if one.name == operation_id), None)
    if shown is None or shown.method != "GET" or not _may_see(caller, shown.permission):
        return None
    # In contexts of its own: what a call leaves in ``g`` is no business of the page's.
    environ = create_environ(PREFIX + shown.path, query_string=query)
    with app.app_context(), app.request_context(environ):
        return _answer(shown, caller, path)


def _may_see(caller: Caller, needed: Permission | None) -> bool:
    return needed is not None and caller.permission.covers(needed)


def _answer(shown: Operation, caller: Caller, path: Mapping[str, str]) -> bytes:
    organization = db.session().get_one(Organization, caller.organization_id)
    g.api_key = PresentedKey(
        caller, tier_of(organization.tier), organization.data_version, None, prefix=""
    )
    try:
        return perform(shown, dict(path)).get_data()
    except CostOptixError as error:
        return respond_to_error(error).get_data()
