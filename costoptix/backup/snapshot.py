"""The SQL database as it was in one moment: a file of it, and what it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import secrets
from costoptix.backup import sqlite
from costoptix.backup.identity import installation_id
from costoptix.backup.manifest import LAKE, POSTGRESQL, QUOTA, SQLITE, UPLOADS, Kind
from costoptix.bills.read import rejections
from costoptix.database import open_engine
from costoptix.lake.layout import CHARGES
from costoptix.models import UNFINISHED_STATES, Delivery, DeliveryFile, Import, ImportState

_NAMES_AT_ONCE = 1_000


@dataclass(frozen=True)
class LakeFile:
    """A file of the lake that a row names."""

    id: str
    path: str  # within the lake
    size_bytes: int
    sha256: str | None


@dataclass
class CopiedDelivery:
    """A delivery and its files."""

    id: str
    organization_id: str
    files: list[LakeFile] = field(default_factory=list)
    charges: list[str] = field(default_factory=list)  # the paths of those that hold its charges


@dataclass
class Snapshot:
    """What a backup takes along, as one moment of the database says."""

    kind: Kind
    schema_revision: str
    installation_id: str
    sealed: dict[str, dict[str, int]]
    deliveries: list[CopiedDelivery]
    others: list[tuple[str, Path]]  # rejected rows and uploads, by their names in the archive
    databases: list[tuple[str, Path]]  # packed, by their names in the archive
    unpacked_bytes: int  # of the databases

    @property
    def files(self) -> list[LakeFile]:
        """Return the files of the lake that deliveries name."""
        return [file for delivery in self.deliveries for file in delivery.files]


def take(engine: Engine, config: Config, folder: Path) -> Snapshot:
    """Copy the databases into ``folder``, packed, and read what they name."""
    with Session(engine) as session:
        installation_id(session)
    if (database := sqlite.file_of(config.database_url)) is not None:
        return _take_sqlite(database, config, folder)
    return _take_postgresql(engine, config, folder)


def _take_sqlite(database: Path, config: Config, folder: Path) -> Snapshot:
    copy_of_it, size = _copied(database, folder / SQLITE)
    engine = create_engine(f"sqlite:///{copy_of_it}")
    try:
        with Session(engine) as session:
            snapshot = _read(session, config, "sqlite")
    finally:
        engine.dispose()
    copy_of_it.unlink()
    snapshot.databases.append((SQLITE, folder / SQLITE))
    snapshot.unpacked_bytes = size
    return _with_quota(snapshot, config, folder)


def _take_postgresql(engine: Engine, config: Config, folder: Path) -> Snapshot:
    from costoptix.backup import postgresql  # here: an installation on SQLite needs no driver

    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        postgresql.dump(connection, folder / POSTGRESQL)
        with Session(connection) as session:
            snapshot = _read(session, config, "postgresql")
    snapshot.databases.append((POSTGRESQL, folder / POSTGRESQL))
    snapshot.unpacked_bytes = (folder / POSTGRESQL).stat().st_size
    return _with_quota(snapshot, config, folder)


def _with_quota(snapshot: Snapshot, config: Config, folder: Path) -> Snapshot:
    """Add the call counter where it has a file of its own."""
    counter = sqlite.file_of(config.quota_url)
    if counter is not None and counter.exists():
        copy_of_it, size = _copied(counter, folder / QUOTA)
        copy_of_it.unlink()
        snapshot.databases.append((QUOTA, folder / QUOTA))
        snapshot.unpacked_bytes += size
    return snapshot


def _copied(database: Path, packed: Path) -> tuple[Path, int]:
    """Copy and pack a SQLite database; return the copy, not packed, and its size."""
    copy_of_it = packed.with_suffix("")
    sqlite.copy(database, copy_of_it)
    sqlite.pack(copy_of_it, packed)
    return copy_of_it, copy_of_it.stat().st_size


def _read(session: Session, config: Config, kind: Kind) -> Snapshot:
    """Read what a moment of the database names."""
    from costoptix import startup

    return Snapshot(
        kind=kind,
        schema_revision=startup.version_of(session.connection()) or "",
        installation_id=installation_id(session),
        sealed=sealed_secrets(session),
        deliveries=list(deliveries_of(session)),
        others=[*_rejected_rows(session, config.lake_dir), *_uploads(session, config.uploads_dir)],
        databases=[],
        unpacked_bytes=0,
    )


def sealed_secrets(session: Session) -> dict[str, dict[str, int]]:
    """Count the stored secrets by the id of the key that opens them, and by table and column."""
    counts: dict[str, Counter[str]] = {}
    for column in secrets.sealed_columns():
        for text in session.scalars(select(column).where(column.is_not(None))):
            key_id = secrets.key_id_of(text)
            counts.setdefault(key_id, Counter())[f"{column.table.name}.{column.name}"] += 1
    return {key_id: dict(places) for key_id, places in counts.items()}


def deliveries_of(session: Session) -> Iterator[CopiedDelivery]:
    """Yield every delivery, live or not, with its files."""
    rows = session.execute(
        select(
            Delivery.id,
            Delivery.organization_id,
            DeliveryFile.kind,
            DeliveryFile.id.label("file_id"),
            DeliveryFile.path,
            DeliveryFile.size_bytes,
            DeliveryFile.sha256,
        )
        .join(DeliveryFile, DeliveryFile.delivery_id == Delivery.id)
        .order_by(Delivery.organization_id, Delivery.id, DeliveryFile.path)
        .execution_options(yield_per=_NAMES_AT_ONCE)
    )
    delivery: CopiedDelivery | None = None
    for row in rows:
        if delivery is None or delivery.id != row.id:
            if delivery is not None:
                yield delivery
            delivery = CopiedDelivery(row.id, row.organization_id)
        delivery.files.append(LakeFile(row.file_id, row.path, row.size_bytes, row.sha256))
        if row.kind == CHARGES:
            delivery.charges.append(row.path)
    if delivery is not None:
        yield delivery


def _rejected_rows(session: Session, lake: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of rejected rows of imports that no worker is at."""
    rows = session.execute(
        select(Import.organization_id, Import.id).where(
            Import.rows_rejected > 0, Import.state.not_in(UNFINISHED_STATES)
        )
    )
    for organization_id, import_id in rows:
        path = rejections.path(lake, organization_id, import_id)
        if path.is_file():
            yield f"{LAKE}{path.relative_to(lake)}", path


def _uploads(session: Session, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of imports that are to be read yet, or again."""
    states = (*UNFINISHED_STATES, ImportState.WAITING)
    for name in session.scalars(select(Import.stored_name).where(Import.state.in_(states))):
        for path in sorted((folder / name).rglob("*")):
            if path.is_file():
                yield f"{UPLOADS}{path.relative_to(folder)}", path


@contextmanager
def session_on(url: str) -> Iterator[Session]:
    """Open a session on a restored database."""
    engine = open_engine(url)
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()
