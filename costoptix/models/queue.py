"""Tables of background work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from costoptix.clock import utc_now
from costoptix.models.base import Base, id_column, state_type


class JobState(StrEnum):
    """Where a job is."""

    DUE = "due"  # it waits for its time or a worker
    RUNNING = "running"  # a worker has it, as long as its lease lasts
    DONE = "done"
    FAILED = "failed"  # given up


JOB_MOVES: Mapping[JobState, frozenset[JobState]] = {
    JobState.DUE: frozenset({JobState.RUNNING}),
    JobState.RUNNING: frozenset(JobState),  # to itself: its lease is renewed, or it is taken over
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset(),
}
"""The states that a job may go to from each."""


class Job(Base):
    """A row is the job; a conditional UPDATE with a lease is the claim."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_run_at", "state", "run_at"),)

    id: Mapped[str] = id_column()
    organization_id: Mapped[str | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    state: Mapped[JobState] = mapped_column(state_type(JobState, 10), default=JobState.DUE)
    run_at: Mapped[datetime] = mapped_column(default=utc_now)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column(index=True)


class WorkerHeartbeat(Base):
    """When each worker process was last seen."""

    __tablename__ = "worker_heartbeats"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)  # host:pid
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]  # None: a worker of a version that did not say
    version: Mapped[str | None] = mapped_column(String(40))  # of the code that it runs
