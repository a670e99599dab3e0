"""What an import costs, beside DuckDB's own read of the same file and beside rows by Python.

``PYTHONPATH=. python bench/import.py FILE``, where FILE is what bench/generate.py makes. In one
run, one after the other, each in a process of its own:

* ours: a file of 57 FOCUS columns, received → live (in a new database and lake: stored, read by
  the child process that users get, sorted, rolled up, reconciled, placed, pointed at);
* DuckDB alone reads the file, casts 25 of its columns and writes them to zstd Parquet, unsorted,
  without roll-ups;
* of a csv.gz, the first 100,000 rows: csv.DictReader, the same 25 columns cast by Python, and
  SQLAlchemy's bulk insert into a new SQLite file.

CPU is of all processes of each side; memory is the largest sum of their resident sets.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import json
import shutil
import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from bench.compared import compare
from bench.processes import measure

MONEY = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
TIMES = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
TEXTS = (
    "BillingAccountId", "SubAccountId", "SubAccountName", "ServiceName", "ServiceCategory",
    "ChargeCategory", "RegionId", "PricingCategory", "CommitmentDiscountStatus", "InvoiceId",
    "ResourceId", "SkuId", "Tags", "ProviderName", "BillingCurrency", "ChargeDescription",
    "ResourceName",
)  # fmt: skip
SLICE = 100_000
BATCH = 10_000
ROWS = "rows"
"""The file, in the folder of an import, that says how many rows it brought."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="a FOCUS 1.2 csv.gz or Parquet file")
    parser.add_argument(
        "--sent", type=Path, help="of a Parquet file, the csv.gz of the same rows: compared in size"
    )
    arguments = parser.parse_args()
    sent = arguments.sent or arguments.file
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        plain = measure(read_and_cast, arguments.file, _made(folder / "plain"))
        ours = measure(import_bill, arguments.file, _made(folder / "ours"))
        rows = int((folder / "ours" / ROWS).read_text())
        stored = sum(path.stat().st_size for path in (folder / "ours/lake").rglob("*.parquet"))
        found = {
            "rows": rows,
            "cpu_seconds": {"duckdb_read_cast_write": plain[0], "import": ours[0]},
            "cpu_ratio": round(ours[0] / plain[0], 2),
            "peak_mb": {"duckdb_read_cast_write": plain[1], "import": ours[1]},
            "stored_to_sent": round(stored / sent.stat().st_size, 2),
        }
        compare("an import, CPU", ours[0], plain[0], "DuckDB reads, casts, writes", "s")
        compare("an import, peak memory", ours[1], plain[1], "DuckDB reads, casts, writes", "MB")
        if arguments.file.name.endswith(".csv.gz"):
            slow = measure(insert_rows, arguments.file, _made(folder / "rows"))
            found["rows_per_cpu_second"] = {
                "import": round(rows / ours[0]),
                "dict_reader_and_sqlalchemy": round(min(SLICE, rows) / slow[0]),
            }
            rates = found["rows_per_cpu_second"].values()
            compare("an import, rows a CPU second", *rates, "DictReader, SQLAlchemy", "rows")
    print(json.dumps(found, indent=2))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def import_bill(file: Path, folder: Path) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    from bench import lake
    from config import Config
    from costoptix.database import prepare_engine
    from costoptix.models import Base

    config = Config.from_environ({"COSTOPTIX_DATA_DIR": str(folder)})
    engine = create_engine(config.database_url)
    prepare_engine(engine)
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        _, row = lake.import_bill(session, config, file)
        (folder / ROWS).write_text(str(row.rows_kept))


def read_and_cast(file: Path, folder: Path) -> None:
    import duckdb

    casts = [
        *(f"TRY_CAST({name} AS DECIMAL(38, 18)) AS {name}" for name in MONEY),
        *(f"TRY_CAST({name} AS TIMESTAMP) AS {name}" for name in TIMES),
        *TEXTS,
    ]
    source = f"read_csv('{file}', all_varchar = true, header = true)"
    if file.suffix == ".parquet":
        source = f"read_parquet('{file}')"
    target = f"'{folder / 'plain.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
    duckdb.execute(f"COPY (SELECT {', '.join(casts)} FROM {source}) TO {target}")
    shutil.rmtree(folder)


def insert_rows(file: Path, folder: Path) -> None:
    import sqlalchemy as sa

    columns = [
        *(sa.Column(name, sa.String) for name in (*MONEY, *TEXTS)),
        *(sa.Column(name, sa.DateTime) for name in TIMES),
    ]
    table = sa.Table(
        "charges", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), *columns
    )
    engine = sa.create_engine(f"sqlite:///{folder / 'rows.db'}")
    table.create(engine)
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text, engine.begin() as connection:
        rows = itertools.islice(csv.DictReader(text), SLICE)
        while batch := [_cast(row) for row in itertools.islice(rows, BATCH)]:
            connection.execute(sa.insert(table), batch)
    engine.dispose()


def _cast(row: dict[str, str]) -> dict[str, object]:
    return {
        **{name: str(Decimal(row[name])) for name in MONEY},  # as text: SQLite has no decimals
        **{name: datetime.fromisoformat(row[name]) for name in TIMES},
        **{name: row[name] for name in TEXTS},
    }


if __name__ == "__main__":
    main()
