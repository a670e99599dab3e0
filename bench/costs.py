"""Measure cost questions: python -m bench.costs [ROWS] [FOLDER] [FEW].

Ours (``report.run``: pointer, plan, files, rows as Decimals, totals; warm, no answer cache)
against plain DuckDB on the same charges' Parquet files, taken in turns in one run; chdb, polars
and DataFusion in the same turns where `make bench` has installed them, by the clock. The ratios
are ours / DuckDB's, of the medians by the clock and of the CPU time, which a busy machine distorts
less. With more rows than FEW (2,000,000) the same questions are also asked of so many, in the
same turns: the last ratio is ours of many rows / ours of few. Goals: 2,000,000 rows: the first two
at most 1 × DuckDB. 20,000,000 rows: at most 3 × few rows and 1/6 of DuckDB where a roll-up
answers, tags at most 1/5 of DuckDB, the resources at most 30 ms.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb
from sqlalchemy.orm import Session

from bench.compared import compare
from bench.generate import FIRST_DAY, LAST_DAY
from bench.lake import open_bench
from bench.peers import Peer, open_peers
from costoptix.costs import plan, report
from costoptix.costs.answers import CostReport, CostStore
from costoptix.costs.engine import THREADS
from costoptix.costs.query import CostQuery
from costoptix.lake import live
from costoptix.lake.layout import CHARGES
from costoptix.models import Organization

FEW_ROWS = 2_000_000
TURNS, TURNS_OF_MANY = 15, 7
WHOLE = (("start_date", FIRST_DAY.isoformat()), ("end_date", LAST_DAY.isoformat()))
DAYS_90 = (("start_date", "2026-08-03"), ("end_date", "2026-10-31"))
MONTH = (("start_date", "2026-09-01"), ("end_date", "2026-09-30"))

_FROM = "FROM read_parquet($files, hive_partitioning = false)"
_WITHIN = "charge_period_start >= ${first}::DATE AND charge_period_start < ${after}::DATE"
_TOP = "SELECT service_name {source} GROUP BY 1 ORDER BY sum(billed_cost) DESC LIMIT 10"
_DAILY_TOP = f"""
SELECT charge_period_start::DATE AS day, service_name, billing_currency, sum(billed_cost)
{_FROM} WHERE service_name IN ({_TOP.format(source=_FROM)}) GROUP BY ALL ORDER BY ALL
"""
_BY_PROVIDER = f"""
SELECT provider_name, billing_currency, sum(billed_cost) {_FROM}
WHERE charge_period_start >= DATE '2026-08-03' AND charge_period_start < DATE '2026-11-01'
GROUP BY ALL ORDER BY ALL
"""
_BY_TAG = f"""
SELECT json_extract_string(tags, '$.team'), service_name, billing_currency, sum(billed_cost)
{_FROM} GROUP BY ALL ORDER BY ALL
"""
_TOP_RESOURCES = f"""
SELECT resource_id, billing_currency, sum(billed_cost) AS cost {_FROM}
WHERE charge_period_start >= DATE '2026-09-01' AND charge_period_start < DATE '2026-10-01'
AND service_name = 'Amazon Simple Storage Service' GROUP BY ALL ORDER BY cost DESC LIMIT 100
"""


class Bench:
    """A lake, and both ways to ask it."""

    def __init__(self, session: Session, organization: Organization, store: CostStore) -> None:
        self._session, self._organization, self._store = session, organization, store
        self._engine = duckdb.connect(config={"threads": THREADS})
        self._deliveries = live.read_live(session, organization).deliveries
        self.files = [
            str(store.engine.path(file.path)) for d in self._deliveries for file in d.files[CHARGES]
        ]

    def ours(self, *params: tuple[str, str], limit: int | None = None) -> CostReport:
        """Ask as a page or the API does."""
        query = CostQuery.from_params(params, LAST_DAY)
        return report.run(self._session, self._organization, query, self._store, limit=limit)

    def plain(self, statement: str) -> list[tuple[object, ...]]:
        """Ask DuckDB on the charges, without any of our work."""
        return self._engine.execute(statement, {"files": self.files}).fetchall()

    def kinds(self, *params: tuple[str, str]) -> str:
        """Tell which files answer."""
        parts = plan.plan(CostQuery.from_params(params, LAST_DAY), self._deliveries)
        return " + ".join(part.kind for part in parts)


def daily_of_top_services(bench: Bench) -> CostReport:
    """Ask for the ten dearest services, then for their days."""
    dearest = (*WHOLE, ("group_by", "service_name"), ("order_by", "-billed_cost"))
    chosen = [("service_name", row.group[0] or "") for row in bench.ours(*dearest, limit=10).rows]
    return bench.ours(*WHOLE, ("group_by", "service_name"), ("granularity", "daily"), *chosen)


BY_PROVIDER = (*DAYS_90, ("group_by", "provider_name"))
BY_TAG = (*WHOLE, ("group_by", "tag:team,service_name"))
RESOURCES = (
    *MONTH,
    ("service_name", "Amazon Simple Storage Service"),
    ("group_by", "resource_id"),
    ("order_by", "-billed_cost"),
)


@dataclass(frozen=True)
class Question:
    """What is asked, in both ways."""

    name: str
    ours: Callable[[Bench], object]
    plain: str
    params: tuple[tuple[str, str], ...]  # of which the files are named


QUESTIONS = (
    Question(
        "13 months daily, top 10 services", daily_of_top_services, _DAILY_TOP,
        (*WHOLE, ("group_by", "service_name"), ("granularity", "daily")),
    ),
    Question("90 days by provider", lambda b: b.ours(*BY_PROVIDER), _BY_PROVIDER, BY_PROVIDER),
    Question("a tag by service, 13 months", lambda b: b.ours(*BY_TAG), _BY_TAG, BY_TAG),
    Question(
        "a month's top 100 resources of a service", lambda b: b.ours(*RESOURCES, limit=100),
        _TOP_RESOURCES, RESOURCES,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """What an answer took, in milliseconds: the medians."""

    clock: float
    processors: float

    def __str__(self) -> str:
        return f"{self.clock:7.1f} ({self.processors:6.1f})"


def in_turns(turns: int, asks: Sequence[Callable[[], object]]) -> list[Taken]:
    """Time several ways to ask, one after the other, again and again."""
    times: list[list[tuple[float, float]]] = [[] for _ in asks]
    for turn in range(turns + 1):
        for taken, ask in zip(times, asks, strict=True):
            begin, used = time.perf_counter(), time.process_time()
            ask()
            if turn:  # the first is to warm up
                taken.append((time.perf_counter() - begin, time.process_time() - used))
    return [
        Taken(*(statistics.median(each) * 1000 for each in zip(*taken, strict=True)))
        for taken in times
    ]


def _ratio(one: Taken, other: Taken) -> str:
    return f"{one.clock / other.clock:5.2f} ({one.processors / other.processors:5.2f})"


def measure(
    question: Question, many: Bench, few: Bench | None, few_rows: int, peers: Sequence[Peer]
) -> None:
    """Print a question's line, and keep it for the table."""
    number = QUESTIONS.index(question)
    able = [peer for peer in peers if peer.ask(number) >= 0]
    asks = [lambda: question.ours(many), lambda: many.plain(question.plain)]
    asks += [lambda: question.ours(few)] if few is not None else []
    asks += [lambda peer=peer: peer.ask(number) for peer in able]
    turns = TURNS if few is None else TURNS_OF_MANY
    ours, plain, *others = in_turns(turns, asks)
    ours_of_few, theirs = others[: few is not None], others[few is not None :]
    compare(question.name, ours.clock, plain.clock, "DuckDB", "ms")
    line = f"{question.name:41} ours {ours}  DuckDB {plain}  ratio {_ratio(ours, plain)}"
    for less in ours_of_few:
        line += f"  of {few_rows:,} {less}  ratio {_ratio(ours, less)}"
        compare(question.name, ours.clock, less.clock, f"ours of {few_rows:,}", "ms")
    for peer, taken in zip(able, theirs, strict=True):
        line += f"  {peer.name} {taken.clock:.1f}"
        compare(question.name, ours.clock, taken.clock, peer.name, "ms")
    print(f"{line}  {many.kinds(*question.params)}", flush=True)


def main(arguments: Sequence[str]) -> None:
    """Run all comparisons."""
    rows = int(arguments[0]) if arguments else FEW_ROWS
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        many = Bench(*stack.enter_context(open_bench(folder, rows)))
        few_rows = int(arguments[2]) if len(arguments) > 2 else FEW_ROWS
        is_more = rows > few_rows
        few = Bench(*stack.enter_context(open_bench(folder, few_rows))) if is_more else None
        peers = stack.enter_context(open_peers(many.files, folder / "charges"))
        print(f"{rows:,} charges; medians in milliseconds (CPU)")
        for question in QUESTIONS:
            measure(question, many, few, few_rows, peers)


if __name__ == "__main__":
    main(sys.argv[1:])
