"""A lake to measure with: a bench file as live deliveries, without the work of an import."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from bench.generate import generate
from costoptix.costs.layout import CHARGES, DIMENSIONS, METRICS, ROLL_UPS, roll_up_sql
from costoptix.costs.store import CostStore
from costoptix.models import Base, Delivery, DeliveryFile, Import, Organization, Source, new_id

_TYPED = {
    "charge_period_start": "ChargePeriodStart::TIMESTAMP",
    "billing_period_start": "BillingPeriodStart::TIMESTAMP::DATE",
    "billing_currency": "BillingCurrency",
    "tags": "Tags",
    "pricing_quantity": "PricingQuantity::VARCHAR",
    "pricing_unit": "PricingUnit",
    **{name: name.replace("_", "") for name in DIMENSIONS},
    **{name: f"{name.replace('_', '')}::DECIMAL(38, 18)" for name in METRICS},
}
MEMORY_LIMIT = "2GB"
"""Of the writer; the bill is read once per billing account, a month at a time."""

_FILE = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 30720)"


@contextmanager
def open_bench(folder: Path, rows: int) -> Iterator[tuple[Session, Organization, CostStore]]:
    """Open a lake of ``rows`` charges in ``folder``, made at the first time."""
    database = folder / f"{rows}.db"
    is_new = not database.exists()
    store = CostStore(folder / f"lake-{rows}", folder / "tmp", cached_rows=0)
    engine = create_engine(f"sqlite:///{database}")
    if is_new:
        Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        if is_new:
            _fill(session, store, folder, rows)
        yield session, session.query(Organization).one(), store
    engine.dispose()


def _fill(session: Session, store: CostStore, folder: Path, rows: int) -> None:
    source_file = folder / f"{rows}.parquet"
    if not source_file.exists():
        generate(source_file, rows)
    organization = Organization(name="Bench", tier="enterprise")
    session.add(organization)
    session.flush()
    source = Source(organization_id=organization.id, name="bench")
    imported = Import(
        organization_id=organization.id, file_name="bench", stored_name="bench", size_bytes=0,
        sha256="", created_by="bench", live_at=datetime.now(UTC),
    )  # fmt: skip
    session.add_all([source, imported])
    session.flush()
    columns = ", ".join(f"{typed} AS {name}" for name, typed in _TYPED.items())
    limits = {"memory_limit": MEMORY_LIMIT, "temp_directory": str(folder / "tmp" / "bench")}
    with duckdb.connect(config=limits) as writer:
        writer.execute(f"CREATE VIEW bill AS SELECT {columns} FROM '{source_file}'")
        scopes = "SELECT DISTINCT billing_account_id, billing_period_start FROM bill ORDER BY ALL"
        for account, period in writer.execute(scopes).fetchall():
            delivery = Delivery(
                id=new_id(), organization_id=organization.id, import_id=imported.id,
                source_id=source.id, billing_account_id=account, billing_period=period,
                delivered_at=datetime.now(UTC), state="live", is_live=True,
            )  # fmt: skip
            _write(writer, store, delivery, account)
            session.add(delivery)
    session.commit()


def _write(
    writer: duckdb.DuckDBPyConnection, store: CostStore, delivery: Delivery, account: str
) -> None:
    writer.execute(
        "CREATE OR REPLACE TEMP TABLE charges AS SELECT * FROM bill WHERE billing_account_id = ?"
        " AND billing_period_start = ? ORDER BY service_name, resource_id, charge_period_start",
        [account, delivery.billing_period],
    )
    days = "min(charge_period_start)::DATE, max(charge_period_start)::DATE"
    facts = writer.execute(f"SELECT {days}, count(*) FROM charges").fetchone()
    delivery.first_day, delivery.last_day, delivery.row_count = facts or (None, None, 0)
    folder = f"organization={delivery.organization_id}/delivery={delivery.id}"
    store.path(folder).mkdir(parents=True)
    selects = {CHARGES: "SELECT * FROM charges"}
    selects |= {roll_up.name: roll_up_sql(roll_up, "charges") for roll_up in ROLL_UPS}
    for kind, select in selects.items():
        path = store.path(f"{folder}/{kind}.parquet")
        count = writer.execute(f"COPY ({select}) TO '{path}' {_FILE}").fetchone()
        delivery.files.append(
            DeliveryFile(
                kind=kind,
                path=f"{folder}/{kind}.parquet",
                size_bytes=path.stat().st_size,
                row_count=count[0] if count else 0,
            )
        )
