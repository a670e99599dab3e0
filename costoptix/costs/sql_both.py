"""The statement of one metric on two sides: little more than what says how costs changed."""

from __future__ import annotations

from collections.abc import Sequence

from costoptix.costs.plan import QueryPart
from costoptix.costs.query import CURRENCY, CostQuery
from costoptix.costs.sql import group_keys, source
from costoptix.costs.sql_sums import SIDE
from costoptix.costs.sql_values import Locate, Statement, Values
from costoptix.lake.layout import MISSING


def both_statement(
    sides: Sequence[tuple[CostQuery, tuple[QueryPart, ...]]], metric: str, locate: Locate
) -> Statement:
    """Write the SELECT of the sums of one of the METRICS, of the sides that have parts.

    All queries have the same groups. Columns: the groups, currency, then for each of the two sides
    the sum as text (NULL where no charge has the metric) and how many charges lack it.
    """
    values = Values(locate)
    keys = ", ".join([*group_keys(sides[0][0]), CURRENCY])
    missing = MISSING.get(metric)
    columns = [metric, missing] if missing else [metric]
    selects = [
        f"SELECT {number} AS {SIDE}, {keys}, {', '.join(columns)}"  # noqa: S608
        f" FROM {source(query, parts, columns, values)}"
        for number, (query, parts) in enumerate(sides)
        if parts
    ]
    sums = []
    for number in range(len(sides)):
        condition = f"FILTER (WHERE {SIDE} = {number})"
        lacking = f"coalesce(sum({missing}) {condition}, 0)" if missing else "0"
        sums += [f"CAST(sum({metric}) {condition} AS VARCHAR)", f"CAST({lacking} AS BIGINT)"]
    union = f"({' UNION ALL '.join(selects)})"
    return Statement(
        f"SELECT {keys}, {', '.join(sums)} FROM {union} GROUP BY {keys}",  # noqa: S608
        values.bound,
    )
