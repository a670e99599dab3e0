"""What an import costs, beside DuckDB's own read of the same file: ``python bench/import.py``.

Ours: a csv.gz of 57 FOCUS columns → live (sorted, with roll-ups, reconciled), in the child process
that users get. Beside it, in the same run: DuckDB alone reads the file, casts 25 of its columns and
writes them to zstd Parquet, unsorted, without roll-ups. CPU is of all processes of each side;
memory is the largest sum of their resident sets, read from /proc (Linux).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

MONEY = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
TIMES = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
TEXTS = (
    "BillingAccountId", "SubAccountId", "SubAccountName", "ServiceName", "ServiceCategory",
    "ChargeCategory", "RegionId", "PricingCategory", "CommitmentDiscountStatus", "InvoiceId",
    "ResourceId", "SkuId", "Tags", "ProviderName", "BillingCurrency", "ChargeDescription",
    "ResourceName",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="a FOCUS 1.2 csv.gz, as bench/generate.py makes")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plain = measure(read_and_cast, arguments.file, Path(folder) / "plain")
        ours = measure(import_bill, arguments.file, Path(folder) / "ours")
        size = sum(path.stat().st_size for path in Path(folder, "ours").rglob("*.parquet"))
    found = {
        "cpu_seconds": {"duckdb_read_cast_write": plain[0], "import": ours[0]},
        "cpu_ratio": round(ours[0] / plain[0], 2),
        "peak_mb": ours[1],
        "stored_to_sent": round(size / arguments.file.stat().st_size, 2),
    }
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name}: {value}")


def measure(work: Callable[[Path, Path], None], file: Path, folder: Path) -> tuple[float, int]:
    """Run ``work`` in a process; return CPU seconds and the peak of resident megabytes."""
    folder.mkdir()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = multiprocessing.get_context("spawn").Process(target=work, args=(file, folder))
    process.start()
    peak = Peak(process.pid or 0)
    process.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if process.exitcode:
        raise SystemExit("the work failed")
    return round(cpu, 2), peak.stop()


class Peak:
    """Watches the resident memory of a process and its children."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._done = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> int:
        """Return the peak, in megabytes."""
        self._done.set()
        self._thread.join()
        return self._peak // 1024

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self._peak = max(self._peak, resident_kb(self._pid))


def resident_kb(pid: int) -> int:
    """Add up VmRSS of a process and everything below it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    mine = int(lines[0].split()[1]) if lines else 0
    return mine + sum(resident_kb(int(child)) for child in below)


def import_bill(file: Path, folder: Path) -> None:
    from costoptix.bills import child
    from costoptix.bills.formats import Options

    started = time.monotonic()
    staged = child.read(file, folder, Options(), lambda _progress: None)
    print(f"{staged.rows_kept} rows in {time.monotonic() - started:.1f} s")


def read_and_cast(file: Path, folder: Path) -> None:
    import duckdb

    casts = [
        *(f"TRY_CAST({name} AS DECIMAL(38, 18)) AS {name}" for name in MONEY),
        *(f"TRY_CAST({name} AS TIMESTAMP) AS {name}" for name in TIMES),
        *TEXTS,
    ]
    source = f"read_csv('{file}', all_varchar = true, header = true)"
    target = f"'{folder / 'plain.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
    duckdb.execute(f"COPY (SELECT {', '.join(casts)} FROM {source}) TO {target}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
