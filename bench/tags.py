"""Measure what rules of tags cost a question: python -m bench.tags [ROWS] [FOLDER].

The same questions by tag, over 13 months, asked in turns without a rule, with one of a value and of
a key, and with 1,000 rules; warm, no answer cache. The goal: with a rule at most 1.5 × without.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bench.costs import TURNS, WHOLE, in_turns
from bench.generate import LAST_DAY
from bench.lake import open_bench
from costoptix.costs import rows
from costoptix.costs.query import CostQuery
from costoptix.lake.live import read_live
from costoptix.lake.tag_rules import AS_WRITTEN, Rename, TagCleaning

RULES = {
    "a value": TagCleaning((Rename("team", ("team-1",), "team-2"),)),
    "a key and a value": TagCleaning(
        (Rename(None, ("Team",), "team"), Rename("team", ("team-1",), "team-2"))
    ),
    "1,000 rules": TagCleaning(
        (
            *(Rename(None, (f"Team{n}",), "team") for n in range(10)),
            *(Rename("team", (f"team-{n}", f"Team-{n}"), "team-1") for n in range(2, 992)),
        )
    ),
}
QUESTIONS = {
    "by tag": (("group_by", "tag:team"),),
    "by tag and service, monthly": (
        ("group_by", "tag:team,service_name"),
        ("granularity", "monthly"),
    ),
    "one value, by service": (("tag:team", "team-2"), ("group_by", "service_name")),
    "by tag, daily (from the charges)": (("group_by", "tag:team"), ("granularity", "daily")),
}


def main(arguments: Sequence[str]) -> None:
    """Print, by question and rules, the times of answers and their ratio to those without."""
    count = int(arguments[0]) if arguments else 2_000_000
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    with open_bench(folder, count) as (session, organization, store):
        live = read_live(session, organization)

        def asking(query: CostQuery, rules: TagCleaning) -> Callable[[], object]:
            asked = replace(query, tag_rules=rules)
            return lambda: list(rows.rows_of(asked, live, store, None, 0))

        print(f"{count:,} charges, 13 months; medians in milliseconds (CPU)")
        for name, params in QUESTIONS.items():
            query = CostQuery.from_params((*WHOLE, *params), LAST_DAY)
            asks = [asking(query, rules) for rules in (AS_WRITTEN, *RULES.values())]
            without, *ruled = in_turns(TURNS, asks)
            print(f"{name:34} without {without}", flush=True)
            for rules, taken in zip(RULES, ruled, strict=True):
                clock = taken.clock / without.clock
                processors = taken.processors / without.processors
                print(f"{'':34} {rules:18} {taken}  ratio {clock:.2f} ({processors:.2f})")


if __name__ == "__main__":
    main(sys.argv[1:])
