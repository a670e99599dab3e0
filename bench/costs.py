"""Measure cost questions: python -m bench.costs [ROWS] [FOLDER].

Ours (``report.run``: pointer, plan, files, rows as Decimals, totals; warm, no answer cache)
against plain DuckDB on the same charges' Parquet files, taken in turns in one run. The ratio is
ours / DuckDB's, of the medians; the goal of the first two is at most 1.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
from sqlalchemy.orm import Session

from bench.generate import FIRST_DAY, LAST_DAY
from bench.lake import open_bench
from costoptix.costs import live, plan, report
from costoptix.costs.layout import CHARGES
from costoptix.costs.query import CostQuery
from costoptix.costs.store import THREADS, CostStore
from costoptix.models import Organization

TURNS = 15
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
        self._files = [
            str(store.path(file.path)) for d in self._deliveries for file in d.files[CHARGES]
        ]

    def ours(self, *params: tuple[str, str], limit: int | None = None) -> report.CostReport:
        """Ask as a page or the API does."""
        query = CostQuery.from_params(params, LAST_DAY)
        return report.run(self._session, self._organization, query, self._store, limit=limit)

    def daily_of_top_services(self) -> report.CostReport:
        """Ask for the ten dearest services, then for their days."""
        dearest = (*WHOLE, ("group_by", "service_name"), ("order_by", "-billed_cost"))
        top = self.ours(*dearest, limit=10)
        chosen = [("service_name", row.group[0] or "") for row in top.rows]
        return self.ours(*WHOLE, ("group_by", "service_name"), ("granularity", "daily"), *chosen)

    def plain(self, statement: str) -> list[tuple[object, ...]]:
        """Ask DuckDB on the charges, without any of our work."""
        return self._engine.execute(statement, {"files": self._files}).fetchall()

    def kinds(self, *params: tuple[str, str]) -> str:
        """Tell which files answer."""
        parts = plan.plan(CostQuery.from_params(params, LAST_DAY), self._deliveries)
        return " + ".join(part.kind for part in parts)


def compare(name: str, ours: Callable[[], object], plain: Callable[[], object]) -> None:
    """Print the medians of both, and their ratio."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(TURNS + 1):
        for taken, ask in zip(times, (ours, plain), strict=True):
            begin = time.perf_counter()
            ask()
            if turn:  # the first is to warm up
                taken.append(time.perf_counter() - begin)
    mine, other = (statistics.median(taken) * 1000 for taken in times)
    print(f"{name:44} ours {mine:8.1f} ms   DuckDB {other:8.1f} ms   ratio {mine / other:.2f}")


def main(arguments: Sequence[str]) -> None:
    """Run all comparisons."""
    rows = int(arguments[0]) if arguments else 2_000_000
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    with open_bench(folder, rows) as opened:
        bench = Bench(*opened)
        by_provider = (*DAYS_90, ("group_by", "provider_name"))
        by_tag = (*WHOLE, ("group_by", "tag:team,service_name"))
        resources = (
            *MONTH,
            ("service_name", "Amazon Simple Storage Service"),
            ("group_by", "resource_id"),
            ("order_by", "-billed_cost"),
        )
        print(f"{rows:,} charges, {len(bench._files)} deliveries")
        compare(
            "13 months daily, top 10 services",
            bench.daily_of_top_services,
            lambda: bench.plain(_DAILY_TOP),
        )
        for name, params, limit, statement in (
            ("90 days by provider", by_provider, None, _BY_PROVIDER),
            ("a tag by service, 13 months", by_tag, None, _BY_TAG),
            ("a month's top 100 resources of a service", resources, 100, _TOP_RESOURCES),
        ):
            compare(
                f"{name} ({bench.kinds(*params)})",
                lambda params=params, limit=limit: bench.ours(*params, limit=limit),
                lambda statement=statement: bench.plain(statement),
            )


if __name__ == "__main__":
    main(sys.argv[1:])
