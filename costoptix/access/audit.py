"""The audit log: every change calls ``record`` within its own transaction.

The entries of an organization are a chain (``audit_chain``). Their numbers and hashes are given
at the very end of the transaction, under the lock of the chain's head, so that of two processes
that write at once one waits, and neither holds the lock while it does anything else.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from costoptix.access import audit_chain
from costoptix.access.permissions import Caller
from costoptix.clock import utc_now
from costoptix.database import gather
from costoptix.models import AuditEntry, AuditHead

INSTALLATION = ""
"""The organization of entries that belong to none."""

HIDDEN = "•••"
_HIDDEN_NAMES = re.compile("password|secret|token|credential", re.IGNORECASE)
_HIDDEN_TEXTS = re.compile(r"\bcc_[0-9A-Za-z]{46}\b|\bwhsec_[0-9A-Za-z+/=_-]{8,}")


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

    ``before`` and ``after`` hold JSON values and never a secret; what looks like one is hidden.
    The entry is written by the transaction of the change itself, within ``writing``, so that
    neither exists without the other.

    Raises:
        RuntimeError: there is no ``writing`` block.
    """
    entry = AuditEntry(
        organization_id=caller.organization_id,
        at=utc_now(),
        actor_kind=caller.kind.value,
        actor=one_line(caller.label),
        actor_id=caller.actor_id,
        address=one_line(caller.address)[:64],
        action=action,
        subject=one_line(subject),
        subject_id=subject_id,
        before=_without_secrets(before),
        after=_without_secrets(after),
    )
    gather(session, _append, entry)


def one_line(text: str) -> str:
    """Escape control characters (a forged line in an exported log) and keep to the column."""
    escaped = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return _HIDDEN_TEXTS.sub(HIDDEN, escaped)[:400]


def locked_head(session: Session, organization_id: str) -> AuditHead:
    """Return the head of an organization's chain, which nobody else changes until the commit."""
    held = select(AuditHead).where(AuditHead.organization_id == organization_id).with_for_update()
    head = session.scalar(held, execution_options={"populate_existing": True})
    if head is not None:
        return head
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "organization_id": organization_id,
        "number": 0, "hash": audit_chain.FIRST,
        "pruned_number": 0, "pruned_hash": audit_chain.FIRST,
    }  # fmt: skip
    session.execute(insert(AuditHead).values(values).on_conflict_do_nothing())
    return session.scalars(held).one()


def _append(session: Session, entries: list[AuditEntry]) -> None:
    """Write entries behind the last of their organization; of several, in the order of their ids.

    Two that write for the same organizations thus never wait for each other.
    """
    session.flush()
    by_organization = attrgetter("organization_id")
    for organization_id, own in groupby(sorted(entries, key=by_organization), by_organization):
        head = locked_head(session, organization_id)
        for entry in own:
            entry.number = head.number + 1
            entry.hash = audit_chain.digest(head.hash, entry)
            head.number, head.hash = entry.number, entry.hash
            session.add(entry)


def _without_secrets(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return JSON values as they are read back, with nothing in them that looks like a secret."""
    if values is None:
        return None
    written: dict[str, Any] = _hidden(json.loads(json.dumps(values)))
    return written


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN if content and _HIDDEN_NAMES.search(name) else _hidden(content)
            for name, content in value.items()
        }
    if isinstance(value, list):
        return [_hidden(content) for content in value]
    return _HIDDEN_TEXTS.sub(HIDDEN, value) if isinstance(value, str) else value
