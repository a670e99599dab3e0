"""Cost Optix: a team's cloud bills, to the last digit. Pages for people, /api/v1 for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Config


def create_app(config: Config) -> Flask:
    """Build the application: extensions, the two doors, errors and commands."""
    # Here, because the process that reads a bill imports this package too: it must not pay a
    # hundred megabytes for a web server.
    from costoptix.application import build

    return build(config)
