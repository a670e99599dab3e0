"""The page door. Pages are declared in the modules of this package with ``routing.page``."""

from __future__ import annotations

import importlib
import pkgutil

from flask import Flask, request

from config import Config
from costoptix.frame.tag_keys import TagKeyConverter
from costoptix.web.parts import assets, bodies, display, errors, navigation, session
from costoptix.web.parts.routing import web


def declare_pages() -> None:
    """Import all modules of this package, which declare the pages."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)


def init_app(app: Flask, config: Config) -> None:
    """Bind pages and error pages to the application."""
    app.url_map.converters["tag_key"] = TagKeyConverter
    declare_pages()
    for part in (assets, display, errors, navigation):
        part.init_app(app)
    for guard in (bodies, session):
        guard.init_app(app, config)
    app.add_template_global(_theme, "theme")
    warns = not config.is_https and not config.is_for_this_machine
    app.add_template_global(lambda: warns, "warns_of_http")
    app.register_blueprint(web)


def _theme() -> str:
    """Return the reader's choice of colours, or "" where the system decides."""
    choice = request.cookies.get("theme", "")
    return choice if choice in ("light", "dark") else ""
