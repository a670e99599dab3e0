"""What a team adds to its bills: names of accounts."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from costoptix.models.base import Base, id_column


class AccountName(Base):
    """What the team calls a cloud account; the bills are left as they are."""

    __tablename__ = "account_names"
    __table_args__ = (UniqueConstraint("organization_id", "account_id"),)

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    account_id: Mapped[str] = mapped_column(String(32))  # costs.accounts.account_id
    name: Mapped[str] = mapped_column(String(200))
