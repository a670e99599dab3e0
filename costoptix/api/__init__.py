"""The JSON door, ``/api/v1``. Operations are declared in the modules of this package."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import partial

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import default_exceptions

from config import Config
from costoptix.access.api_keys import DeadKey
from costoptix.access.permissions import Denied
from costoptix.api import guard, openapi, refusals, showing
from costoptix.api.answers import Answer, respond, respond_to_error
from costoptix.api.endpoint import OPERATIONS, PREFIX, Operation, perform
from costoptix.extensions import csrf
from costoptix.frame.bodies import WholeRequest
from costoptix.frame.tag_keys import TagKeyConverter

NAME = "api"


class DoorRequest(WholeRequest):
    """A request that belongs to the API by its path, even where no operation answers.

    Flask asks a blueprint's error handler only when one of its routes matched; so 404 and 405
    below ``/api/v1`` would otherwise be answered as pages.
    """

    @property
    def blueprints(self) -> list[str]:
        """Return the blueprints whose handlers are asked."""
        if self.path == PREFIX or self.path.startswith(PREFIX + "/"):
            return [NAME]
        return super().blueprints


def declared_operations() -> list[Operation]:
    """Return every operation, from all modules of this package."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return OPERATIONS


def init_app(app: Flask, config: Config) -> None:
    """Bind every operation, the error handler and the quota to the application."""
    operations = declared_operations()
    app.request_class = DoorRequest
    app.url_map.converters["tag_key"] = TagKeyConverter
    blueprint = Blueprint(NAME, __name__, url_prefix=PREFIX)
    for declared in operations:
        blueprint.add_url_rule(
            declared.path, declared.name, _view(declared), methods=[declared.method]
        )
    # By status too: Flask prefers any handler of a status, the pages' as well, to one of Exception.
    for status in default_exceptions:
        blueprint.register_error_handler(status, respond_to_error)
    blueprint.register_error_handler(Exception, respond_to_error)
    blueprint.register_error_handler(Denied, refusals.answer_denied)
    blueprint.register_error_handler(DeadKey, refusals.answer_dead_key)
    app.register_blueprint(blueprint)
    app.extensions["openapi_document"] = partial(openapi.document, tuple(OPERATIONS))
    showing.init_app(app)
    csrf.exempt(blueprint)
    guard.init_app(app, config, {f"{NAME}.{declared.name}": declared for declared in operations})


def options(allowed: Response) -> Response:
    """Return the answer to OPTIONS in the envelope, where it is about an operation."""
    if request.blueprint != NAME:
        return allowed
    methods = {"Allow": ", ".join(sorted(allowed.allow))}
    return respond(Answer({"methods": sorted(allowed.allow)}, headers=methods))


def _view(declared: Operation) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        return perform(declared, path)

    return view
