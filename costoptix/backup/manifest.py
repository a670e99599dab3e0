"""What a backup says of itself: a header in front, and at the end what it holds."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

FORMAT = 1
"""Of the archive; raised when an older version could not read it."""

HEADER = "header.json"
MANIFEST = "manifest.json"
SQLITE = "database.sqlite.gz"
POSTGRESQL = "database.dump"
QUOTA = "quota.sqlite.gz"
LAKE = "lake/"
UPLOADS = "uploads/"

Kind = Literal["sqlite", "postgresql"]


class _Said(BaseModel):
    """What an archive says: values, never changed; what a later version adds is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class BackupHeader(_Said):
    """Stands first, so that what cannot be restored here is refused before anything is read."""

    format: int
    version: str  # of Cost Optix
    schema_revision: str
    installation_id: str
    created_at: datetime
    database: Kind
    secret_key_fingerprint: str
    # How many stored secrets there are, by the id of the key that they are sealed under, and by
    # table and column.
    sealed: dict[str, dict[str, int]]
    bytes_needed: int  # of what is restored, unpacked
    files: int


class FileEntry(_Said):
    """One file of the archive, as it lies there."""

    name: str
    size_bytes: int
    sha256: str


class Total(_Said):
    """What a delivery's charges add up to in one currency, added up from its files."""

    organization_id: str
    delivery_id: str
    currency: str
    charges: int
    billed_cost: str
    effective_cost: str
    list_cost: str | None  # None where no charge has one
    contracted_cost: str | None


class BackupManifest(_Said):
    """Stands last: an archive without it was cut short."""

    files: tuple[FileEntry, ...]
    totals: tuple[Total, ...]
    faults: tuple[str, ...] = ()  # sentences on files that were missing or altered already
