"""Events: what happened, for those who subscribe to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from costoptix.clock import utc_now
from costoptix.models.base import Base, organization_column


class Event(Base):
    """Something that happened, for whoever subscribes to it; one row per key."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("organization_id", "key"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    organization_id: Mapped[str] = organization_column()
    name: Mapped[str] = mapped_column(String(40))  # budget.warning, anomaly.detected …
    key: Mapped[str] = mapped_column(String(200))
    subject_id: Mapped[str] = mapped_column(String(36), index=True)  # of the budget or anomaly
    data: Mapped[dict[str, Any]]
    is_handed_on: Mapped[bool] = mapped_column(Boolean, default=False, index=True)  # to channels
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
