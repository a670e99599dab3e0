"""Lists: ``limit`` and a signed ``cursor``, so that nothing is ever cut silently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from pydantic import Field

from costoptix.drafts import Draft
from costoptix.errors import Conflict, Invalid

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 1000
DATA_CHANGED = "The data changed; start again."

Item = TypeVar("Item")


class PageQuery(Draft):
    """Which part of a list is asked for."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=LARGEST_LIMIT, description="Rows at most.")
    cursor: str | None = Field(None, description="`meta.next_cursor` of the page before.")


def sign(purpose: str, payload: Any) -> str:
    """Write a cursor that only this installation can have given out, for one purpose."""
    return str(_serializer(purpose).dumps(payload))


def unsign(purpose: str, cursor: str) -> Any:
    """Read a cursor.

    Raises:
        Invalid: it was not given out here for that purpose.
    """
    try:
        return _serializer(purpose).loads(cursor)
    except BadSignature:
        raise Invalid("The parameter cursor is wrong: send meta.next_cursor as it was.") from None


def page(
    purpose: str, items: Sequence[Item], query: PageQuery, name: Callable[[Item], str]
) -> tuple[Sequence[Item], str | None]:
    """Return the page that is asked for and the cursor of the next, None at the end.

    ``name`` tells the items apart; ``purpose`` tells this list from every other.

    Raises:
        Invalid: the cursor belongs to another list.
        Conflict: the item at which the page before ended is gone.
    """
    start = 0
    if query.cursor is not None:
        last = unsign(purpose, query.cursor)
        names = [name(item) for item in items]
        if last not in names:
            raise Conflict(DATA_CHANGED)
        start = names.index(last) + 1
    end = start + query.limit
    shown = items[start:end]
    return shown, sign(purpose, name(shown[-1])) if end < len(items) else None


def _serializer(purpose: str) -> URLSafeSerializer:
    secrets = [*current_app.config["SECRET_KEY_FALLBACKS"], current_app.config["SECRET_KEY"]]
    return URLSafeSerializer(secrets, salt=f"cursor:{purpose}")
