"""Every table. Columns, keys and constraints only: never queries or rules."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from costoptix import money
from costoptix.clock import utc_now


def new_id() -> str:
    """Return a random public id; ids are never sequential, so that they tell nothing."""
    return str(uuid.uuid4())


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC; SQLite would lose the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants: their zone would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ExactDecimal(TypeDecorator[Decimal]):
    """An amount as exact text: NUMERIC columns of SQLite are floats underneath."""

    impl = String(64)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Write every digit."""
        return None if value is None else money.to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Read every digit."""
        return None if value is None else Decimal(value)


class Base(DeclarativeBase):
    """All tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UTCDateTime(),
        date: Date(),
        Decimal: ExactDecimal(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
    }


def _id() -> Mapped[str]:
    return mapped_column(String(36), primary_key=True, default=new_id)


def _organization() -> Mapped[str]:
    return mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)


# Access ------------------------------------------------------------------------------------


class Organization(Base):
    """A tenant."""

    __tablename__ = "organizations"

    id: Mapped[str] = _id()
    name: Mapped[str] = mapped_column(String(200), unique=True)
    tier: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    # Renewed with every delivery, undo, tag rule and account name, in the same transaction:
    # what was computed under one value stays true as long as the value stays.
    data_version: Mapped[str] = mapped_column(String(36), default=new_id)


class User(Base):
    """A person: one address is one user in one organization."""

    __tablename__ = "users"

    id: Mapped[str] = _id()
    organization_id: Mapped[str] = _organization()
    email: Mapped[str] = mapped_column(String(320), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(10))  # permissions.Role
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    organization: Mapped[Organization] = relationship(lazy="joined")


class UserSession(Base):
    """A signed-in browser. The cookie holds a random token; only its SHA-256 is kept."""

    __tablename__ = "user_sessions"

    id: Mapped[str] = _id()
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    password_confirmed_at: Mapped[datetime] = mapped_column(default=utc_now)
    role: Mapped[str] = mapped_column(String(10))  # as the token was made: a new role, a new token
    address: Mapped[str] = mapped_column(String(64), default="")
    user_agent: Mapped[str] = mapped_column(String(300), default="")

    user: Mapped[User] = relationship(lazy="joined")


class Invitation(Base):
    """A link that lets one person join, once. Only the SHA-256 of its token is kept."""

    __tablename__ = "invitations"

    id: Mapped[str] = _id()
    organization_id: Mapped[str] = _organization()
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(320))  # lower case
    role: Mapped[str] = mapped_column(String(10))  # permissions.Role
    # The link of somebody who left, or whose password was changed, is void.
    created_by_user_id: Mapped[str | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE")
    )
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]

    organization: Mapped[Organization] = relationship(lazy="joined")


class ThrottleCounter(Base):
    """How often something was tried within a window of time."""

    __tablename__ = "throttle_counters"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    attempts: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)


class ApiKey(Base):
    """A key of an organization. The key itself is not here: a prefix and a SHA-256."""

    __tablename__ = "api_keys"

    id: Mapped[str] = _id()
    organization_id: Mapped[str] = _organization()
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(11))  # cc_ and 8 characters
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    permission: Mapped[str] = mapped_column(String(10))  # permissions.Permission
    # The maker: a person, another key, or neither (the command line).
    # No foreign key: an id without a user tells that the maker has left.
    created_by_user_id: Mapped[str | None] = mapped_column(String(36))
    created_by: Mapped[str] = mapped_column(String(320))  # as said at the time
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    successor_id: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))


