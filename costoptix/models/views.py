"""Saved views: questions about costs that people keep by name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from costoptix.clock import utc_now
from costoptix.models.base import Base, id_column, organization_column


class SavedView(Base):
    """A question about costs under a name, of one person or shared with the organization.

    A personal view goes with its person. A shared one stays when its owner leaves; of what a key
    or a command made nobody is the owner.
    """

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("personal_to_id", "name"),
        # What is shared has one name in the organization; personal views do not count there.
        Index(
            "uq_saved_views_shared_name",
            "organization_id",
            "name",
            unique=True,
            sqlite_where=text("personal_to_id IS NULL"),
            postgresql_where=text("personal_to_id IS NULL"),
        ),
    )

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = organization_column()
    name: Mapped[str] = mapped_column(String(100))
    personal_to_id: Mapped[str | None] = mapped_column(  # None: shared
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    owner_id: Mapped[str | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    made_by_person: Mapped[bool]
    question: Mapped[str] = mapped_column(Text)  # a query string of the API's cost parameters
    columns: Mapped[list[Any]]  # names of columns; empty: those that the page shows by itself
    compare: Mapped[str] = mapped_column(String(10))  # figures.comparison.Compare
    metric: Mapped[str | None] = mapped_column(String(20))  # None: the organization's
    complete_days: Mapped[bool]
    table_order: Mapped[str] = mapped_column(String(40))  # a column of pages alone, as "-change"
    version: Mapped[int] = mapped_column(default=1)  # of two who change it at once, one is told
    created_by: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)

    @property
    def shared(self) -> bool:
        """Tell whether the whole organization sees it."""
        return self.personal_to_id is None

    @property
    def owner_left(self) -> bool:
        """Tell whether the person who made it was deleted since."""
        return self.made_by_person and self.owner_id is None
