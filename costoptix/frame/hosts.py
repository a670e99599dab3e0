"""Who may be addressed and who may post: the Host allow-list and the origin of forms."""

from __future__ import annotations

import re

from flask import Flask, request
from werkzeug.exceptions import Forbidden, SecurityError

from config import Config

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+)(?::\d{1,5})?")
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
WATCHED = frozenset({"/healthz", "/metrics"})
"""What a watcher asks for, by whatever name it knows the machine; no address is built there."""


def init_app(app: Flask, config: Config) -> None:
    """Check the Host of every request before anything else does, and the origin of every form."""
    trusted = config.trusted_hosts

    def check_host() -> None:
        host = request.headers.get("Host", "")
        if request.path not in WATCHED and not is_trusted(host, trusted):
            raise SecurityError("The Host header names a server that this installation is not.")

    def check_origin() -> None:
        if request.method not in READING_METHODS and request.blueprint == "web":
            _refuse_foreign_forms(config.public_url)

    # Ahead of the API's own check of the key: nothing is looked up for a foreign host.
    app.before_request_funcs.setdefault(None, []).insert(0, check_host)
    app.before_request_funcs[None].insert(1, check_origin)


def is_trusted(host: str, names: list[str]) -> bool:
    """Tell whether a Host header is one of the names, with or without a port.

    (Werkzeug's own check takes no IPv6 addresses.)
    """
    parts = _HOST.fullmatch(host)
    return parts is not None and parts[1].lower() in names


def _refuse_foreign_forms(public_url: str) -> None:
    """Refuse what a browser says another site sent; a token could have leaked to it."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This form was sent from another site.")
    origin = request.headers.get("Origin")
    if origin is not None and origin not in (public_url, request.host_url.rstrip("/")):
        raise Forbidden("This form was sent from another site.")