class AuditEntry(Base):
    """Who did what, when, from where. Append-only (a trigger refuses changes)."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_organization_id_at", "organization_id", "at"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    # No foreign keys: the entry outlives what it tells of.
    organization_id: Mapped[str | None] = mapped_column(String(36))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    actor: Mapped[str] = mapped_column(String(400))  # an address, a key's name and prefix, "cli"
    actor_id: Mapped[str | None] = mapped_column(String(36))
    address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(60))  # "api_key.created"
    subject: Mapped[str] = mapped_column(String(400), default="")
    subject_id: Mapped[str | None] = mapped_column(String(36))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class IdempotencyRecord(Base):
    """The answer to a POST that carried an Idempotency-Key, or the claim of one that runs."""

    __tablename__ = "idempotency_records"
    __table_args__ = (UniqueConstraint("organization_id", "key"),)

    id: Mapped[str] = _id()
    organization_id: Mapped[str] = _organization()
    key: Mapped[str] = mapped_column(String(255))
    request_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    status: Mapped[int | None]  # None while the twin runs
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    body: Mapped[str | None] = mapped_column(Text)  # secrets already null


class SetupState(Base):
    """One row of facts about the installation, by name."""

    __tablename__ = "setup_state"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


# Background work -----------------------------------------------------------------------------


class Job(Base):
    """A row is the job; a conditional UPDATE with a lease is the claim."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_run_at", "state", "run_at"),)

    id: Mapped[str] = _id()
    organization_id: Mapped[str | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="due")  # due|running|done|failed
    run_at: Mapped[datetime] = mapped_column(default=utc_now)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]


class WorkerHeartbeat(Base):
    """When each worker process was last seen."""

    __tablename__ = "worker_heartbeats"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)  # host:pid
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)


# Bills ---------------------------------------------------------------------------------------


class Source(Base):
    """Where a team's bills of one kind come from: deliveries of one source replace each other."""

    __tablename__ = "sources"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    id: Mapped[str] = _id()
    organization_id: Mapped[str] = _organization()
    name: Mapped[str] = mapped_column(String(200))
    format: Mapped[str | None] = mapped_column(String(40))
    currency: Mapped[str | None] = mapped_column(String(3))  # for files that do not say
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Import(Base):
    """A file on its way in, and what became of it."""

    __tablename__ = "imports"
    __table_args__ = (
        Index("ix_imports_organization_id_created_at", "organization_id", "created_at"),
    )

    id: Mapped[str] = _id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    source_id: Mapped[str | None] = mapped_column(ForeignKey("sources.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(12), default="received")
    file_name: Mapped[str] = mapped_column(String(400))  # as sent; for people only
    stored_name: Mapped[str] = mapped_column(String(100))  # ours, within the uploads folder
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    format: Mapped[str | None] = mapped_column(String(40))
    currency: Mapped[str | None] = mapped_column(String(3))  # as asked for by the sender
    source_name: Mapped[str | None] = mapped_column(String(200))  # as asked for by the sender
    created_by: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]
    live_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    bytes_done: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_read: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_kept: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_rejected: Mapped[int] = mapped_column(BigInteger, default=0)
    message: Mapped[str | None] = mapped_column(Text)  # "already imported, nothing changed"
    error: Mapped[str | None] = mapped_column(Text)  # one sentence, when refused
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    source: Mapped[Source | None] = relationship(lazy="joined")


class ReconciliationLine(Base):
    """One sum of one file: in = stored + rejected + rounding, exactly."""

    __tablename__ = "reconciliation_lines"

    id: Mapped[str] = _id()
    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), index=True)
    billing_period: Mapped[date | None]  # first day of the month; None where the row did not say
    currency: Mapped[str | None] = mapped_column(String(3))
    charge_category: Mapped[str | None] = mapped_column(String(40))
    metric: Mapped[str] = mapped_column(String(20))  # billed_cost …
    rows_read: Mapped[int] = mapped_column(BigInteger)
    rows_kept: Mapped[int] = mapped_column(BigInteger)
    rows_rejected: Mapped[int] = mapped_column(BigInteger)
    rows_rounded: Mapped[int] = mapped_column(BigInteger, default=0)
    sum_file: Mapped[Decimal] = mapped_column(ExactDecimal(400))
    sum_stored: Mapped[Decimal]
    sum_rejected: Mapped[Decimal] = mapped_column(ExactDecimal(400))
    sum_rounding: Mapped[Decimal] = mapped_column(ExactDecimal(400))
    sum_before: Mapped[Decimal | None]  # what was live before this delivery


