"""Measure the export of everything as FOCUS 1.2: python -m bench.export [ROWS] [FOLDER].

Each kind of file in a process of its own, from an imported lake of ROWS charges (2,000,000): CPU,
seconds, and the largest resident set, which must not grow with the rows. Then the same of a bill of
3,000 charges with 1,900 columns that no format knows, beside its import in the same run.
"""

from __future__ import annotations

import csv
import gzip
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from bench.generate import FIRST_DAY, LAST_DAY
from bench.lake import config_of, import_bill, open_bench
from bench.processes import measure
from config import Config
from costoptix.access.permissions import command_line
from costoptix.costs.answers import CostStore
from costoptix.costs.export import FileKind, export
from costoptix.costs.query import CostQuery
from costoptix.database import prepare_engine
from costoptix.models import Base, Organization

WIDE_ROWS, WIDE_COLUMNS = 3_000, 1_900
WIDE_BILL = "wide.csv.gz"
WIDE_CELLS = {
    "BillingAccountId": "payer", "BillingCurrency": "USD", "ChargeCategory": "Usage",
    "BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "ChargePeriodStart": "2026-10-02T05:00:00Z", "ChargePeriodEnd": "2026-10-02T06:00:00Z",
    "BilledCost": "1", "EffectiveCost": "1", "ListCost": "1", "ContractedCost": "1",
    "ProviderName": "AWS", "ServiceName": "EC2", "ServiceCategory": "Compute",
    "SubAccountId": "111", "ResourceId": "i-1",
}  # fmt: skip


def write(folder: Path, rows: int, kind: str) -> None:
    with open_bench(folder, rows) as (session, organization, store):
        assert _export(session, organization, store, kind, folder) == rows


def _export(
    session: Session, organization: Organization, store: CostStore, kind: str, folder: Path
) -> int:
    days = (("start_date", FIRST_DAY.isoformat()), ("end_date", LAST_DAY.isoformat()))
    query = CostQuery.from_params(days, LAST_DAY)
    caller = command_line(organization.id)
    made = export(session, organization, caller, query, FileKind(kind), store)
    with (folder / f"export.{kind}").open("wb") as file:
        for chunk in made.chunks:
            file.write(chunk)
    return made.row_count


def write_wide_bill(path: Path) -> None:
    """Make a bill with WIDE_COLUMNS custom columns, a third of their cells empty."""
    names = [f"x_Custom{number}" for number in range(WIDE_COLUMNS)]
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*WIDE_CELLS, *names])
        for row in range(WIDE_ROWS):
            cells = (
                f"value-{(7 * row + 13 * number) % 200}" if (row + number) % 3 else ""
                for number in range(WIDE_COLUMNS)
            )
            writer.writerow([*WIDE_CELLS.values(), *cells])


def import_wide_bill(folder: Path) -> None:
    with _opened(folder) as (session, config):
        import_bill(session, config, folder / WIDE_BILL)


def write_wide(folder: Path, kind: str) -> None:
    with _opened(folder) as (session, config):
        organization = session.query(Organization).one()
        store = CostStore(config.lake_dir, config.temp_dir, cached_rows=0)
        _export(session, organization, store, kind, folder)


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Session, Config]]:
    config = config_of(folder, WIDE_ROWS)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    engine = create_engine(config.database_url)
    prepare_engine(engine)
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        yield session, config
    engine.dispose()


def measure_wide(folder: Path) -> None:
    folder.mkdir()
    write_wide_bill(folder / WIDE_BILL)
    cpu, peak = measure(import_wide_bill, folder)
    print(f"{WIDE_ROWS:,} charges of {WIDE_COLUMNS:,} columns, import: {cpu} s CPU, peak {peak} MB")
    for kind in FileKind:
        own, peak = measure(write_wide, folder, kind.value)
        print(f"as {kind}: {own} s CPU, {own / cpu:.2f} of the import's, peak {peak} MB")


def main(arguments: Sequence[str]) -> None:
    rows = int(arguments[0]) if arguments else 2_000_000
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    with open_bench(folder, rows):
        pass
    for kind in FileKind:
        begin = time.perf_counter()
        cpu, peak = measure(write, folder, rows, kind.value)
        seconds = time.perf_counter() - begin
        size = (folder / f"export.{kind}").stat().st_size >> 20
        print(
            f"{rows:,} charges as {kind}: {cpu} s CPU, {seconds:.1f} s, peak {peak} MB, {size} MB"
        )
    with tempfile.TemporaryDirectory() as temporary:
        measure_wide(Path(temporary) / "wide")


if __name__ == "__main__":
    main(sys.argv[1:])
