"""How long requests with an ``Idempotency-Key`` are remembered; ``api.idempotency`` answers."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Session

from costoptix.clock import utc_now
from costoptix.database import delete_in_batches
from costoptix.models import IdempotencyRecord

KEPT = timedelta(hours=24)
ABANDONED = timedelta(hours=1)
"""After this time a request that neither answered nor changed anything was killed."""


def is_void(now: datetime) -> ColumnElement[bool]:
    """Return the condition under which a request can be sent again as if it had not been."""
    was_killed = IdempotencyRecord.status.is_(None) & IdempotencyRecord.carried_out_at.is_(None)
    return or_(
        IdempotencyRecord.created_at < now - KEPT,
        was_killed & (IdempotencyRecord.created_at < now - ABANDONED),
    )


def prune(session: Session) -> int:
    """Forget the requests that can be sent again; return how many."""
    return delete_in_batches(session, IdempotencyRecord.id, is_void(utc_now()))
