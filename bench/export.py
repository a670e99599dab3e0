"""Measure the export of everything as FOCUS 1.2: python -m bench.export [ROWS] [FOLDER].

Each kind of file in a process of its own, from an imported lake of ROWS charges (2,000,000): CPU,
seconds, and the largest resident set, which must not grow with the rows.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.generate import FIRST_DAY, LAST_DAY
from bench.lake import open_bench
from bench.processes import measure
from costoptix.access.permissions import command_line
from costoptix.costs.export import FileKind, export
from costoptix.costs.query import CostQuery


def write(folder: Path, rows: int, kind: str) -> None:
    with open_bench(folder, rows) as (session, organization, store):
        days = (("start_date", FIRST_DAY.isoformat()), ("end_date", LAST_DAY.isoformat()))
        query = CostQuery.from_params(days, LAST_DAY)
        caller = command_line(organization.id)
        made = export(session, organization, caller, query, FileKind(kind), store)
        assert made.row_count == rows
        with (folder / f"export.{kind}").open("wb") as file:
            for chunk in made.chunks:
                file.write(chunk)


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


if __name__ == "__main__":
    main(sys.argv[1:])
