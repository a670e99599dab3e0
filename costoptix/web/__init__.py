"""The page door. Pages are declared in the modules of this package with ``routing.page``."""

from __future__ import annotations

import importlib
import pkgutil

from flask import Flask, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Config
from costoptix.extensions import db
from costoptix.web import assets, bodies, display, errors, headers, hosts, navigation, session
from costoptix.web.routing import web

PLAIN_TEXT = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


def init_app(app: Flask, config: Config) -> None:
    """Bind pages, error pages, headers and ``/healthz`` to the application."""
    if hops := config.forwarded_hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    for part in (assets, display, errors, navigation):
        part.init_app(app)
    for guard in (bodies, hosts, headers, session):
        guard.init_app(app, config)
    app.add_template_global(_theme, "theme")
    app.add_template_global(lambda: config.is_https, "is_https")
    app.register_blueprint(web)
    app.add_url_rule("/healthz", "healthz", healthz)


def healthz() -> tuple[str, int, dict[str, str]]:
    """Tell whether the installation is up, and nothing else."""
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "down\n", 503, PLAIN_TEXT
    return "up\n", 200, PLAIN_TEXT


def _theme() -> str:
    """Return the reader's choice of colours, or "" where the system decides."""
    choice = request.cookies.get("theme", "")
    return choice if choice in ("light", "dark") else ""
