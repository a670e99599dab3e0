"""The schema comes from the migrations alone, and says what the models say."""

from __future__ import annotations

from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import inspect

from costoptix.extensions import db


def test_models_and_migrations_agree(app: Flask) -> None:
    with app.app_context():
        check()


def test_migrations_go_down_and_up_again(app: Flask) -> None:
    """R22"""
    with app.app_context():
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        check()
