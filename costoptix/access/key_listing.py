"""Lists of API keys, for the page and the API: paged and sorted in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from costoptix.access.api_keys import get
from costoptix.access.permissions import Permission
from costoptix.clock import utc_now
from costoptix.models import ApiKey, Organization

CALLS_TODAY = "calls_today"
_COLUMNS: dict[str, ColumnElement[Any]] = {
    "name": func.lower(ApiKey.name),
    "prefix": ApiKey.prefix.expression,
    "permission": case(
        {kind.value: number for number, kind in enumerate(Permission)}, value=ApiKey.permission
    ),
    "last_used_at": ApiKey.last_used_at.expression,
    "expires_at": ApiKey.expires_at.expression,
}
COLUMNS = ("name", "prefix", "permission", "last_used_at", CALLS_TODAY, "expires_at")
"""What a list may be sorted by. What is equal stands as it does without an order: keys that work
first, then the newest."""


class KeyCount(NamedTuple):
    """How many keys an organization has."""

    working: int
    over: int  # revoked or expired


def parse_order(text: str) -> str:
    """Return an order if it is one, or "": a column, ``-`` in front for descending.

    Raises:
        ValueError: it is none; the sentence lists the columns.
    """
    if text and text.removeprefix("-") not in COLUMNS:
        raise ValueError(f"it must be one of {', '.join(COLUMNS)}, with - in front for descending")
    return text


def page_of(
    session: Session, organization: Organization, order: str, calls_today: Mapping[str, int], *,
    limit: int, skip: int = 0,
) -> Sequence[ApiKey]:  # fmt: skip
    """Return up to ``limit`` keys in an order of ``parse_order``, behind the first ``skip``.

    Keys without the value come last in either direction. Calls are counted elsewhere than in this
    database: by them, the ids alone are read whole.
    """
    own = ApiKey.organization_id == organization.id
    if order.removeprefix("-") == CALLS_TODAY:
        ids = list(session.scalars(select(ApiKey.id).where(own).order_by(*_usual())))
        ids.sort(key=lambda key_id: calls_today.get(key_id, 0), reverse=order.startswith("-"))
        shown = ids[skip : skip + limit]
        keys = session.scalars(select(ApiKey).where(ApiKey.id.in_(shown)))
        return sorted(keys, key=lambda key: shown.index(key.id))
    ordered = select(ApiKey).where(own).order_by(*_order(order), *_usual())
    return session.scalars(ordered.limit(limit).offset(skip)).all()


def newest(
    session: Session, organization: Organization, *, limit: int, after: str | None = None
) -> Sequence[ApiKey]:
    """Return up to ``limit`` keys, the newest first, behind the key of the id ``after``.

    Raises:
        NotFound: the organization has no key of that id.
    """
    listed = select(ApiKey).where(ApiKey.organization_id == organization.id)
    if after is not None:
        last = get(session, organization, after)
        is_as_old = and_(ApiKey.created_at == last.created_at, ApiKey.id > last.id)
        listed = listed.where(or_(ApiKey.created_at < last.created_at, is_as_old))
    ordered = listed.order_by(ApiKey.created_at.desc(), ApiKey.id)
    return session.scalars(ordered.limit(limit)).all()


def count(session: Session, organization: Organization) -> KeyCount:
    """Count the keys, those that work and the others."""
    over = func.coalesce(func.sum(case((_is_over(utc_now()), 1), else_=0)), 0)
    statement = select(func.count(), over).where(ApiKey.organization_id == organization.id)
    total, ended = session.execute(statement).one()
    return KeyCount(total - ended, ended)


def _is_over(now: datetime) -> ColumnElement[bool]:
    has_expired = and_(ApiKey.expires_at.is_not(None), ApiKey.expires_at <= now)
    return or_(ApiKey.revoked_at.is_not(None), has_expired)


def _order(order: str) -> tuple[ColumnElement[Any], ...]:
    column = _COLUMNS.get(order.removeprefix("-"))
    if column is None:
        return ()
    return column.is_(None), column.desc() if order.startswith("-") else column.asc()


def _usual() -> tuple[ColumnElement[Any], ...]:
    is_last = case((_is_over(utc_now()), 1), else_=0)
    return is_last, ApiKey.created_at.desc(), ApiKey.id.asc()
