"""The chain of audit entries: each hash is made of the entry and of the hash before it.

So an entry that is changed, taken out or put in does not fit what stands around it, and what is
taken from the end does not fit the head. Who may write to the whole database could still make the
chain anew from some entry on: only a hash that was noted elsewhere tells then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix.models import AuditEntry, AuditHead, Organization

FIRST = "0" * 64
"""What stands before the first entry."""

READ_AT_ONCE = 1_000


def digest(previous: str, entry: AuditEntry) -> str:
    """Return the SHA-256 of the hash before and of all that an entry says."""
    content = [
        previous,
        entry.organization_id,
        entry.number,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor_kind,
        entry.actor,
        entry.actor_id,
        entry.address,
        entry.action,
        entry.subject,
        entry.subject_id,
        entry.before,
        entry.after,
    ]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Chain:
    """What was read of one organization's chain, and what does not hold in it."""

    name: str  # of the organization, for people
    number: int  # of the entry read last
    hash: str
    entries: int = 0
    faults: list[str] = field(default_factory=list)

    def take(self, entry: AuditEntry) -> None:
        """Compare the next entry with what was read before."""
        if entry.number <= self.number:
            self.faults.append(f"entry {entry.number} stands twice")
            return
        if entry.number > self.number + 1:
            self.miss(entry.number - 1)
        elif digest(self.hash, entry) != entry.hash:
            about = f"{entry.at:%Y-%m-%d %H:%M}, {entry.action}"
            self.faults.append(f"entry {entry.number} ({about}), or the one before, was changed")
        self.number, self.hash = entry.number, entry.hash
        self.entries += 1

    def miss(self, last: int) -> None:
        """Note that what comes next, through the number ``last``, is not there."""
        first = self.number + 1
        self.faults.append(
            f"entry {first} is missing"
            if first == last
            else f"entries {first} to {last} are missing"
        )


def verify(session: Session, organization_id: str, name: str) -> Chain:
    """Read an organization's entries, oldest first, and return what does not hold."""
    head = _head(session, organization_id)
    if head is None:
        return _without_head(session, organization_id, name)
    chain = Chain(name, head.pruned_number, head.pruned_hash)
    _find_put_before(session, organization_id, chain)
    end = _read(session, organization_id, chain) or head
    if end.pruned_number > head.pruned_number:  # meanwhile
        return verify(session, organization_id, name)
    if chain.number < end.number:
        chain.miss(end.number)
    elif chain.number > end.number:
        chain.faults.append(f"what stands behind entry {end.number} was put there")
    elif chain.hash != end.hash:
        chain.faults.append(f"entry {end.number}, the last one, or the head was changed")
    return chain


def verify_all(session: Session) -> list[Chain]:
    """Verify the chain of every organization, of those that only entries name, and of none."""
    names = {"": "the installation"} | {
        row.id: row.name for row in session.scalars(select(Organization))
    }
    for column in (AuditHead.organization_id, AuditEntry.organization_id):
        for organization_id in session.scalars(select(column).distinct()):
            names.setdefault(organization_id, organization_id)
    return [verify(session, organization_id, name) for organization_id, name in names.items()]


def _without_head(session: Session, organization_id: str, name: str) -> Chain:
    """Return what is to say where no head is: of the installation nothing may have been written."""
    chain = Chain(name, 0, FIRST)
    if organization_id or next(_entries(session, organization_id, 0), None) is not None:
        chain.faults.append("its head is missing, and with it where the log ends")
    return chain


def _read(session: Session, organization_id: str, chain: Chain) -> AuditHead | None:
    """Read to the end, and on while entries come; return the head, which was read after them."""
    while True:
        before = chain.number
        for entry in _entries(session, organization_id, chain.number):
            chain.take(entry)
        head = _head(session, organization_id)
        if head is None or head.number <= chain.number or chain.number == before:
            return head


def _find_put_before(session: Session, organization_id: str, chain: Chain) -> None:
    number = session.scalar(
        select(func.count()).where(
            AuditEntry.organization_id == organization_id, AuditEntry.number <= chain.number
        )
    )
    if number:
        chain.faults.append(f"{number} at the beginning were put there")


def _entries(session: Session, organization_id: str, after: int) -> Iterator[AuditEntry]:
    """Read entries in the order of their numbers; those that are added meanwhile as well."""
    while True:
        page = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.organization_id == organization_id, AuditEntry.number > after)
            .order_by(AuditEntry.number, AuditEntry.id)
            .limit(READ_AT_ONCE)
        ).all()
        for entry in page:
            session.expunge(entry)
        session.rollback()  # no transaction is held while all is read
        yield from page
        if not page:
            return
        after = page[-1].number


def _head(session: Session, organization_id: str) -> AuditHead | None:
    """Return the head as it is now, apart from the session."""
    session.rollback()
    head = session.get(AuditHead, organization_id, populate_existing=True)
    if head is not None:
        session.expunge(head)
    return head
