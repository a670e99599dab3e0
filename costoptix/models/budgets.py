"""What was planned."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from costoptix.clock import utc_now
from costoptix.models.base import Base, id_column, organization_column


class BudgetState(StrEnum):
    """How a budget stands, by what is spent.

    It may go from any state to any other: bills are restated up and down, a new period begins at
    nothing, and people change the amount.
    """

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    EXCEEDED = "exceeded"


class Budget(Base):
    """An amount that a part of the costs shall not exceed in each period."""

    __tablename__ = "budgets"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = organization_column()
    name: Mapped[str] = mapped_column(String(100))
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(3))
    period: Mapped[str] = mapped_column(String(10))  # monthly, quarterly, yearly
    account: Mapped[str | None] = mapped_column(Text)  # slug:sub_account_id; None: all
    metric: Mapped[str] = mapped_column(String(20))
    charge_categories: Mapped[list[Any]]  # empty: all
    tag_rules: Mapped[list[Any]]
    warning_threshold: Mapped[Decimal]  # percent of the amount
    critical_threshold: Mapped[Decimal]
    created_by: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
