"""``/healthz``: whether the installation is up, and nothing else."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from costoptix.extensions import db

PLAIN_TEXT = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


def init_app(app: Flask) -> None:
    """Answer ``/healthz``."""
    app.add_url_rule("/healthz", "healthz", healthz)


def healthz() -> tuple[str, int, dict[str, str]]:
    """Tell whether the database answers."""
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "down\n", 503, PLAIN_TEXT | {"Retry-After": "1"}
    return "up\n", 200, PLAIN_TEXT
