"""What holds for both doors: hosts, headers, proxies, the request log and ``/healthz``."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Config
from costoptix.frame import headers, health, hosts, request_log, streams


def init_app(app: Flask, config: Config) -> None:
    """Put the frame around the doors, which are bound before."""
    if hops := config.forwarded_hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    hosts.init_app(app, config)
    headers.init_app(app, config)
    health.init_app(app)
    streams.init_app(app)
    request_log.init_app(app)
