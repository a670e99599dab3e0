"""What holds for both doors: hosts, headers, proxies, the log of requests, health, metrics."""

from __future__ import annotations

from flask import Flask

from config import Config
from costoptix import tally
from costoptix.frame import (
    addresses,
    compression,
    headers,
    health,
    hosts,
    metrics,
    request_log,
    streams,
)


def init_app(app: Flask, config: Config) -> None:
    """Put the frame around the doors, which are bound before."""
    addresses.init_app(app, config)
    hosts.init_app(app, config)
    headers.init_app(app, config)
    compression.init_app(app)
    health.init_app(app)
    streams.init_app(app)
    counts = tally.of_server()
    operations = tally.number(rule.endpoint for rule in app.url_map.iter_rules())
    metrics.init_app(app, config, counts, operations)
    request_log.init_app(app, counts, operations)
