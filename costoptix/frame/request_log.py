"""Every request gets an id, sent back as ``X-Request-ID``, and one line in the log."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from costoptix import logs

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

_SECRET_IN_PATH = re.compile(r"cc_[0-9A-Za-z]{46}|(?<=/invite/)[^/]+")


def init_app(app: Flask) -> None:
    """Wrap the application: outermost, so that no answer is without an id."""
    app.wsgi_app = RequestLog(app.wsgi_app)  # type: ignore[method-assign]


class RequestLog:
    """The WSGI application around the application."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request_id = uuid.uuid4().hex
        logs.request_id.set(request_id)
        started = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            headers.append(("X-Request-ID", request_id))
            _log(environ, status, time.perf_counter() - started)
            return start_response(status, headers, exc_info)

        return self._application(environ, start)


def _log(environ: WSGIEnvironment, status: str, seconds: float) -> None:
    """Write the line: never the query string, a header, or a secret that is part of a path."""
    fields = {
        "method": environ["REQUEST_METHOD"],
        "path": _SECRET_IN_PATH.sub("***", environ.get("PATH_INFO", "")),
        "status": int(status[:3]),
        "milliseconds": round(seconds * 1000, 1),
    }
    if logger.isEnabledFor(logging.INFO):
        # Made here: ``info`` would look through the stack for the line that calls it.
        record = logger.makeRecord(
            logger.name, logging.INFO, __file__, 0, "request", (), None, "_log", fields
        )
        logger.handle(record)
