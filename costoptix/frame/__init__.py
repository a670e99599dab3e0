"""What holds for both doors: hosts, headers, proxies, the request log and ``/healthz``."""

from __future__ import annotations

from flask import Flask

from config import Config
from costoptix.frame import addresses, headers, health, hosts, request_log, streams


def init_app(app: Flask, config: Config) -> None:
    """Put the frame around the doors, which are bound before."""
    addresses.init_app(app, config)
    hosts.init_app(app, config)
    headers.init_app(app, config)
    health.init_app(app)
    streams.init_app(app)
    request_log.init_app(app)
