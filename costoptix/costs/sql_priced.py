"""The statement of what was priced on two sides: by the lines that movers are explained by."""

from __future__ import annotations

from collections.abc import Sequence

from costoptix.costs.answers import PricedKind
from costoptix.costs.plan import QueryPart
from costoptix.costs.query import CURRENCY, CostQuery
from costoptix.costs.sql import group_keys, source
from costoptix.costs.sql_values import Locate, Statement, Values

KINDS = tuple(PricedKind)
_KIND_COLUMNS = ("charge_category", "commitment_discount_status", "pricing_category")
_KIND = f"""CASE
WHEN charge_category = 'Tax' THEN {KINDS.index(PricedKind.TAX)}
WHEN charge_category = 'Credit' THEN {KINDS.index(PricedKind.CREDITS)}
WHEN charge_category = 'Purchase' THEN {KINDS.index(PricedKind.PURCHASES)}
WHEN charge_category <> 'Usage' THEN {KINDS.index(PricedKind.OTHER)}
WHEN commitment_discount_status = 'Unused' THEN {KINDS.index(PricedKind.UNUSED)}
WHEN commitment_discount_status = 'Used' OR pricing_category = 'Committed'
THEN {KINDS.index(PricedKind.COVERED)} ELSE {KINDS.index(PricedKind.ON_DEMAND)} END"""
"""A charge without a category is usage: exports that have none hold little else."""

CELL_END, FIELD_END = "\x1e", "\x1f"
"""What stands between the cells of a line, and between the fields of a cell. A unit, which may hold
any character, comes last, without the first of the two."""

_COSTS = ("list_cost", "contracted_cost")
_QUANTITY, _UNIT = "quantity", "pricing_unit"
_AMOUNT = "TRY_CAST(pricing_quantity AS DECIMAL(38, 12))"  # kept as text: as it was written
_IS_USAGE = "coalesce(charge_category, 'Usage') = 'Usage'"
_IS_COUNTED = (
    f"count({_QUANTITY}) = count(*) AND count({_UNIT}) = count(*) AND min({_UNIT}) = max({_UNIT})"
)
_FIELDS = ("side", "kind", "amount", _QUANTITY, *_COSTS, f"translate(unit, '{CELL_END}', '')")
_CELL = "concat(" + f", '{FIELD_END}', ".join(_FIELDS) + ")"


def priced_statement(
    sides: Sequence[tuple[CostQuery, tuple[QueryPart, ...]]], metric: str, locate: Locate
) -> Statement:
    """Write the SELECT of one of the METRICS and what was priced, of the sides that have parts.

    All queries have the same groups, and parts of charges. Columns: the groups, currency, and a
    text of cells, between ``CELL_END``. A cell is side, kind by its place in KINDS, sum, quantity,
    list and contracted cost (whole numbers: the digits without the point) and the quantity's unit,
    between ``FIELD_END``; what is NULL is empty.
    The last four are unless every charge has them; quantity and unit also where units differ: then
    there is nothing to add up. A kind may be there more than once.

    Added up first, and written as one text then: lists of rows take eight times as long to fetch.
    """
    values = Values(locate)
    keys = ", ".join([*group_keys(sides[0][0]), CURRENCY])
    columns = tuple(dict.fromkeys((metric, *_COSTS, "pricing_quantity", _UNIT, *_KIND_COLUMNS)))
    read = f"{keys}, {', '.join(columns)}, {_AMOUNT} AS {_QUANTITY}"
    selects = [
        f"SELECT {number} AS side, {read} FROM {source(query, parts, columns, values)}"  # noqa: S608
        for number, (query, parts) in enumerate(sides)
        if parts
    ]
    by = f"{keys}, side, {', '.join(_KIND_COLUMNS)}"
    sums = ", ".join(_sums(metric))
    added_up = f"SELECT {by}, {sums} FROM ({' UNION ALL '.join(selects)}) GROUP BY {by}"  # noqa: S608
    cells = f"string_agg({_CELL}, '{CELL_END}')"
    kinds = f"SELECT *, {_KIND} AS kind FROM ({added_up})"  # noqa: S608
    sql = f"SELECT {keys}, {cells} FROM ({kinds}) GROUP BY {keys}"  # noqa: S608
    return Statement(sql, values.bound)


def _sums(metric: str) -> list[str]:
    """Write the sums of a row; of what is no usage only the first is wanted."""
    priced = {
        "quantity": (_IS_COUNTED, _digits(_QUANTITY)),
        "unit": (_IS_COUNTED, f"min({_UNIT})"),
        **{cost: (f"count({cost}) = count(*)", _digits(cost)) for cost in _COSTS},
    }
    return [
        f"{_digits(metric)} AS amount",
        *(
            f"CASE WHEN {_IS_USAGE} AND {is_known} THEN {value} END AS {name}"
            for name, (is_known, value) in priced.items()
        ),
    ]


def _digits(column: str) -> str:
    """Write a sum without its point: a whole number, in units of the column's last digit."""
    return f"replace(CAST(sum({column}) AS VARCHAR), '.', '')"
