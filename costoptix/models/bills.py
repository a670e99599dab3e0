"""Tables of a bill's way in: sources, imports, deliveries and their files."""

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
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from costoptix.clock import utc_now
from costoptix.models.base import (
    Base,
    ExactDecimal,
    id_column,
    organization_column,
    state_type,
)
from costoptix.periods import BillingPeriod


class ImportState(StrEnum):
    """What becomes of a file on its way in."""

    RECEIVED = "received"  # its job is due
    RUNNING = "running"
    WAITING = "waiting"  # for a person's decision
    LIVE = "live"  # readers get what it brought, or a part of it
    OLDER = "older"  # newer deliveries are live instead
    DUPLICATE = "duplicate"  # its bytes were live already
    CHECKED = "checked"  # a dry run: what would become of it is said
    WITHDRAWN = "withdrawn"  # taken back, or discarded before it was live
    REFUSED = "refused"  # it cannot be read


IMPORT_MOVES: Mapping[ImportState, frozenset[ImportState]] = {
    ImportState.RECEIVED: frozenset(
        {ImportState.RUNNING, ImportState.DUPLICATE, ImportState.REFUSED, ImportState.CHECKED}
    ),
    ImportState.RUNNING: frozenset(
        {
            ImportState.RUNNING,  # begun anew, by another worker
            ImportState.WAITING,
            ImportState.LIVE,
            ImportState.OLDER,
            ImportState.DUPLICATE,
            ImportState.REFUSED,
            ImportState.CHECKED,
            ImportState.WITHDRAWN,  # discarded by an answer that was given before
        }
    ),
    ImportState.WAITING: frozenset({ImportState.RECEIVED, ImportState.WITHDRAWN}),
    ImportState.LIVE: frozenset({ImportState.OLDER, ImportState.WITHDRAWN}),
    ImportState.OLDER: frozenset({ImportState.LIVE, ImportState.WITHDRAWN}),
    ImportState.DUPLICATE: frozenset(),
    ImportState.CHECKED: frozenset(),
    ImportState.WITHDRAWN: frozenset(),
    ImportState.REFUSED: frozenset(),
}
"""The states that an import may go to from each."""

UNFINISHED_STATES = (ImportState.RECEIVED, ImportState.RUNNING)
"""The states of an import that a worker has to do with, or will have."""


class DeliveryState(StrEnum):
    """What became of a delivery."""

    LIVE = "live"
    OLDER = "older"
    WITHDRAWN = "withdrawn"


DELIVERY_MOVES: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.LIVE: frozenset(DeliveryState),
    DeliveryState.OLDER: frozenset(DeliveryState),
    DeliveryState.WITHDRAWN: frozenset({DeliveryState.WITHDRAWN}),  # taken back with the others
}
"""The states that a delivery may go to from each; to its own, where its scope is judged anew."""


class Source(Base):
    """Where a team's bills of one kind come from: deliveries of one source replace each other."""

    __tablename__ = "sources"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = organization_column()
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
        Index("ix_imports_organization_id_sha256", "organization_id", "sha256"),
        Index("ix_imports_state_finished_at", "state", "finished_at"),
    )

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    source_id: Mapped[str | None] = mapped_column(
        ForeignKey("sources.id", ondelete="SET NULL"), index=True
    )
    state: Mapped[ImportState] = mapped_column(
        state_type(ImportState, 12), default=ImportState.RECEIVED
    )
    file_name: Mapped[str] = mapped_column(String(400))  # as sent; for people only
    stored_name: Mapped[str] = mapped_column(String(100), index=True)  # ours, among the uploads
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
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
    # Made of the rows that were kept; None before it is read, or of before rows were counted apart.
    charges: Mapped[int | None] = mapped_column(BigInteger)
    message: Mapped[str | None] = mapped_column(Text)  # "already imported, nothing changed"
    error: Mapped[str | None] = mapped_column(Text)  # one sentence, when refused
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    # Sentences on what was read: what is kept, and worth a look. At most some kilobytes.
    notes: Mapped[list[str] | None] = mapped_column(JSON)
    # Of a duplicate: the import that had brought the same bytes and was live then.
    repeats_id: Mapped[str | None] = mapped_column(
        ForeignKey("imports.id", ondelete="SET NULL"), index=True
    )

    source: Mapped[Source | None] = relationship(lazy="joined")
    repeats: Mapped[Import | None] = relationship(remote_side="Import.id")


class ReconciliationLine(Base):
    """One sum of one file: in = stored + rejected + rounding, exactly. Its rows are charges."""

    __tablename__ = "reconciliation_lines"

    id: Mapped[str] = id_column()
    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), index=True)
    billing_period: Mapped[date | None]  # its first day; None where the row did not say
    billing_period_last: Mapped[date | None]  # None: the calendar month that begins then
    currency: Mapped[str | None] = mapped_column(String(3))
    charge_category: Mapped[str | None] = mapped_column(String(40))
    metric: Mapped[str] = mapped_column(String(20))  # billed_cost …
    rows_read: Mapped[int] = mapped_column(BigInteger)
    rows_kept: Mapped[int] = mapped_column(BigInteger)
    rows_rejected: Mapped[int] = mapped_column(BigInteger)
    rows_rounded: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_unread: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    sum_file: Mapped[Decimal] = mapped_column(ExactDecimal(400))
    sum_stored: Mapped[Decimal]
    sum_rejected: Mapped[Decimal] = mapped_column(ExactDecimal(400))
    sum_rounding: Mapped[Decimal] = mapped_column(ExactDecimal(400))
    sum_before: Mapped[Decimal | None]  # what was live before this delivery
    is_missing: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())

    @property
    def stored(self) -> Decimal | None:
        """Return the sum of what is stored; None where none of it has this cost."""
        return None if self.is_missing else self.sum_stored

    @property
    def in_file(self) -> Decimal | None:
        """Return the sum of the file; None where no row of it has this cost."""
        return None if self.is_missing and not self.sum_rejected else self.sum_file

    @property
    def period(self) -> BillingPeriod | None:
        """Return the billing period; None where the rows did not say."""
        if self.billing_period is None:
            return None
        return BillingPeriod.stored(self.billing_period, self.billing_period_last)


