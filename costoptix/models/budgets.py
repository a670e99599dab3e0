"""What was planned."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Float, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from costoptix.clock import utc_now
from costoptix.models.base import Base, id_column, organization_column, state_type


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

    standing: Mapped[BudgetStanding | None] = relationship(
        cascade="all, delete-orphan", passive_deletes=True
    )


class BudgetStanding(Base):
    """How a budget stood on a day under a version of the data: what lists read.

    Where ``error`` says why it could not be computed, all figures are NULL.
    """

    __tablename__ = "budget_standings"

    budget_id: Mapped[str] = mapped_column(
        ForeignKey("budgets.id", ondelete="CASCADE"), primary_key=True
    )
    data_version: Mapped[str] = mapped_column(String(36))
    day: Mapped[date]  # UTC
    computed_at: Mapped[datetime] = mapped_column(default=utc_now)
    error: Mapped[str | None] = mapped_column(Text)
    period_start: Mapped[date | None]
    period_end: Mapped[date | None]
    state: Mapped[BudgetState | None] = mapped_column(state_type(BudgetState, 10))
    current_spend: Mapped[Decimal | None]
    predicted_spend: Mapped[Decimal | None]
    predicted_by: Mapped[str | None] = mapped_column(String(20))
    predicted_note: Mapped[str | None] = mapped_column(Text)
    utilization_percent: Mapped[Decimal | None]
    crosses_on: Mapped[date | None]
    # Spend in parts of the amount, for sorting only: exact decimals are text, which sorts as text.
    used: Mapped[float | None] = mapped_column(Float)
