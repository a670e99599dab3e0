"""A lake to measure with: a bench file, imported as every bill is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from config import Config
from costoptix import queue
from costoptix.access.permissions import command_line
from costoptix.bills.intake import receive
from costoptix.bills.ledger import importer
from costoptix.costs.answers import CostStore
from costoptix.database import prepare_engine
from costoptix.models import Base, Import, Organization


def config_of(folder: Path, rows: int) -> Config:
    """Return the settings of the installation in ``folder`` whose lake has so many charges."""
    data = {"COSTOPTIX_DATA_DIR": str(folder / str(rows)), "COSTOPTIX_TESTING": "1"}
    return Config.from_environ(data)


@contextmanager
def open_bench(folder: Path, rows: int) -> Iterator[tuple[Session, Organization, CostStore]]:
    """Open a lake of ``rows`` charges in ``folder``, made at the first time."""
    config = config_of(folder, rows)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    engine = create_engine(config.database_url)
    prepare_engine(engine)
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        organization = session.query(Organization).one_or_none()
        if organization is None:
            bill = folder / f"{rows}.parquet"
            if not bill.exists():
                from bench.generate import generate  # DuckDB with it, which no import needs

                generate(bill, rows)
            organization, _ = import_bill(session, config, bill)
        yield session, organization, CostStore(config.lake_dir, config.temp_dir, cached_rows=0)
    engine.dispose()


def import_bill(session: Session, config: Config, bill: Path) -> tuple[Organization, Import]:
    """Take a bill in until it is live, for an organization of its own."""
    organization = Organization(name="Bench", tier="enterprise")
    session.add(organization)
    session.commit()
    with bill.open("rb") as content:
        ((row, job),) = receive.receive(
            session, organization, command_line(organization.id),
            [receive.Sent(content, bill.name)],
            uploads_dir=config.uploads_dir, max_bytes=bill.stat().st_size,
        )  # fmt: skip
    claimed = queue.claim(session, job.id)
    assert claimed is not None
    importer.run(session, claimed, config)
    session.refresh(row)
    assert row.state == "live", row.error
    return organization, row
