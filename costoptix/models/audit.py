"""Tables of the audit log: its entries, where each chain stands, refusals still counted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from costoptix.clock import utc_now
from costoptix.models.base import Base


class AuditEntry(Base):
    """Who did what, when, from where. Append-only (a trigger refuses changes)."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_organization_id_at", "organization_id", "at"),
        Index("ix_audit_entries_organization_id_action", "organization_id", "action"),
        UniqueConstraint("organization_id", "number"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    # No foreign keys: the entry outlives what it tells of. "": of the installation.
    organization_id: Mapped[str] = mapped_column(String(36))
    number: Mapped[int] = mapped_column(BigInteger)  # from 1, within its organization, no gaps
    at: Mapped[datetime] = mapped_column(default=utc_now)
    actor_kind: Mapped[str] = mapped_column(String(10))  # permissions.ActorKind
    actor: Mapped[str] = mapped_column(String(400))  # an address, a key's name and prefix, "cli"
    actor_id: Mapped[str | None] = mapped_column(String(36))
    address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(60))  # "api_key.created"
    subject: Mapped[str] = mapped_column(String(400), default="")
    subject_id: Mapped[str | None] = mapped_column(String(36))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    hash: Mapped[str] = mapped_column(String(64))  # of the entry and the hash before (audit_chain)


class AuditHead(Base):
    """Where the chain of an organization's entries begins and ends."""

    __tablename__ = "audit_heads"

    organization_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)  # of the last entry; 0: there was none yet
    hash: Mapped[str] = mapped_column(String(64))
    pruned_number: Mapped[int] = mapped_column(BigInteger)  # of the last that was pruned
    pruned_hash: Mapped[str] = mapped_column(String(64))


class AuditTally(Base):
    """A refusal that came again within the hour, until that is told in one entry."""

    __tablename__ = "audit_tallies"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of who and what
    organization_id: Mapped[str] = mapped_column(String(36))
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str] = mapped_column(String(400))
    actor_id: Mapped[str | None] = mapped_column(String(36))
    action: Mapped[str] = mapped_column(String(60))
    hour: Mapped[datetime | None] = mapped_column(index=True)  # its beginning
    times: Mapped[int] = mapped_column(default=0)  # the first has an entry of its own
    last_at: Mapped[datetime | None]
    addresses: Mapped[list[Any]] = mapped_column(JSON)  # of all but the first; a few
    subjects: Mapped[list[Any]] = mapped_column(JSON)
