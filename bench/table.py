"""Print one table of ratios, each beside its peer: python -m bench.table.

Each script runs in a process of its own, one after the other, with its peers in the same run.
Sizes by variables: ROWS (2,000,000 charges), FEW (a tenth: growth), SECONDS and ROUNDS (2 and 5:
the API). ONLY names some of the parts: "api costs". FOLDER keeps what was generated.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
ROWS = int(os.environ.get("ROWS", "2000000"))
FEW = int(os.environ.get("FEW", ROWS // 10))
SECONDS, ROUNDS = os.environ.get("SECONDS", "2"), os.environ.get("ROUNDS", "5")


def commands(folder: Path) -> dict[str, list[list[str]]]:
    """Return what is run for each part of the table."""
    bill = folder / f"{ROWS}.csv.gz"
    return {
        "api": [["bench/api.py", "--seconds", SECONDS, "--rounds", ROUNDS]],
        "costs": [["-m", "bench.costs", str(ROWS), str(folder), str(FEW)]],
        "import": [["bench/generate.py", str(ROWS), str(bill)], ["bench/import.py", str(bill)]],
        "pages": [["-m", "bench.pages", str(ROWS), str(folder)]],
        "callers": [["-m", "bench.during_import", str(ROWS), str(folder)]],
    }


def main() -> None:
    """Run all parts and print the table; end with 1 where one of them failed."""
    given = os.environ.get("FOLDER")
    folder = Path(given) if given else Path(tempfile.mkdtemp(prefix="bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    parts = commands(folder)
    only = os.environ.get("ONLY", "").split() or list(parts)
    began, load = datetime.now(UTC), os.getloadavg()[0]
    try:
        lines, failed = _measure({name: parts[name] for name in only}, folder)
    finally:
        if not given:
            shutil.rmtree(folder, ignore_errors=True)
    memory = psutil.virtual_memory().total / 2**30
    print(
        f"\n{began:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {memory:.0f} GB, load {load:.1f} "
        f"before and {os.getloadavg()[0]:.1f} after; {ROWS:,} charges\n"
    )
    print("| what | ours | beside | peer | ours / peer |\n|---|---|---|---|---|")
    for line in lines:
        print(_row(line))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _measure(
    parts: dict[str, list[list[str]]], folder: Path
) -> tuple[list[dict[str, str | float]], list[str]]:
    """Run the parts; return their lines, and the names of those that failed."""
    collected, failed = folder / "compared.jsonl", []
    collected.write_text("")
    environment = os.environ | {"COSTOPTIX_BENCH": str(collected), "PYTHONPATH": str(ROOT)}
    for name, scripts in parts.items():
        for script in scripts:
            print(f"— {' '.join(script)}", file=sys.stderr, flush=True)
            command = [sys.executable, *script]
            done = subprocess.run(
                command, check=False, cwd=ROOT, env=environment, stdout=sys.stderr
            )
            if done.returncode:
                failed.append(name)
                break
    return [json.loads(line) for line in collected.read_text().splitlines()], failed


def _row(line: dict[str, str | float]) -> str:
    ours, peer, unit = float(line["ours"]), float(line["peer"]), line["unit"]
    cells = (line["what"], _number(ours, unit), line["beside"], _number(peer, unit))
    return f"| {' | '.join(map(str, cells))} | {ours / peer:.2f} |"


def _number(value: float, unit: str | float) -> str:
    return f"{value:,.0f} {unit}" if abs(value) >= 100 else f"{value:.3g} {unit}"


if __name__ == "__main__":
    main()
