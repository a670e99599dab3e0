"""Whose request it is: the address that trusted proxies forward, where it is one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Config

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PORT = re.compile(r"(?P<ipv4>[0-9.]{7,15}):\d{1,5}|\[(?P<ipv6>[^\]]{2,60})\](:\d{1,5})?")
_ZONE = re.compile(r"%.*")


def init_app(app: Flask, config: Config) -> None:
    """Take the address of as many proxies in front as the configuration trusts."""
    app.wsgi_app = PlainAddress(app.wsgi_app)  # type: ignore[method-assign]
    if hops := config.forwarded_hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


class PlainAddress:
    """The WSGI application, called with an address that is one: it is kept, and counted by.

    A proxy may forward words (``unknown``), a port, or whatever its client wrote.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        connected = environ.get("werkzeug.proxy_fix.orig", {}).get("REMOTE_ADDR")
        given = environ.get("REMOTE_ADDR") or ""
        environ["REMOTE_ADDR"] = usual_form(given) or usual_form(connected or "")
        return self._application(environ, start_response)


def usual_form(text: str) -> str:
    """Return an IP address in its usual form, without port and zone; "" for anything else."""
    if port := _PORT.fullmatch(text.strip()):
        text = port["ipv4"] or port["ipv6"]
    try:
        return str(ip_address(_ZONE.sub("", text.strip())))
    except ValueError:
        return ""
