"""Flask extensions: made here, bound to the application in ``create_app``."""

from __future__ import annotations

from flask import current_app
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from costoptix.access.quota import QuotaStorage
from costoptix.models import Base

db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})
migrate = Migrate(render_as_batch=True, compare_type=True)
login_manager = LoginManager()
csrf = CSRFProtect()

QUOTA_STORAGE = "quota_storage"
"""Where ``app.extensions`` has the storage that counts calls."""


def quota_storage() -> QuotaStorage:
    """Return the storage that counts the calls of this application."""
    storage: QuotaStorage = current_app.extensions[QUOTA_STORAGE]
    return storage
