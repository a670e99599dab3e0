"""The audit log: every change calls ``record`` within its own transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.models import AuditEntry


def record(
    session: Session,
    caller: Caller,
    action: str,
    *,
    subject: str = "",
    subject_id: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add one entry: who (``caller``), what (``action``, as ``api_key.created``), to what.

    ``before`` and ``after`` hold JSON values and never a secret. The entry is written by the
    transaction of the change itself, so that neither exists without the other.
    """
    session.add(
        AuditEntry(
            organization_id=caller.organization_id,
            actor=_one_line(caller.label),
            actor_id=caller.actor_id,
            address=caller.address,
            action=action,
            subject=_one_line(subject),
            subject_id=subject_id,
            before=before,
            after=after,
        )
    )


def _one_line(text: str) -> str:
    """Escape control characters (a forged line in an exported log) and keep to the column."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)[:400]
