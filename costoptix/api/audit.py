"""``/audit``: who did what, when, from where, for keys with admin permission."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from costoptix.access.audit_listing import AuditFilters, AuditPosition, list_entries, position
from costoptix.access.permissions import ActorKind, Permission
from costoptix.api.answers import Answer
from costoptix.api.endpoint import Call, operation
from costoptix.api.paging import PageQuery, sign, unsign
from costoptix.models import AuditEntry


@dataclass(frozen=True)
class LoggedAction:
    """One entry of the audit log; ``number`` counts from 1 without a gap."""

    number: int
    at: datetime
    actor_kind: ActorKind
    actor: str  # a person's address, a key's name and prefix, "command line", "worker"
    actor_id: str | None
    address: str  # the network address; "" of commands
    action: str
    subject: str
    subject_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str  # of the entry and the hash before it


class AuditQuery(AuditFilters, PageQuery):
    """The filters of the audit log."""


@operation(
    "GET", "/audit", permission=Permission.ADMIN, query=AuditQuery, data=list[LoggedAction],
    summary="List who did what, when and from where, newest first",
)  # fmt: skip
def list_audit(call: Call, query: AuditQuery) -> Answer:
    """List it."""
    purpose = f"audit:{call.organization.id}:{query.order_by}"
    after = None if query.cursor is None else AuditPosition(*unsign(purpose, query.cursor))
    rows = list_entries(
        call.session, call.organization, call.caller, query, limit=query.limit + 1, after=after
    )
    listed, cursor = rows[: query.limit], None
    if len(rows) > query.limit:
        last = position(listed[-1], query.order_by)
        cursor = sign(purpose, (last.value, last.number))
    return Answer([_describe(row) for row in listed], meta={"next_cursor": cursor})


def _describe(entry: AuditEntry) -> LoggedAction:
    return LoggedAction(
        number=entry.number,
        at=entry.at,
        actor_kind=ActorKind(entry.actor_kind),
        actor=entry.actor,
        actor_id=entry.actor_id,
        address=entry.address,
        action=entry.action,
        subject=entry.subject,
        subject_id=entry.subject_id,
        before=entry.before,
        after=entry.after,
        hash=entry.hash,
    )
