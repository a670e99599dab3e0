"""Who calls, and whether today's calls are used up: key and quota, before any operation.

Flask-Limiter counts in a hook of the application, so the key is read in one that is registered
before it (a blueprint's hooks would run too late).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

from flask import Flask, Response, g, request
from flask_limiter import ApplicationLimit, Limiter
from sqlalchemy.exc import OperationalError

from config import Config
from costoptix.access import api_keys, quota_storages
from costoptix.access.quota import (
    SCHEME,
    STRATEGY,
    UNLIMITED,
    Count,
    QuotaStorage,
    current_count,
)
from costoptix.access.quota_marks import QuotaMarks
from costoptix.api.endpoint import Operation
from costoptix.api.reading import refuse_key_in_query
from costoptix.clock import utc_now
from costoptix.extensions import QUOTA_STORAGE, db
from costoptix.frame import request_log

logger = logging.getLogger(__name__)


def init_app(app: Flask, config: Config, operations: Mapping[str, Operation]) -> None:
    """Guard the operations (by endpoint): key first, then quota."""

    @app.before_request
    def authenticate() -> None:
        called = operations.get(request.endpoint or "")
        if called is not None and called.permission is not None and request.method != "OPTIONS":
            _authenticate(called)

    limiter = _limiter(config)
    limiter.init_app(app)
    app.extensions[QUOTA_STORAGE] = _storage_of(limiter, app, config)

    @app.after_request
    def add_headers(response: Response) -> Response:
        count: Count | None = g.get("count")
        # Without a day the call was not counted: the storage did not answer.
        if count is not None and count.day is not None and response.status_code != 503:
            _add_headers(response, count)
        return response


def _limiter(config: Config) -> Limiter:
    """Make the limiter: one limit for the whole API, which nothing on a route can replace."""
    quota_storages.load(config.quota_url)
    limit = ApplicationLimit(limit_provider=_limit, key_function=_organization_id, scope="api-v1")
    return Limiter(
        key_func=_organization_id,
        application_limits=[limit],
        strategy=STRATEGY,
        storage_uri=SCHEME + config.quota_url,
        headers_enabled=False,  # ours say what a client needs, and no Retry-After on a success
        swallow_errors=False,  # an error swallowed is a call let through
    )


def _storage_of(limiter: Limiter, app: Flask, config: Config) -> QuotaStorage:
    """Return the limiter's storage, which counts by marks from now on."""
    storage = limiter.storage
    if not isinstance(storage, QuotaStorage):
        raise TypeError(f"{type(storage).__name__} is no storage of the quota")
    with app.app_context():
        storage.marks = QuotaMarks(db.engine, config.quota_url)
    return storage


def _limit() -> str:
    """Return the limit of this request; empty where nothing is counted."""
    count: Count | None = g.get("count")
    if count is None:
        return ""
    limit = None if g.is_never_refused else count.tier.calls_per_day
    return f"{limit or UNLIMITED} per day"


def _organization_id() -> str:
    count: Count = g.count
    return count.organization_id


def _authenticate(called: Operation) -> None:
    refuse_key_in_query()
    text = request.headers.get("X-API-Key", "")
    key = api_keys.find(db.engine, text, request.remote_addr or "")
    if api_keys.needs_touch(key):
        _touch(key)
    g.api_key = key
    request_log.note_caller(request.environ, key.caller.organization_id, key.prefix)
    g.is_never_refused = called.is_never_refused
    g.count = Count(key.caller.organization_id, key.caller.api_key_id or "", key.tier)
    current_count.set(g.count)


def _touch(key: api_keys.PresentedKey) -> None:
    """Note the use, in a transaction of its own; that it could not be noted stops no call."""
    try:
        with db.engine.begin() as connection:
            api_keys.touch(connection, key.caller.api_key_id or "")
    except OperationalError:
        logger.warning("the last use of a key could not be noted", exc_info=True)


def _add_headers(response: Response, count: Count) -> None:
    if count.remaining is None:
        response.headers["X-RateLimit-Limit"] = "unlimited"
        return
    response.headers["X-RateLimit-Limit"] = str(count.tier.calls_per_day)
    response.headers["X-RateLimit-Remaining"] = str(count.remaining)
    response.headers["X-RateLimit-Reset"] = str(int(count.resets_at.timestamp()))
    if response.status_code == 429 and count.remaining == 0:
        seconds = (count.resets_at - utc_now()).total_seconds()
        response.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
