"""An installation and its application, used by one test after the other."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import close_all_sessions

from config import Config
from costoptix import create_app
from costoptix.extensions import db, quota_storage

DATABASES = ("costoptix.db", "quota.db")
"""On SQLite: the files that a migrated installation has."""
KEPT = ("secret_key",)
"""What the application has read at its start."""


@dataclass(frozen=True)
class Installation:
    """A data folder, and on SQLite the migrated database to begin with."""

    config: Config
    migrated: Path | None = None

    def empty(self) -> None:
        """Leave what a new installation has, whatever the test before has left."""
        for path in self.config.data_dir.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name not in KEPT:
                path.unlink()
        if self.migrated is not None:
            for name in DATABASES:
                shutil.copyfile(self.migrated.with_name(name), self.config.data_dir / name)


def start_app(config: Config) -> Flask:
    """Make an application that waits for no disk: no test asks what a power cut would take."""
    app = create_app(config)
    app.testing = True
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _without_sync)
    return app


def close_app(app: Flask) -> None:
    """Close what it has opened; it opens that anew when it is used again."""
    close_all_sessions()  # those that a test has made beside: their connections would stay open
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
        quota_storage().close()


def state_of_app(app: Flask) -> Mapping[str, object]:
    """Return what the application is: settings, views and hooks; for comparison."""
    return {
        "config": dict(app.config),
        "testing": app.testing,
        "extensions": dict(app.extensions),
        "views": dict(app.view_functions),
        "hooks": {name: list(hooks) for name, hooks in app.before_request_funcs.items()},
    }


def _without_sync(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF").close()