class Delivery(Base):
    """One billing period of one billing account as one import brought it: immutable files."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "ix_deliveries_scope",
            "organization_id",
            "source_id",
            "billing_account_id",
            "billing_period",
        ),
        Index("ix_deliveries_organization_id_is_live", "organization_id", "is_live"),
    )

    id: Mapped[str] = _id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), index=True)
    source_id: Mapped[str] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    billing_account_id: Mapped[str] = mapped_column(String(200))
    billing_period: Mapped[date]  # first day of the month
    delivered_at: Mapped[datetime]  # manifest time, else time inside the file, else arrival
    state: Mapped[str] = mapped_column(String(12), default="staged")
    # The pointer: readers see exactly the deliveries with is_live, changed in one transaction.
    is_live: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    row_count: Mapped[int] = mapped_column(BigInteger, default=0)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    files: Mapped[list[DeliveryFile]] = relationship(
        back_populates="delivery", cascade="all, delete-orphan", passive_deletes=True
    )


class DeliveryFile(Base):
    """One immutable Parquet file in the lake."""

    __tablename__ = "delivery_files"

    id: Mapped[str] = _id()
    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(20))  # charges, or the name of a roll-up
    path: Mapped[str] = mapped_column(String(400))  # within the lake
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    row_count: Mapped[int] = mapped_column(BigInteger)

    delivery: Mapped[Delivery] = relationship(back_populates="files")


class InboxItem(Base):
    """A file or folder of the watched inbox that was taken in, as it was then."""

    __tablename__ = "inbox_items"
    __table_args__ = (UniqueConstraint("organization_id", "path"),)

    id: Mapped[str] = _id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    path: Mapped[str] = mapped_column(Text)  # within the organization's folder
    appearance: Mapped[str] = mapped_column(String(64))  # digest of names, sizes and times
    import_id: Mapped[str | None] = mapped_column(ForeignKey("imports.id", ondelete="SET NULL"))
    error: Mapped[str | None] = mapped_column(Text)  # why it could not be taken in
    taken_at: Mapped[datetime] = mapped_column(default=utc_now)


class AccountName(Base):
    """What the team calls a cloud account; the bills are left as they are."""

    __tablename__ = "account_names"
    __table_args__ = (UniqueConstraint("organization_id", "account_id"),)

    id: Mapped[str] = _id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    account_id: Mapped[str] = mapped_column(String(32))  # costs.accounts.account_id
    name: Mapped[str] = mapped_column(String(200))


# Judgement -----------------------------------------------------------------------------------


class Event(Base):
    """Something that happened, to be told to whoever subscribed; once per key."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("organization_id", "key"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    organization_id: Mapped[str] = _organization()
    name: Mapped[str] = mapped_column(String(40))  # budget.warning, anomaly.detected …
    key: Mapped[str] = mapped_column(String(200))
    subject_id: Mapped[str] = mapped_column(String(36), index=True)  # of the budget or anomaly
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Anomaly(Base):
    """One episode of unusual days of a service in an account, and what people say of it."""

    __tablename__ = "anomalies"
    __table_args__ = (UniqueConstraint("organization_id", "series", "first_day"),)

    id: Mapped[str] = _id()
    organization_id: Mapped[str] = _organization()
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
    severity: Mapped[str] = mapped_column(String(10))
    method: Mapped[str] = mapped_column(String(20))
    lookback_days: Mapped[int]
    threshold: Mapped[Decimal]
    drivers: Mapped[list[Any] | None]  # None: to be worked out when asked for
    status: Mapped[str] = mapped_column(String(20), default="new")
    is_expected: Mapped[bool] = mapped_column(Boolean, default=False)  # the like is muted
    note: Mapped[str] = mapped_column(Text, default="")
    judged_by: Mapped[str | None] = mapped_column(String(400))
    judged_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    judgements: Mapped[list[AnomalyJudgement]] = relationship(
        order_by="AnomalyJudgement.id.desc()", cascade="all, delete-orphan", passive_deletes=True
    )


class AnomalyJudgement(Base):
    """What one person (or key) said of an anomaly at one time. Append-only."""

    __tablename__ = "anomaly_judgements"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    anomaly_id: Mapped[str] = mapped_column(
        ForeignKey("anomalies.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(default=utc_now)
    actor: Mapped[str] = mapped_column(String(400))
    status: Mapped[str] = mapped_column(String(20))
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
    note: Mapped[str] = mapped_column(Text)


class Budget(Base):
    """An amount that a part of the costs shall not exceed in each period."""

    __tablename__ = "budgets"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    id: Mapped[str] = _id()
    organization_id: Mapped[str] = _organization()
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
