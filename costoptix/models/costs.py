"""What a team adds to its bills: names of accounts, and what tags are called."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from costoptix.clock import utc_now
from costoptix.models.base import Base, id_column


class AccountName(Base):
    """What the team calls a cloud account; the bills are left as they are."""

    __tablename__ = "account_names"
    __table_args__ = (UniqueConstraint("organization_id", "account_id"),)

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    account_id: Mapped[str] = mapped_column(String(32))  # costs.accounts.account_id
    name: Mapped[str] = mapped_column(String(200))


class CleaningRule(Base):
    """What takes the place of some values of a tag, or of some keys of tags."""

    __tablename__ = "tag_rules"
    __table_args__ = (Index(None, "organization_id", "created_at", "id"),)

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    key: Mapped[str | None] = mapped_column(Text)  # None: the names are keys
    to: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    names: Mapped[list[CleanedName]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="CleanedName.position"
    )


class CleanedName(Base):
    """A value or key, as bills write it, that a rule is about; no other rule is about it."""

    __tablename__ = "tag_rule_names"
    __table_args__ = (UniqueConstraint("organization_id", "digest"),)

    rule_id: Mapped[str] = mapped_column(
        ForeignKey("tag_rules.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)  # in the rule, from 0
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))  # of key and name, which an index cannot hold
