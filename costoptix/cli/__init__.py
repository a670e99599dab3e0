"""Commands of ``flask --app app …``: parse, call, print. What scripts need is alone on stdout."""

from __future__ import annotations

import importlib
import pkgutil

from flask import Flask

_SHARED = ("console", "progress", "ready")
"""What commands are made with, and no commands themselves."""


def init_app(app: Flask) -> None:
    """Register every command of this package (each module but _SHARED has ``register(app)``)."""
    for module in pkgutil.iter_modules(__path__):
        if module.name not in _SHARED:
            importlib.import_module(f"{__name__}.{module.name}").register(app)
