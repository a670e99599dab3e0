"""Measure why costs changed: python -m bench.movers [ROWS] [FOLDER].

A month against the month before, by each level, then the reasons beside them (sentence, coverage,
restated): by the clock and, in brackets, the CPU, medians in milliseconds; warm, without what was
answered before. Goals at 2,000,000 charges: 300 ms by service and account, 600 ms by resource.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.costs import FEW_ROWS, MONTH, in_turns
from bench.generate import LAST_DAY
from bench.lake import open_bench
from costoptix.costs.query import CostQuery
from costoptix.figures import movers, sides, summary, why
from costoptix.figures.asks import asks_of

METRIC, TURNS = "effective_cost", 7


def main(arguments: Sequence[str]) -> None:
    """Measure each level, and the reasons of each."""
    rows = int(arguments[0]) if arguments else FEW_ROWS
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    with open_bench(folder, rows) as (session, organization, store):
        asks = asks_of(session, organization, store)
        query = CostQuery.from_params(MONTH, LAST_DAY)
        whole = asks.ask(summary.asked_over(query, query.date_range, metric=METRIC))
        asked = sides.comparison(whole)
        assert asked is not None
        print(f"{rows:,} charges; medians in milliseconds (CPU)")
        for level in movers.Level:
            ranked = movers.movers(asks, asked, METRIC, level)
            moved, reasons = in_turns(
                TURNS,
                [
                    lambda level=level: movers.movers(asks, asked, METRIC, level),
                    lambda ranked=ranked: why.reasons(asks, asked, METRIC, ranked, LAST_DAY),
                ],
            )
            print(f"{level:9} {len(ranked):7,} movers {moved}  reasons {reasons}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
