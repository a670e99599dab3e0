"""Ask chdb, polars or DataFusion the questions of bench/costs.py: it runs this by their own Python.

``engines.py ENGINE FOLDER``, where FOLDER has nothing but the charges' Parquet files. A line on
stdin is the number of a question, the line on stdout how many rows were answered; -1 where the
engine has no way to ask it. Two threads each, as ours.
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Callable

_TOP = "SELECT service_name {source} GROUP BY service_name ORDER BY sum(billed_cost) DESC LIMIT 10"
_DAILY = """
SELECT {day} AS day, service_name, billing_currency, sum(billed_cost) AS cost {source}
WHERE service_name IN ({top}) GROUP BY {day}, service_name, billing_currency ORDER BY 1, 2, 3
"""
_BY_PROVIDER = """
SELECT provider_name, billing_currency, sum(billed_cost) AS cost {source}
WHERE charge_period_start >= '2026-08-03' AND charge_period_start < '2026-11-01'
GROUP BY provider_name, billing_currency ORDER BY 1, 2
"""
_BY_TAG = """
SELECT {team} AS team, service_name, billing_currency, sum(billed_cost) AS cost {source}
GROUP BY team, service_name, billing_currency ORDER BY 1, 2, 3
"""
_RESOURCES = """
SELECT resource_id, billing_currency, sum(billed_cost) AS cost {source}
WHERE charge_period_start >= '2026-09-01' AND charge_period_start < '2026-10-01'
AND service_name = 'Amazon Simple Storage Service'
GROUP BY resource_id, billing_currency ORDER BY cost DESC LIMIT 100
"""

Ask = Callable[[int], int]


def _statements(source: str, day: str, team: str | None) -> list[str | None]:
    top = _TOP.format(source=source)
    return [
        _DAILY.format(day=day, source=source, top=top),
        _BY_PROVIDER.format(source=source),
        None if team is None else _BY_TAG.format(team=team, source=source),
        _RESOURCES.format(source=source),
    ]


def chdb(folder: str) -> Ask:
    """Ask ClickHouse, in this process."""
    from chdb import session

    asked = session.Session()
    asked.query("SET max_threads = 2")
    source = f"FROM file('{folder}/*.parquet', Parquet)"
    team = "JSONExtractString(tags, 'team')"
    statements = _statements(source, "toDate(charge_period_start)", team)
    return lambda number: len(str(asked.query(statements[number], "TabSeparated")).splitlines())


def datafusion(folder: str) -> Ask:
    """Ask DataFusion, which reads no JSON by itself."""
    from datafusion import SessionConfig, SessionContext

    context = SessionContext(SessionConfig().with_target_partitions(2))
    context.register_parquet("charges", folder)
    statements = _statements("FROM charges", "CAST(charge_period_start AS DATE)", None)

    def ask(number: int) -> int:
        statement = statements[number]
        if statement is None:
            return -1
        return sum(batch.num_rows for batch in context.sql(statement).collect())

    return ask


def polars(folder: str) -> Ask:
    """Ask polars, in its own words."""
    os.environ["POLARS_MAX_THREADS"] = "2"  # read when it is imported
    import polars as pl

    cost, currency = pl.sum("billed_cost"), "billing_currency"

    def charges() -> pl.LazyFrame:
        return pl.scan_parquet(f"{folder}/*.parquet")

    def within(first: tuple[int, int, int], after: tuple[int, int, int]) -> pl.LazyFrame:
        start = pl.col("charge_period_start")
        return charges().filter(
            start >= datetime.datetime(*first),  # noqa: DTZ001 - the column has no zone either
            start < datetime.datetime(*after),  # noqa: DTZ001
        )

    def daily() -> pl.LazyFrame:
        top = charges().group_by("service_name").agg(cost).sort("billed_cost", descending=True)
        names = top.head(10).select("service_name")
        day = pl.col("charge_period_start").dt.date().alias("day")
        rows = charges().join(names, on="service_name", how="semi")
        return rows.group_by(day, "service_name", currency).agg(cost).sort(pl.all())

    def by_provider() -> pl.LazyFrame:
        days = within((2026, 8, 3), (2026, 11, 1))
        return days.group_by("provider_name", currency).agg(cost).sort(pl.all())

    def by_tag() -> pl.LazyFrame:
        team = pl.col("tags").str.json_path_match("$.team").alias("team")
        return charges().group_by(team, "service_name", currency).agg(cost).sort(pl.all())

    def resources() -> pl.LazyFrame:
        month = within((2026, 9, 1), (2026, 10, 1))
        chosen = month.filter(pl.col("service_name") == "Amazon Simple Storage Service")
        sums = chosen.group_by("resource_id", currency).agg(cost)
        return sums.sort("billed_cost", descending=True).head(100)

    questions = (daily, by_provider, by_tag, resources)
    return lambda number: questions[number]().collect().height


ENGINES = {"chdb": chdb, "polars": polars, "datafusion": datafusion}


def main() -> None:
    """Answer until stdin ends."""
    ask = ENGINES[sys.argv[1]](sys.argv[2])
    for line in sys.stdin:
        print(ask(int(line)), flush=True)


if __name__ == "__main__":
    main()