class Delivery(Base):
    """One billing period of one billing account as one import brought it: immutable files."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_scope", "source_id", "billing_account_id", "billing_period"),
        Index("ix_deliveries_organization_id_is_live", "organization_id", "is_live"),
        Index("ix_deliveries_organization_id_billing_period", "organization_id", "billing_period"),
        Index(
            "ix_deliveries_organization_id_billing_account_id",
            "organization_id",
            "billing_account_id",
            "billing_period",
        ),
    )

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), index=True)
    source_id: Mapped[str] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    billing_account_id: Mapped[str] = mapped_column(String(200))
    billing_period: Mapped[date]  # its first day
    billing_period_last: Mapped[date | None]  # None: the calendar month that begins then
    delivered_at: Mapped[datetime]  # manifest time, else time inside the file, else arrival
    state: Mapped[DeliveryState] = mapped_column(
        state_type(DeliveryState, 12), default=DeliveryState.OLDER
    )
    # The pointer: readers see exactly the deliveries with is_live, changed in one transaction.
    is_live: Mapped[bool] = mapped_column(Boolean, default=False)
    # An import of another scope that counts in its stead, until that one is withdrawn.
    replaced_by_id: Mapped[str | None] = mapped_column(
        ForeignKey("imports.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    row_count: Mapped[int] = mapped_column(BigInteger, default=0)
    family: Mapped[str | None] = mapped_column(String(40))  # of its format: "azure"
    # Where the provider writes a month as several datasets (Azure): which one this is, and which
    # facts of the file show it (names between commas); None where no charge of it differs.
    dataset: Mapped[str | None] = mapped_column(String(12))
    dataset_shown_by: Mapped[str | None] = mapped_column(String(200))
    # Which parts of the month it takes the place of (``precedence``), names between commas.
    parts: Mapped[str] = mapped_column(Text, default="", server_default="")
    # Where files add up (Oracle): the file, its lowest and its highest reference number.
    batch_file_name: Mapped[str | None] = mapped_column(Text)
    batch_first: Mapped[str | None] = mapped_column(Text)
    batch_last: Mapped[str | None] = mapped_column(Text)
    # Where rows say when they were exported (Google): the first and the last instant.
    exported_first: Mapped[datetime | None]
    exported_last: Mapped[datetime | None]

    files: Mapped[list[DeliveryFile]] = relationship(
        back_populates="delivery", cascade="all, delete-orphan", passive_deletes=True
    )
    sub_accounts: Mapped[list[DeliverySubAccount]] = relationship(
        order_by="DeliverySubAccount.position", cascade="all, delete-orphan", passive_deletes=True
    )
    sums: Mapped[list[DeliverySum]] = relationship(
        order_by="DeliverySum.position", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def period(self) -> BillingPeriod:
        """Return the billing period."""
        return BillingPeriod.stored(self.billing_period, self.billing_period_last)


class DeliveryFile(Base):
    """One immutable Parquet file in the lake."""

    __tablename__ = "delivery_files"

    id: Mapped[str] = id_column()
    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(20))  # charges, or the name of a roll-up
    path: Mapped[str] = mapped_column(String(400))  # within the lake
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    row_count: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))  # None: made before hashes were kept

    delivery: Mapped[Delivery] = relationship(back_populates="files")


class DeliverySubAccount(Base):
    """What one sub-account costs within a delivery, in one currency."""

    __tablename__ = "delivery_sub_accounts"
    __table_args__ = (
        Index("ix_delivery_sub_accounts_sub_account_id", "sub_account_id", "delivery_id"),
    )

    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)  # from 0
    provider_name: Mapped[str | None] = mapped_column(Text)
    sub_account_id: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    billed_cost: Mapped[Decimal]
    effective_cost: Mapped[Decimal]


class DeliverySum(Base):
    """What a delivery holds of one currency and charge category."""

    __tablename__ = "delivery_sums"

    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)  # from 0
    currency: Mapped[str] = mapped_column(Text)
    charge_category: Mapped[str | None] = mapped_column(Text)
    billed_cost: Mapped[Decimal]
    effective_cost: Mapped[Decimal]
    list_cost: Mapped[Decimal | None]
    contracted_cost: Mapped[Decimal | None]


class InboxItem(Base):
    """A file or folder of the watched inbox that was taken in, as it was then."""

    __tablename__ = "inbox_items"
    __table_args__ = (UniqueConstraint("organization_id", "path"),)

    id: Mapped[str] = id_column()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    path: Mapped[str] = mapped_column(Text)  # within the organization's folder
    appearance: Mapped[str] = mapped_column(String(64))  # digest of names, sizes and times
    import_id: Mapped[str | None] = mapped_column(
        ForeignKey("imports.id", ondelete="SET NULL"), index=True
    )
    error: Mapped[str | None] = mapped_column(Text)  # why it could not be taken in
    taken_at: Mapped[datetime] = mapped_column(default=utc_now)
