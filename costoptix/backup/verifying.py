"""A backup restored into a scratch folder, and added up again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from config import Config
from costoptix.backup import archive, snapshot, sqlite, totals
from costoptix.backup.making import Say, in_words
from costoptix.backup.manifest import POSTGRESQL, SQLITE, BackupHeader, BackupManifest, Total
from costoptix.backup.snapshot import CopiedDelivery, session_on
from costoptix.costs.engine import Engine as LakeEngine
from costoptix.errors import Conflict, NoSpace
from costoptix.lake.files import EXPORTS
from costoptix.models import Delivery, DeliverySum, new_id

NAMED = 5
"""How many differences are said."""

_SUMS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")


@dataclass(frozen=True)
class Verified:
    """What was compared, all of it the same."""

    organizations: int
    deliveries: int
    totals: int


def verify(config: Config, file: Path, say: Say) -> Verified:
    """Restore a backup into a scratch folder and add its charges up, by delivery and currency.

    Three must agree: the sums over the restored files, those that the backup noted of the files
    that it copied, and those that the restored database says.

    Raises:
        Conflict: they do not; the sentence names where.
        Invalid: the archive is not whole.
    """
    say("Restoring into a scratch folder to compare.")
    scratch = config.temp_dir / EXPORTS / f"verify-{new_id()}"
    scratch.mkdir(mode=0o700, parents=True)
    try:
        with archive.reading(file) as reader:
            if shutil.disk_usage(scratch).free < reader.header.bytes_needed:
                raise NoSpace(
                    f"--verify needs {in_words(reader.header.bytes_needed)} in {config.data_dir}; "
                    f"the backup itself is in its place."
                )
            manifest = reader.unpack(scratch)
        with _database(config, reader.header, scratch) as session:
            return _compared(session, manifest, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _database(config: Config, header: BackupHeader, scratch: Path) -> Iterator[Session]:
    if header.database == "sqlite":
        sqlite.unpack(scratch / SQLITE, scratch / "costoptix.db")
        with session_on(f"sqlite:///{scratch / 'costoptix.db'}") as session:
            yield session
        return
    from costoptix.backup import postgresql  # here: an installation on SQLite needs no driver

    with postgresql.scratch_database(make_url(config.database_url)) as url:
        postgresql.load(url, scratch / POSTGRESQL)
        with session_on(url.render_as_string(hide_password=False)) as session:
            yield session


def _compared(session: Session, manifest: BackupManifest, scratch: Path) -> Verified:
    lake = LakeEngine(scratch / "lake", scratch / "tmp")
    restored: list[Total] = []
    wrong: list[str] = []
    deliveries = list(snapshot.deliveries_of(session))
    damaged = _damaged(manifest)
    for delivery in deliveries:
        if damaged.isdisjoint(file.path for file in delivery.files):
            sums = totals.add_up(lake, delivery.organization_id, delivery.id, delivery.charges)
            restored += sums
            wrong += _against_database(session, delivery, sums)
    lake.close()
    wrong += totals.differences(totals.by_delivery(manifest.totals), totals.by_delivery(restored))
    if wrong:
        more = f" and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
        raise Conflict(f"The backup does not add up: {', '.join(wrong[:NAMED])}{more}.")
    organizations = {delivery.organization_id for delivery in deliveries}
    return Verified(len(organizations), len(deliveries), len(restored))


def _damaged(manifest: BackupManifest) -> set[str]:
    """Return the files that the backup said were missing or altered already."""
    return {fault.split(" ")[2] for fault in manifest.faults if fault.startswith("The file ")}


def _against_database(session: Session, delivery: CopiedDelivery, sums: list[Total]) -> list[str]:
    """Compare what files hold with what was written down when they were delivered."""
    delivery_id = delivery.id
    row_count = session.scalar(
        select(Delivery.row_count).where(
            Delivery.id == delivery_id, Delivery.organization_id == delivery.organization_id
        )
    )
    if row_count != sum(total.charges for total in sums):
        return [f"delivery {delivery_id}: {row_count} charges were delivered"]
    stored: dict[str, dict[str, Decimal]] = {}
    for row in session.scalars(select(DeliverySum).where(DeliverySum.delivery_id == delivery_id)):
        by_metric = stored.setdefault(row.currency, dict.fromkeys(_SUMS, Decimal(0)))
        for metric in _SUMS:
            by_metric[metric] += getattr(row, metric) or Decimal(0)
    wrong = []
    for total in sums if stored else ():
        of_files = {metric: Decimal(getattr(total, metric) or 0) for metric in _SUMS}
        if of_files != stored.get(total.currency):
            wrong.append(f"delivery {delivery_id} in {total.currency} against the database")
    return wrong
