"""Errors as pages: what went wrong in one sentence, and the request's id. Never a trace."""

from __future__ import annotations

import logging

from flask import Flask, make_response, render_template
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError

from costoptix import logs
from costoptix.errors import CostOptixError, NoSpace, Unavailable, is_full_disk
from costoptix.web.parts import refusals

logger = logging.getLogger(__name__)

_TITLES = {
    400: "Bad request",
    401: "Please sign in",
    403: "Access denied",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported content type",
    429: "Too many attempts",
    500: "Something went wrong",
    503: "Service unavailable",
    507: "Disk full",
}
_SENTENCES = {
    401: "You are not signed in, or your session has ended.",
    404: "This page does not exist, or you may not see it.",
    405: "This address does not accept that method.",
    413: "What was sent is larger than this installation accepts.",
    500: "The error was logged. Please try again, or give your operator the request id.",
}


def init_app(app: Flask) -> None:
    """Answer every error outside of the API with a page."""
    app.register_error_handler(CostOptixError, answer_refusal)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(SecurityError, answer_bad_host)
    app.register_error_handler(CSRFError, answer_stale_form)
    app.register_error_handler(OperationalError, answer_database_failure)
    app.register_error_handler(InterfaceError, answer_database_failure)
    app.register_error_handler(PoolTimeout, answer_database_failure)
    app.register_error_handler(Exception, answer_exception)


def answer_refusal(error: CostOptixError) -> ResponseReturnValue:
    """Show the sentence that the domain raised."""
    refusals.note(error)
    response = make_response(_page(error.status, error.sentence), error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def answer_http_error(error: HTTPException) -> ResponseReturnValue:
    """Show what HTTP says, with its headers (Allow among them)."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()
    sentence = _SENTENCES.get(status) or error.description or error.name
    response = make_response(_page(status, sentence), status)
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


def answer_bad_host(error: SecurityError) -> ResponseReturnValue:
    """Answer without building an address, which would carry the foreign host's name."""
    return make_response(
        f"{error.description}\n", 400, {"Content-Type": "text/plain; charset=utf-8"}
    )


def answer_stale_form(_error: CSRFError) -> ResponseReturnValue:
    """Say what to do about a form whose token is missing or no longer good."""
    sentence = "This form is no longer valid. Go back, reload the page and send it again."
    return _page(400, sentence), 400


def answer_database_failure(error: Exception) -> ResponseReturnValue:
    """Answer 507 for a full disk, 503 for a database that does not answer."""
    if is_full_disk(error):
        return answer_refusal(NoSpace())
    logger.error("the database does not answer", exc_info=error)
    return answer_refusal(Unavailable())


def answer_exception(error: Exception) -> ResponseReturnValue:
    """Log an unexpected error; the page shows only the request's id. A full disk is named."""
    if isinstance(error, OSError) and is_full_disk(error):
        return answer_refusal(NoSpace())
    logger.error("unhandled exception", exc_info=error)
    return _page(500, _SENTENCES[500]), 500


def _page(status: int, sentence: str) -> str:
    """Return the page of an error; who is signed in keeps the navigation.

    Where a store failed, the page does not ask it who that is: it would fail as well.
    """
    shown = {
        "title": _TITLES.get(status, "Request failed"),
        "sentence": sentence,
        "request_id": logs.request_id.get() or "unknown",
    }
    if status < 500:
        return render_template("errors/error.html", **shown)
    return render_template("errors/error.html", current_user=AnonymousUserMixin(), **shown)
