"""The sums of a statement for DuckDB: of the days asked for, and of both sides of a comparison."""

from __future__ import annotations

from costoptix.costs.plan import Side
from costoptix.costs.query import CostQuery
from costoptix.lake.layout import CHARGE_COUNT, METRICS, MISSING

SIDE = "side"
"""The column that says to which ``Side`` a row belongs, where a question has sides."""

_ASKED = f"WHERE {SIDE} <> {int(Side.BEFORE)}"


def sums_of(query: CostQuery, *counts: str) -> list[str]:
    """Write the sums of the days that were asked for: METRICS, the MISSING counts and others."""
    columns = [*MISSING.values(), *counts]
    if query.sides is None:
        return [*(_as_text(f"sum({metric})") for metric in METRICS), *map(_count, columns)]
    counted = (f"coalesce(sum({column}) FILTER ({_ASKED}), 0)" for column in columns)
    return [*_sums_where(_ASKED), *(f"CAST({count} AS BIGINT)" for count in counted)]


def side_sums(query: CostQuery) -> list[str]:
    """Write the sums of both sides of a comparison, where there is one."""
    if query.sides is None:
        return []
    return [
        text
        for side in (Side.NOW, Side.BEFORE)
        for text in _sums_where(f"WHERE {SIDE} = {int(side)}")
    ]


def sum_to_order(query: CostQuery, metric: str) -> str:
    """Write the sum that rows are ordered by: 0 where nothing that was asked for is there."""
    if query.sides is None:
        return f"sum({metric})"
    none = f"CASE WHEN count(*) FILTER ({_ASKED}) = 0 THEN 0 END"
    return f"coalesce(sum({metric}) FILTER ({_ASKED}), {none})"


def charge_column(name: str) -> str:
    """Write a roll-up's column in terms of a single charge."""
    if name == CHARGE_COUNT:
        return f"1 AS {CHARGE_COUNT}"
    for metric, missing in MISSING.items():
        if name == missing:
            return f"CAST({metric} IS NULL AS BIGINT) AS {missing}"
    return name


def _sums_where(condition: str) -> list[str]:
    """Write the sums of the METRICS on some side; without a charge there they are 0."""
    none = f"CASE WHEN count(*) FILTER ({condition}) = 0 THEN '0' END"
    sums = (_as_text(f"sum({metric}) FILTER ({condition})") for metric in METRICS)
    return [f"coalesce({text}, {none})" for text in sums]


def _as_text(money: str) -> str:
    """Write money as text: DuckDB's own way to Decimal takes three times as long."""
    return f"CAST({money} AS VARCHAR)"


def _count(column: str) -> str:
    return f"CAST(sum({column}) AS BIGINT)"
