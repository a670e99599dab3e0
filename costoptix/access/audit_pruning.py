"""What leaves the audit log: what is older than ``AUDIT_DAYS``, and what a deleted tenant leaves.

The head of a chain keeps the hash of the last entry that was pruned, so that what is left can
still be verified from there.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from costoptix.access import audit, audit_refusals
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import AuditEntry, AuditHead, AuditTally, Organization

AT_ONCE = 500
"""Entries deleted in one transaction."""

logger = logging.getLogger(__name__)


def keep(session: Session, days: int) -> None:
    """Tell what was counted, forget deleted organizations, prune what is older than ``days``."""
    audit_refusals.tell_ended(session)
    living = select(Organization.id)
    gone = AuditHead.organization_id.not_in(living) & (AuditHead.organization_id != "")
    for organization_id in session.scalars(select(AuditHead.organization_id).where(gone)).all():
        forget(session, organization_id)
    before = utc_now() - timedelta(days=days)
    for organization_id in session.scalars(select(AuditHead.organization_id)).all():
        while _prune(session, organization_id, before):
            pass


def forget(session: Session, organization_id: str) -> None:
    """Delete the log of an organization that is deleted; the operator's log keeps one line of it.

    Killed in between, it goes on with the next ``keep``: the head goes last.
    """
    session.rollback()
    own = AuditEntry.organization_id == organization_id
    while True:
        with writing(session):
            head = audit.locked_head(session, organization_id)
            number, pruned, last_hash = head.number, head.pruned_number, head.hash
            some = select(AuditEntry.id).where(own).order_by(AuditEntry.number).limit(AT_ONCE)
            ids = session.scalars(some).all()
            session.execute(delete(AuditEntry).where(AuditEntry.id.in_(ids)))
            if not ids:
                mine = AuditTally.organization_id == organization_id
                session.execute(delete(AuditTally).where(mine))
                session.delete(head)
        if not ids:
            break
    logger.warning(
        "the audit log of a deleted organization was deleted",
        extra={
            "organization_id": organization_id,
            "deleted_at": utc_now().isoformat(),
            "entries": number - pruned,
            "last_hash": last_hash,
        },
    )


def _prune(session: Session, organization_id: str, before: datetime) -> int:
    """Delete some of the entries older than ``before``, the oldest first; return how many.

    Numbers decide, not instants: an entry that is younger by its clock than the next one keeps
    that and all behind it.
    """
    own = AuditEntry.organization_id == organization_id
    oldest = session.execute(
        select(AuditEntry.number, AuditEntry.hash, AuditEntry.at)
        .where(own)
        .order_by(AuditEntry.number)
        .limit(AT_ONCE)
    ).all()
    session.rollback()
    old = list(takewhile(lambda entry: entry.at < before, oldest))
    if not old:
        return 0
    with writing(session):
        head = audit.locked_head(session, organization_id)
        head.pruned_number, head.pruned_hash = old[-1].number, old[-1].hash
        session.flush()  # before the deletion, which the trigger lets through by it
        session.execute(delete(AuditEntry).where(own, AuditEntry.number <= old[-1].number))
    return len(old)
