"""What the API sends back: one envelope for success, one for every error."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson
from flask import Response
from flask_limiter import RateLimitExceeded
from limits.errors import StorageError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed, SecurityError

from costoptix.errors import CostOptixError, NoSpace, Unavailable, is_full_disk
from costoptix.money import to_text

DAILY_LIMIT_REACHED = "Daily API call limit reached. Upgrade your plan for higher limits."
JSON = "application/json; charset=utf-8"
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_APPEND_NEWLINE
_SENTENCES = {
    400: "The request could not be understood.",
    404: "Not found.",
    413: "The body is larger than allowed.",
    415: "This content type is not accepted here.",
    429: DAILY_LIMIT_REACHED,
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """A success: data, and what goes around it. Instants, dates, decimals stand as they are."""

    data: Any
    meta: Mapping[str, Any] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def to_json(value: object) -> bytes:
    """Write JSON; instants as ``2026-11-23T05:00:00Z``, decimals as exact text."""
    return orjson.dumps(value, default=_decimal, option=_OPTIONS)


def _decimal(value: object) -> str:
    if isinstance(value, Decimal):
        return to_text(value)
    raise TypeError(f"not for JSON: {type(value).__name__}")


def respond(answer: Answer) -> Response:
    """Put an answer in its envelope."""
    envelope: dict[str, Any] = {"success": True, "data": answer.data}
    if answer.meta is not None:
        envelope["meta"] = answer.meta
    response = Response(to_json(envelope), answer.status, content_type=JSON)
    if answer.headers:
        response.headers.update(answer.headers)
    return response


def respond_to_error(error: Exception) -> Response:
    """Turn whatever was raised below ``/api/v1`` into the one error shape."""
    status, sentence, headers = _describe(error)
    if status == 500:
        logger.error("unhandled exception", exc_info=error)
    body = to_json({"success": False, "error": sentence})
    return Response(body, status, headers=headers, content_type=JSON)


def _describe(error: Exception) -> tuple[int, str, dict[str, str]]:
    match error:
        case CostOptixError():
            later = error.retry_after
            headers = {} if later is None else {"Retry-After": str(later)}
            return error.status, error.sentence, headers
        case RateLimitExceeded():
            return 429, DAILY_LIMIT_REACHED, {}
        case MethodNotAllowed():
            allowed = ", ".join(sorted(error.valid_methods or ()))
            return 405, f"This method is not allowed here; allowed: {allowed}.", {"Allow": allowed}
        case SecurityError():
            return 400, str(error.description), {}
        case HTTPException(code=int(code)) if code < 500:
            return code, _SENTENCES.get(code, f"{error.name}."), {}
        case StorageError() | OperationalError() | InterfaceError() | PoolTimeout() | OSError():
            return _describe_failure(error)
    return 500, "Internal server error", {}


def _describe_failure(error: Exception) -> tuple[int, str, dict[str, str]]:
    """Answer 503 for a database that does not answer, 507 for a full disk, 500 for a mistake."""
    if is_full_disk(error):
        return _describe(NoSpace())
    if isinstance(error, OSError):
        return 500, "Internal server error", {}
    logger.error("a store does not answer", exc_info=error)
    return _describe(Unavailable())
