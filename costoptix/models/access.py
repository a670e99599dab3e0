"""Tables of access: organizations, people, sessions, keys."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from costoptix.clock import utc_now
from costoptix.models.base import (
    Base,
    id_column,
    new_id,
    organization_column,
    sealed_column,
    state_type,
)


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Organization(Base):
    """A tenant, with what it chose (``costoptix.choices``)."""

    __tablename__ = "organizations"

    id: Mapped[str] = id_column()
    name: Mapped[str] = mapped_column(String(200), unique=True)
    tier: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    # Renewed with every delivery, undo, tag rule, account name and choice that changes figures, in
    # the same transaction:
    # what was computed under one value stays true as long as the value stays.
    data_version: Mapped[str] = mapped_column(String(36), default=new_id)
    anomaly_floors: Mapped[dict[str, Any]] = mapped_column(  # by currency, as text: those set
        JSON, default=dict, server_default="{}"
    )
    # What is shown where no metric is named: effective_cost or billed_cost.
    metric: Mapped[str] = mapped_column(
        String(20), default="effective_cost", server_default="effective_cost"
    )
    # By whose days, and on which of them, reports go out; days of costs are UTC.
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    report_weekday: Mapped[Weekday] = mapped_column(
        state_type(Weekday, 10), default=Weekday.MONDAY, server_default="monday"
    )
    checklist_dismissed_at: Mapped[datetime | None]  # of the first steps (``access.first_steps``)


class User(Base):
    """A person: one address is one user in one organization."""

    __tablename__ = "users"

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = organization_column()
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

    id: Mapped[str] = id_column()
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    password_confirmed_at: Mapped[datetime] = mapped_column(default=utc_now)
    role: Mapped[str] = mapped_column(String(10))  # as the token was made: a new role, a new token
    address: Mapped[str] = mapped_column(String(64), default="")
    user_agent: Mapped[str] = mapped_column(String(300), default="")

    user: Mapped[User] = relationship(lazy="joined")


class Invitation(Base):
    """A link that lets one person join, once. Only the SHA-256 of its token is kept."""

    __tablename__ = "invitations"

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = organization_column()
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(320))  # lower case
    role: Mapped[str] = mapped_column(String(10))  # permissions.Role
    # The link of somebody who left or is an admin no more, or whose password was changed, is void.
    created_by_user_id: Mapped[str | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
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

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = organization_column()
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
    successor_id: Mapped[str | None] = mapped_column(
        ForeignKey("api_keys.id", ondelete="SET NULL"), index=True
    )


class IdempotencyRecord(Base):
    """The answer to a POST that carried an Idempotency-Key, or the claim of one that runs."""

    __tablename__ = "idempotency_records"
    __table_args__ = (UniqueConstraint("organization_id", "key"),)

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = organization_column()
    key: Mapped[str] = mapped_column(String(255))
    request_digest: Mapped[str] = mapped_column(String(64))  # "" until an upload has been read
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    # When the request changed something last, written in the transaction that changed it.
    carried_out_at: Mapped[datetime | None]
    status: Mapped[int | None]  # None while the twin runs
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    body: Mapped[str | None] = mapped_column(Text)  # secrets already null


class SetupState(Base):
    """One row of facts about the installation, by name."""

    __tablename__ = "setup_state"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


class SealedCanary(Base):
    """One row whose text is known: what SECRET_KEY cannot open it is another than before."""

    __tablename__ = "sealed_canaries"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sealed: Mapped[str] = sealed_column()
