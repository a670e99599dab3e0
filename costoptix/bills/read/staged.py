"""The result of reading a file, before it is live, as the child process reports it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from costoptix.periods import BillingPeriod


def _period(written: object) -> object:
    return BillingPeriod.parse(written) if isinstance(written, str) else written


PeriodAsText = Annotated[
    BillingPeriod, BeforeValidator(_period), PlainSerializer(lambda period: period.text)
]
"""A billing period that is text in JSON."""


class _StagedModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(_StagedModel):
    """One sum of one file; see ``models.ReconciliationLine``. Its rows are charges."""

    billing_period: PeriodAsText | None
    currency: str | None
    charge_category: str | None
    metric: str
    rows_read: int
    rows_kept: int
    rows_rejected: int
    rows_rounded: int
    rows_unread: int = 0  # of the rejected ones, whose amount could not be read
    sum_file: Decimal
    sum_stored: Decimal
    sum_rejected: Decimal
    sum_rounding: Decimal
    is_missing: bool = False  # nothing that is stored has this cost


class StagedFile(_StagedModel):
    """One Parquet file within the staging folder."""

    kind: str  # charges, coverage, or the name of a roll-up
    name: str
    row_count: int
    size_bytes: int
    sha256: str | None = None  # None: kept by a version that did not note it


class SubAccount(_StagedModel):
    """What one sub-account costs within a scope."""

    provider_name: str | None
    sub_account_id: str | None
    currency: str
    billed_cost: Decimal
    effective_cost: Decimal


class CategorySum(_StagedModel):
    """What a scope holds of one currency and charge category; kept with its delivery."""

    currency: str
    charge_category: str | None
    billed_cost: Decimal
    effective_cost: Decimal
    list_cost: Decimal | None
    contracted_cost: Decimal | None


class Batch(_StagedModel):
    """Rows that add to those of other files (Oracle): their file, their reference numbers."""

    file_name: str
    numbers: tuple[str, str]  # the lowest and the highest, as text


class Exported(_StagedModel):
    """When the rows of an import were exported, where they say so (Google)."""

    first: datetime
    last: datetime


class Scope(_StagedModel):
    """The charges of one billing account and billing period, and the files that hold them.

    Where a period comes as several datasets, or file by file, there are several of one period.
    """

    billing_account_id: str  # "" where the file names none
    billing_period: PeriodAsText
    row_count: int
    first_day: date
    last_day: date
    files: tuple[StagedFile, ...]
    sub_accounts: tuple[SubAccount, ...]
    sums: tuple[CategorySum, ...]
    dataset: str | None = None
    batch: Batch | None = None
    parts: frozenset[str] = frozenset({""})  # whose place it takes; see ``ledger.precedence``
    copy_number: int = 0  # above 0: its files seem to be those of the one before, once more

    @property
    def later(self) -> timedelta:
        """Return how much later than the import it counts: of copies the last one is the newest."""
        return timedelta(microseconds=self.copy_number)

    def as_dataset(self, dataset: str) -> Scope:
        """Return the same as a dataset that its content does not show."""
        return self.model_copy(update={"dataset": dataset})


class Staged(_StagedModel):
    """A file read, cast, sorted, stored in the staging folder and reconciled."""

    format: str  # "FOCUS 1.2"
    family: str  # "focus"
    rows_read: int
    rows_kept: int
    rows_rejected: int
    charges: int | None = None  # made of the rows that are kept; None: as many as these
    scopes: tuple[Scope, ...]
    lines: tuple[Line, ...]
    facts: dict[str, bool]
    copies: tuple[tuple[str, str], ...] = ()  # files that seem to hold one month, by their names
    is_undecided: bool = False  # of one of several datasets, and the content shows none
    exported: Exported | None = None
    made_at: datetime | None = None  # by the manifest in a zip, or by the rows
    notes: tuple[str, ...] = ()  # what a person should know of it: see bills/read/notes.py


class Progress(_StagedModel):
    """How far the reading is."""

    bytes_done: int
    rows_read: int


class Rejection(_StagedModel):
    """A row that is not in the totals, and why: one line of the rejections file."""

    file: str | None = None  # of several
    line: int  # physical line on which the record begins; the header is line 1
    column: str  # as the file names it, or the charge column where the file has no such cell
    value: str | None
    reason: str
