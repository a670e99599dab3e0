"""The application put together: extensions, the two doors, errors and commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.wrappers import Response

from config import Config
from costoptix import api, cli, clock, frame, logs, web
from costoptix.access import passwords
from costoptix.costs.answers import CostStore
from costoptix.database import engine_options, prepare_engine
from costoptix.extensions import csrf, db, login_manager, migrate
from costoptix.frame.bodies import MAX_FIELD_BYTES, MAX_FORM_PARTS


class Application(Flask):
    """Flask, without a look at each hook of each request whether it is asynchronous: none is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is."""
        return func

    def make_default_options_response(self) -> Response:
        """Say which methods an address knows; below the API in its own form."""
        return api.options(super().make_default_options_response())


def load() -> None:
    """Import what ``build`` imports: processes that are forked afterwards have it already."""
    api.declared_operations()
    web.declare_pages()
    cli.commands()


def build(config: Config) -> Flask:
    """Build the application (``costoptix.create_app``)."""
    clock.configure(config.now)
    passwords.configure(cheap=config.cheap_passwords)
    logs.configure(config)
    app = Application("costoptix", template_folder="../templates", static_folder="../static")
    app.config.from_mapping(
        COSTOPTIX=config,
        SECRET_KEY=config.secret_key,
        SECRET_KEY_FALLBACKS=list(config.secret_key_fallbacks),
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(config.database_url, config.threads),
        TRUSTED_HOSTS=None,  # decided by frame.hosts, which knows the exemption of watchers
        MAX_FORM_MEMORY_SIZE=MAX_FIELD_BYTES,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
    )
    app.url_map.merge_slashes = False  # a doubled slash is not found, never redirected
    _init_extensions(app)
    app.extensions["cost_store"] = CostStore(config.lake_dir, config.temp_dir)
    api.init_app(app, config)
    web.init_app(app, config)
    cli.init_app(app)
    frame.init_app(app, config)
    return app


def _init_extensions(app: Flask) -> None:
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    migrate.init_app(app, db)
    # Its own processor would ask the database for each template, error pages too.
    login_manager.init_app(app, add_context_processor=False)
    csrf.init_app(app)
