"""Browsers that were signed in to an account before: a cookie says so, that outlives signing out.

Whoever guesses a password from elsewhere slows others down (``access.throttle``), but not the
browser that its person uses. The cookie lets nobody in: all it is good for is a count of its own.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

HALF_A_YEAR_SECONDS = 180 * 86_400
MOST_ACCOUNTS = 5


def known_as(email: str) -> str:
    """Return the name of this browser where it was signed in to that account; else ""."""
    cookie = _cookie()
    return str(cookie["name"]) if _digest(email) in cookie["accounts"] else ""


def remember(response: Response, email: str) -> Response:
    """Have the answer tell this browser that it was signed in to that account; return it."""
    cookie = _cookie()
    others = [account for account in cookie["accounts"] if account != _digest(email)]
    cookie["accounts"] = [_digest(email), *others][:MOST_ACCOUNTS]
    response.set_cookie(
        _cookie_name(), _serializer().dumps(cookie), max_age=HALF_A_YEAR_SECONDS,
        secure=current_app.config["SESSION_COOKIE_SECURE"], httponly=True, samesite="Lax",
    )  # fmt: skip
    return response


def _cookie() -> dict[str, Any]:
    try:
        cookie: dict[str, Any] = _serializer().loads(request.cookies.get(_cookie_name(), ""))
    except BadSignature:
        return {"name": secrets.token_urlsafe(16), "accounts": []}
    return cookie


def _cookie_name() -> str:
    return "__Host-known" if current_app.config["SESSION_COOKIE_SECURE"] else "known"


def _digest(email: str) -> str:
    """Return what the cookie keeps of an account: not its address."""
    return hashlib.sha256(email.strip().lower().encode(errors="replace")).hexdigest()[:16]


def _serializer() -> URLSafeSerializer:
    config = current_app.config
    keys = [*config["SECRET_KEY_FALLBACKS"], config["SECRET_KEY"]]  # the newest signs
    return URLSafeSerializer(keys, salt="costoptix known browser")
