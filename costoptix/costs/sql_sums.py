"""The sums of a statement for DuckDB: of the days asked for, and of both sides of a comparison."""

from __future__ import annotations

from collections.abc import Iterable

from costoptix.costs.plan import Side
from costoptix.costs.query import CostQuery
from costoptix.lake.layout import CHARGE_COUNT, METRICS, MISSING

SIDE = "side"
"""The column that says to which ``Side`` a row belongs, where a question has sides."""

_ASKED = f"WHERE {SIDE} <> {int(Side.BEFORE)}"


def by_side(keys: Iterable[str], columns: Iterable[str], source: str) -> str:
    """Write the sums of a source by keys and side: so the sides are told apart in few rows only."""
    groups = ", ".join([*keys, SIDE])
    sums = ", ".join(f"sum({column}) AS {column}" for column in columns)
    return f"(SELECT {groups}, {sums} FROM {source} GROUP BY {groups})"  # noqa: S608


def sums_of(query: CostQuery, *counts: str) -> list[str]:
    """Write the sums of the days that were asked for: METRICS, the MISSING counts and others."""
    columns = [*MISSING.values(), *counts]
    if query.sides is None:
        return [*(_as_text(f"sum({metric})") for metric in METRICS), *map(_count, columns)]
    return [*_sums_where(_ASKED), *(_count_where(column, _ASKED) for column in columns)]


def side_sums(query: CostQuery) -> list[str]:
    """Write the sums of both sides of a comparison and their charges' count, where there is one."""
    if query.sides is None:
        return []
    texts = []
    for side in (Side.NOW, Side.BEFORE):
        condition = f"WHERE {SIDE} = {int(side)}"
        texts += [*_sums_where(condition), _count_where(CHARGE_COUNT, condition)]
    return texts


def sum_to_order(query: CostQuery, metric: str) -> str:
    """Write the sum that rows are ordered by: 0 where nothing that was asked for is there."""
    if query.sides is None:
        return f"sum({metric})"
    none = f"CASE WHEN bool_and({SIDE} = {int(Side.BEFORE)}) THEN 0 END"
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
    """Write the sums of the METRICS on some side; NULL also without a charge there."""
    return [_as_text(f"sum({metric}) FILTER ({condition})") for metric in METRICS]


def _count_where(column: str, condition: str) -> str:
    return f"CAST(coalesce(sum({column}) FILTER ({condition}), 0) AS BIGINT)"


def _as_text(money: str) -> str:
    """Write money as text: DuckDB's own way to Decimal takes three times as long."""
    return f"CAST({money} AS VARCHAR)"


def _count(column: str) -> str:
    return f"CAST(sum({column}) AS BIGINT)"
