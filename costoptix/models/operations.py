"""Tables of the installation itself: who it is, and what the sweep of its files waits for."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from costoptix.clock import utc_now
from costoptix.models.base import Base, id_column, new_id


class InstallationIdentity(Base):
    """The one row that tells this installation from others; a backup takes it along."""

    __tablename__ = "installation_identities"

    id: Mapped[str] = mapped_column(String(10), primary_key=True)  # always "this"
    installation_id: Mapped[str] = mapped_column(String(36), default=new_id)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class SweepPause(Base):
    """A backup that copies files: until it ends, or its time is over, no file is removed."""

    __tablename__ = "sweep_pauses"

    id: Mapped[str] = id_column()
    holder: Mapped[str] = mapped_column(String(100))  # host:pid
    begun_at: Mapped[datetime] = mapped_column(default=utc_now)
    until: Mapped[datetime]


class QuotaMark(Base):
    """The mark that a counter of calls holds for a UTC day, since the first call was counted."""

    __tablename__ = "quota_marks"

    store: Mapped[str] = mapped_column(Text, primary_key=True)  # the counter's URL, no password
    day: Mapped[date] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(String(36))
