"""Tables of channels: where events go, and what became of each on its way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from costoptix.clock import utc_now
from costoptix.models.base import (
    Base,
    id_column,
    organization_column,
    sealed_column,
    state_type,
)


class ChannelKind(StrEnum):
    """What a channel speaks to."""

    SLACK = "slack"
    TEAMS = "teams"
    DISCORD = "discord"
    CUSTOM = "custom"
    EMAIL = "email"


class ChannelState(StrEnum):
    """Whether a channel is told of events; it may go from each to the other."""

    ACTIVE = "active"
    DISABLED = "disabled"  # by a person, or because nothing arrives there


class Channel(Base):
    """Where events of an organization go.

    A channel is also a lane: whoever holds its lease is the one who sends to it, one event after
    the other, so that an endpoint that hangs holds up nothing but itself.
    """

    __tablename__ = "channels"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = organization_column()
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[ChannelKind] = mapped_column(state_type(ChannelKind, 10))
    target: Mapped[str] = sealed_column()  # the URL, or addresses
    target_hint: Mapped[str] = mapped_column(String(400))  # what is shown of it
    secret: Mapped[str | None] = sealed_column()  # of signatures
    former_secret: Mapped[str | None] = sealed_column()  # signs as well, until …
    former_secret_until: Mapped[datetime | None]
    events: Mapped[list[Any]]
    filter: Mapped[dict[str, Any]]
    # The shared view that its reports show; one that is gone stays named, for the report says so.
    report_view_id: Mapped[str | None] = mapped_column(String(36))
    report_view_name: Mapped[str] = mapped_column(String(100), default="", server_default="")
    state: Mapped[ChannelState] = mapped_column(
        state_type(ChannelState, 10), default=ChannelState.ACTIVE
    )
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    failing_since: Mapped[datetime | None]  # None: the newest attempt arrived
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    resume_at: Mapped[datetime | None]  # the lane rests until then
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class DispatchState(StrEnum):
    """Where an event is on its way to a channel."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"  # given up


DISPATCH_MOVES: Mapping[DispatchState, frozenset[DispatchState]] = {
    DispatchState.WAITING: frozenset(DispatchState),
    DispatchState.DELIVERED: frozenset({DispatchState.WAITING}),  # to be sent again
    DispatchState.FAILED: frozenset({DispatchState.WAITING, DispatchState.DELIVERED}),
}
"""The states that a dispatch may go to from each; one that was given up while it was on its way may
arrive all the same."""


class Dispatch(Base):
    """One event on its way to one channel; its id is the same at every attempt."""

    __tablename__ = "dispatches"
    __table_args__ = (
        UniqueConstraint("channel_id", "key"),
        Index("ix_dispatches_channel_id_state_next_attempt_at",
              "channel_id", "state", "next_attempt_at"),
    )  # fmt: skip

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = organization_column()
    channel_id: Mapped[str] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(250))  # of the event: one dispatch of it per channel
    event: Mapped[str] = mapped_column(String(40))
    happened_at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    state: Mapped[DispatchState] = mapped_column(
        state_type(DispatchState, 10), default=DispatchState.WAITING
    )
    attempts: Mapped[int] = mapped_column(default=0)  # in all
    tries: Mapped[int] = mapped_column(default=0)  # since it was made, or sent again by a person
    next_attempt_at: Mapped[datetime | None] = mapped_column(default=utc_now)
    status: Mapped[int | None]  # of the newest attempt
    excerpt: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column(index=True)


class DispatchAttempt(Base):
    """One attempt to deliver: when, what was answered. Append-only."""

    __tablename__ = "dispatch_attempts"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    dispatch_id: Mapped[str] = mapped_column(
        ForeignKey("dispatches.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[int]  # from 1
    at: Mapped[datetime]
    milliseconds: Mapped[int]
    is_delivered: Mapped[bool]
    status: Mapped[int | None]  # None: there was no answer
    excerpt: Mapped[str] = mapped_column(Text)  # of the answer, or what went wrong
