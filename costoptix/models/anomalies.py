"""Tables of anomalies and of people's judgements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ForeignKey,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from costoptix.clock import utc_now
from costoptix.models.base import Base, id_column, organization_column, state_type


class Severity(StrEnum):
    """How much an anomaly matters, by money and deviation: see ``anomalies.detect``."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class AnomalyStatus(StrEnum):
    """How far people are with an anomaly; ``history`` is what was long past when it was found."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    RESOLVED = "resolved"
    FALSE_POSITIVE = "false_positive"
    HISTORY = "history"


OPEN_STATUSES = (AnomalyStatus.NEW, AnomalyStatus.ACKNOWLEDGED, AnomalyStatus.INVESTIGATING)

ANOMALY_MOVES: Mapping[AnomalyStatus, tuple[AnomalyStatus, ...]] = {
    AnomalyStatus.NEW: (
        AnomalyStatus.ACKNOWLEDGED,
        AnomalyStatus.INVESTIGATING,
        AnomalyStatus.RESOLVED,
        AnomalyStatus.FALSE_POSITIVE,
    ),
    AnomalyStatus.ACKNOWLEDGED: (
        AnomalyStatus.INVESTIGATING,
        AnomalyStatus.RESOLVED,
        AnomalyStatus.FALSE_POSITIVE,
    ),
    AnomalyStatus.INVESTIGATING: (
        AnomalyStatus.ACKNOWLEDGED,
        AnomalyStatus.RESOLVED,
        AnomalyStatus.FALSE_POSITIVE,
    ),
    AnomalyStatus.RESOLVED: (AnomalyStatus.INVESTIGATING, AnomalyStatus.FALSE_POSITIVE),
    AnomalyStatus.FALSE_POSITIVE: (AnomalyStatus.INVESTIGATING, AnomalyStatus.RESOLVED),
    AnomalyStatus.HISTORY: (
        AnomalyStatus.ACKNOWLEDGED,
        AnomalyStatus.INVESTIGATING,
        AnomalyStatus.RESOLVED,
        AnomalyStatus.FALSE_POSITIVE,
    ),
}
"""The statuses that an anomaly may go to from each, in the order in which they are offered; what
is closed opens again by investigating it. Nothing becomes history later."""


class Anomaly(Base):
    """One episode of unusual days of a service in an account, with its newest judgement."""

    __tablename__ = "anomalies"
    __table_args__ = (UniqueConstraint("organization_id", "series", "first_day"),)

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = organization_column()
    series: Mapped[str] = mapped_column(String(64))  # digest of the four columns below
    provider_name: Mapped[str | None] = mapped_column(Text)
    service_name: Mapped[str | None] = mapped_column(Text)
    sub_account_id: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    first_day: Mapped[date]
    last_day: Mapped[date]
    actual: Mapped[Decimal]  # all amounts: sums over the days
    expected: Mapped[Decimal]
    low: Mapped[Decimal]
    high: Mapped[Decimal]
    impact: Mapped[Decimal]
    deviation_percent: Mapped[Decimal | None]
    severity: Mapped[Severity] = mapped_column(state_type(Severity, 10))
    method: Mapped[str] = mapped_column(String(20))
    lookback_days: Mapped[int]
    threshold: Mapped[Decimal]
    drivers: Mapped[list[Any] | None]  # None: to be worked out when asked for
    status: Mapped[AnomalyStatus] = mapped_column(
        state_type(AnomalyStatus, 20), default=AnomalyStatus.NEW
    )
    is_expected: Mapped[bool] = mapped_column(Boolean, default=False)  # the like is muted
    note: Mapped[str] = mapped_column(Text, default="")
    judged_by: Mapped[str | None] = mapped_column(String(400))
    judged_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    parts: Mapped[list[AnomalyPart]] = relationship(  # none where it is of one series
        order_by="AnomalyPart.position", cascade="all, delete-orphan", passive_deletes=True
    )
    judgements: Mapped[list[AnomalyJudgement]] = relationship(
        order_by="AnomalyJudgement.id.desc()", cascade="all, delete-orphan", passive_deletes=True
    )


class AnomalyPart(Base):
    """What one cause did in one series, where it did so in several; the largest first."""

    __tablename__ = "anomaly_parts"
    __table_args__ = (UniqueConstraint("organization_id", "series", "first_day"),)

    id: Mapped[str] = id_column()
    anomaly_id: Mapped[str] = mapped_column(
        ForeignKey("anomalies.id", ondelete="CASCADE"), index=True
    )
    organization_id: Mapped[str] = organization_column()
    series: Mapped[str] = mapped_column(String(64))
    provider_name: Mapped[str | None] = mapped_column(Text)
    service_name: Mapped[str | None] = mapped_column(Text)
    sub_account_id: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    first_day: Mapped[date]
    last_day: Mapped[date]
    actual: Mapped[Decimal]
    expected: Mapped[Decimal]
    low: Mapped[Decimal]
    high: Mapped[Decimal]
    impact: Mapped[Decimal]
    deviation_percent: Mapped[Decimal | None]
    position: Mapped[int]


class AnomalyJudgement(Base):
    """One judgement of an anomaly by a person or key, at one time. Append-only."""

    __tablename__ = "anomaly_judgements"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    anomaly_id: Mapped[str] = mapped_column(
        ForeignKey("anomalies.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(default=utc_now)
    actor: Mapped[str] = mapped_column(String(400))
    status: Mapped[AnomalyStatus] = mapped_column(state_type(AnomalyStatus, 20))
    is_expected: Mapped[bool] = mapped_column(Boolean)
    note: Mapped[str] = mapped_column(Text)


class DetectionRun(Base):
    """The last run of detection: what it looked at, and what the tier did not let it keep."""

    __tablename__ = "detection_runs"

    organization_id: Mapped[str] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True
    )
    finished_at: Mapped[datetime]
    method: Mapped[str] = mapped_column(String(20))
    complete_through: Mapped[date | None]
    series_count: Mapped[int]
    further: Mapped[list[Any]] = mapped_column(JSON)
    below_floor: Mapped[int] = mapped_column(default=0, server_default="0")
    daily_costs: Mapped[dict[str, Any]] = mapped_column(  # by currency, as text: usual ones
        JSON, default=dict, server_default="{}"
    )
    note: Mapped[str] = mapped_column(Text)
