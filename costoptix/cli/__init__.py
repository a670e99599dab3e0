"""Commands of ``flask --app app …``: parse, call, print. What scripts need is alone on stdout."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from flask import Flask

_SHARED = ("console", "progress", "ready")
"""What commands are made with, and no commands themselves."""


def commands() -> list[ModuleType]:
    """Import the modules of all commands: each has ``register(app)``."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return [importlib.import_module(f"{__name__}.{name}") for name in names if name not in _SHARED]


def init_app(app: Flask) -> None:
    """Register every command of this package."""
    for module in commands():
        module.register(app)
