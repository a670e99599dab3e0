"""How a page is declared, and who may see it: one decorator, one table, one check.

A page that does not say who may see it is for members and admins. The table ``ACCESS`` is what
the check reads and what the tests walk.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.access.permissions import Denied, Role

web = Blueprint("web", __name__)

View = Callable[..., ResponseReturnValue]


class Access(StrEnum):
    """Who may see a page."""

    PUBLIC = "public"
    MEMBER = "member"  # everybody who is signed in
    ADMIN = "admin"


ACCESS: dict[str, Access] = {}
"""By endpoint."""


def page(
    rule: str, *, access: Access = Access.MEMBER, methods: tuple[str, ...] = ("GET",)
) -> Callable[[View], View]:
    """Declare a page at ``rule``; its endpoint is ``web.<function>``."""

    def declare(view: View) -> View:
        endpoint = f"{web.name}.{view.__name__}"
        if endpoint in ACCESS:
            raise ValueError(f"two pages are called {endpoint}")
        ACCESS[endpoint] = access
        web.add_url_rule(rule, view_func=view, methods=methods)
        return view

    return declare


@web.before_request
def check_access() -> ResponseReturnValue | None:
    """Send strangers to the sign-in page and refuse members what is for admins."""
    access = ACCESS[request.endpoint or ""]
    if access is Access.PUBLIC:
        return None
    if not current_user.is_authenticated:
        if request.method != "GET":
            abort(401)
        return redirect(url_for("web.login", next=request.full_path.rstrip("?")))
    if access is Access.ADMIN and current_user.role != Role.ADMIN:
        raise Denied("This page is for admins; ask an admin of your organization.")
    return None
