"""Every request gets an id, sent back as ``X-Request-ID``, and is counted and logged."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from costoptix import logs
from costoptix.tally import OTHER, Operations, Tally

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

_CALLER = "costoptix.caller"
_REFUSED = 429
_SECRET_IN_PATH = re.compile(r"cc_[0-9A-Za-z]{46}|(?<=/invite/)[^/]+|(?<=/unsubscribe/)[^/]+")


def init_app(app: Flask, counts: Tally, operations: Operations) -> None:
    """Wrap the application: outermost, so that no answer is without an id."""
    app.wsgi_app = RequestLog(app.wsgi_app, counts, operations)  # type: ignore[method-assign]


def note_caller(environ: WSGIEnvironment, organization_id: str, key_prefix: str = "") -> None:
    """Say who made a request, for its line in the log: an organization, by a key or a person."""
    who = {"organization": organization_id}
    environ[_CALLER] = {**who, "key": key_prefix} if key_prefix else who


class RequestLog:
    """The WSGI application around the application."""

    def __init__(self, application: WSGIApplication, counts: Tally, operations: Operations) -> None:
        self._application = application
        self._counts = counts
        self._operations = operations

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request_id = uuid.uuid4().hex
        logs.request_id.set(request_id)
        started = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            headers.append(("X-Request-ID", request_id))
            seconds = time.perf_counter() - started
            self._count(environ, int(status[:3]), headers, seconds)
            _log(environ, int(status[:3]), seconds)
            return start_response(status, headers, exc_info)

        return self._application(environ, start)

    def _count(
        self, environ: WSGIEnvironment, status: int, headers: list[tuple[str, str]], seconds: float
    ) -> None:
        request = environ.get("werkzeug.request")
        name = getattr(request, "endpoint", None) or OTHER
        self._counts.add(self._operations.get(name, 0), status, seconds)
        if status == _REFUSED and ("X-RateLimit-Remaining", "0") in headers:
            self._counts.add_refusal()


def _log(environ: WSGIEnvironment, status: int, seconds: float) -> None:
    """Write the line: never the query string, a header, or a secret that is part of a path."""
    fields = {
        "method": environ["REQUEST_METHOD"],
        "path": _SECRET_IN_PATH.sub("***", environ.get("PATH_INFO", "")),
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
        **environ.get(_CALLER, {}),
    }
    if logger.isEnabledFor(logging.INFO):
        # Made here: ``info`` would look through the stack for the line that calls it.
        record = logger.makeRecord(
            logger.name, logging.INFO, __file__, 0, "request", (), None, "_log", fields
        )
        logger.handle(record)
