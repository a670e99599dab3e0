"""SQL that turns a format's text expressions into charges of exact types.

Amounts: plain decimals of any length are rounded half away from zero to 18 places by DuckDB's
cast, which is exact (kept so by tests against ``money.parse_amount``). Its cast of E-notation is
exact for a negative exponent and for short mantissas only; other spellings are not amounts here.
Times: a zone is applied, no zone is UTC. What is not cast keeps nothing back: the row is marked,
its cells are told, and it never reaches a total.
"""

from __future__ import annotations

import json
import re

from costoptix.bills.charges import COLUMNS, Column, Kind
from costoptix.bills.formats import Header, Mapping, Options, identifier
from costoptix.bills.formats.expressions import literal
from costoptix.costs.layout import METRICS

OTHER_COLUMNS = "other_columns"
"""JSON text of the cells that no expression of the format names; NULL when there are none."""
AS_WRITTEN = "as_written"
"""JSON text of a row's amounts as the file has them, where 18 places do not hold one of them."""
REJECTED = "!"
"""In ``as_written`` of a row that cannot be cast, until the row is taken out."""

MONTH = "CAST(date_trunc('month', billing_period_start) AS DATE)"
"""The billing period of a charge, by the row's own BillingPeriodStart."""
ORDERED = (
    "billing_account_id",
    "billing_period_start",
    "service_name",
    "resource_id",
    "charge_period_start",
)
ORDER = tuple(MONTH if name == "billing_period_start" else name for name in ORDERED)
"""How charges lie in their files: what belongs to one delivery, then one service, is together."""

FIRST_YEAR, LAST_YEAR = 1970, 2199

MACROS = (
    # At most 18 places can fit in 19 characters of plain notation: nothing to round, nothing odd.
    """CREATE MACRO is_odd_number(x) AS
       strlen(x) > 19 OR contains(x, 'e') OR contains(x, 'E') OR contains(x, '_')""",
    r"""CREATE MACRO is_exact_number(x) AS regexp_full_match(trim(x),
       '[+-]?(\d+(\.\d*)?|\.\d+)'
       '|[+-]?(\d{1,18}(\.\d*)?|\.\d+)[eE](-\d{1,3}|\+?0{1,3})'
       '|[+-]?\d(\.\d{0,17})?[eE]\+?0?\d') AND length(x) <= 100""",
    """CREATE MACRO as_amount(x) AS CASE WHEN NOT is_odd_number(x) OR is_exact_number(x)
       THEN TRY_CAST(x AS DECIMAL(38, 18)) END""",
    # CASE, not AND: what stands in a SELECT list is worked out on both sides of an AND.
    r"""CREATE MACRO is_rounded(x) AS CASE WHEN is_odd_number(x) THEN NOT coalesce(
       regexp_full_match(trim(x), '[+-]?\d*(\.\d{0,18}0*)?'), false) ELSE false END""",
    """CREATE MACRO is_plain_time(x) AS suffix(x, 'Z')
       OR NOT contains(substring(x, 11), '-') AND NOT contains(substring(x, 11), '+')""",
    """CREATE MACRO zoned_time(x) AS CAST(TRY_STRPTIME(
       replace(regexp_replace(trim(x), '([+-]\\d\\d)$', '\\1:00'), 'T', ' '),
       ['%Y-%m-%d %H:%M:%S%z', '%Y-%m-%d %H:%M:%S.%f%z', '%Y-%m-%d %H:%M%z']) AS TIMESTAMP)""",
    # Words such as "epoch" and years of two digits would be cast too.
    """CREATE MACRO as_time(x) AS CASE WHEN strpos(x, '-') <> 5 THEN NULL
       WHEN is_plain_time(x) THEN TRY_CAST(x AS TIMESTAMP) ELSE zoned_time(x) END""",
    f"""CREATE MACRO is_in_time(t) AS
       t >= TIMESTAMP '{FIRST_YEAR}-01-01' AND t < TIMESTAMP '{LAST_YEAR + 1}-01-01'""",
    """CREATE MACRO is_json_object(x) AS json_valid(x) AND starts_with(ltrim(x), '{')""",
)
"""To be run once per connection, before any of the SQL below."""

_CASTS = {
    Kind.TEXT: "{x}",
    Kind.MONEY: "as_amount({x})",
    Kind.TIME: "as_time({x})",
    Kind.JSON_OBJECT: "CASE WHEN is_json_object({x}) THEN CAST(json({x}) AS VARCHAR) END",
}
_TYPES = {kind: kind.value for kind in Kind} | {Kind.JSON_OBJECT: "VARCHAR"}
_GOOD = {
    Kind.MONEY: "as_amount({x}) IS NOT NULL",
    Kind.TIME: "coalesce(is_in_time(as_time({x})), false)",
    Kind.JSON_OBJECT: "is_json_object({x})",
}
CHECKED: tuple[Column, ...] = tuple(
    column for column in COLUMNS.values() if column.is_required or column.kind is not Kind.TEXT
)
"""The columns of which a cell can reject its row."""


def mapped_sql(header: Header, mapping: Mapping, options: Options, cells: str) -> str:
    """Write the SELECT of every charge column as text, ``other_columns`` and what ``cells`` adds.

    ``cells`` is SQL (a SELECT) of the file's columns by ``formats.identifier``.
    """
    expressions = {name: mapping.charges.get(name, "NULL") for name in COLUMNS}
    if options.currency is not None:
        currency = expressions["billing_currency"]
        expressions["billing_currency"] = f"coalesce({currency}, '{options.currency}')"
    expressions[OTHER_COLUMNS] = _other_columns(header, mapping)
    selected = ", ".join(f"CAST({sql} AS VARCHAR) AS {name}" for name, sql in expressions.items())
    # Our own expressions; what comes from the file is quoted.
    return f"WITH cells AS ({cells}) SELECT {selected}, record FROM ({mapping.relation})"  # noqa: S608


def _other_columns(header: Header, mapping: Mapping) -> str:
    used = set(re.findall(r'"c\d+"', " ".join((*mapping.charges.values(), mapping.relation))))
    used -= set(mapping.kept)
    others = {
        name: identifier(position)
        for position, name in enumerate(header.names)
        if identifier(position) not in used
    }
    if not others:
        return "NULL"
    # An empty cell makes its member NULL, which concat_ws leaves out: half the work of json_object.
    members = (
        f"{literal(json.dumps(name, ensure_ascii=False) + ':')} || to_json({cell})"
        for name, cell in others.items()
    )
    return f"'{{' || nullif(concat_ws(',', {', '.join(members)}), '') || '}}'"


def charges_sql(mapped: str, mapping: Mapping) -> str:
    """Write the SELECT of the charges by exact types, sorted, with ``as_written``.

    Every cell is cast once, before its row is judged. Columns that the format cannot fill are
    added after the sort, which would carry them along.
    """
    filled = {name for name in COLUMNS if mapping.charges.get(name, "NULL") != "NULL"}
    filled |= set(ORDERED) | {"billing_currency"}
    typed = [
        f"{_typed(column)} AS {name}" if column in CHECKED else name
        for name, column in COLUMNS.items()
        if name in filled
    ]
    columns = ", ".join(
        name if name in filled else f"CAST(NULL AS {_TYPES[column.kind]}) AS {name}"
        for name, column in COLUMNS.items()
    )
    casts = ", ".join(f"{_cast(column)} AS {_typed(column)}" for column in CHECKED)
    rounded = ", ".join(f"is_rounded({metric}) AS {metric}_rounded" for metric in METRICS)
    return (
        f"SELECT {columns}, {OTHER_COLUMNS}, {AS_WRITTEN} FROM "  # noqa: S608
        f"(SELECT {', '.join(typed)}, {OTHER_COLUMNS}, {_note()} AS {AS_WRITTEN} FROM "
        f"(SELECT *, {casts}, {rounded} FROM ({mapped}))) ORDER BY {', '.join(ORDER)}"
    )


def _typed(column: Column) -> str:
    """Name the column of a checked cell's value, beside that of its text."""
    return f"{column.name}_typed"


def _note() -> str:
    """Write ``as_written`` of a row whose cells are cast: as ``is_good_sql`` tells of the text."""
    is_good = " AND ".join(_is_cast(column) for column in CHECKED)
    is_rounded = " OR ".join(f"{metric}_rounded" for metric in METRICS)
    written = ", ".join(f"'{metric}', {metric}" for metric in METRICS)
    return (
        f"CASE WHEN NOT ({is_good}) THEN '{REJECTED}' "
        f"WHEN {is_rounded} THEN CAST(json_object({written}) AS VARCHAR) END"
    )


def _is_cast(column: Column) -> str:
    if column.kind is Kind.TEXT:
        return _good(column)
    good = f"{_typed(column)} IS NOT NULL"
    if column.kind is Kind.TIME:
        good = f"coalesce(is_in_time({_typed(column)}), false)"
    return good if column.is_required else f"({column.name} IS NULL OR {good})"


def _cast(column: Column) -> str:
    return _CASTS[column.kind].format(x=column.name)


def is_good_sql(columns: tuple[Column, ...] = CHECKED) -> str:
    """Write the condition that all (text) cells of these columns can be cast. Never NULL."""
    return " AND ".join(_good(column) for column in columns)


def _good(column: Column) -> str:
    if column.name == "billing_currency":
        return "coalesce(regexp_full_match(billing_currency, '[A-Z]{3}'), false)"
    good = _GOOD[column.kind].format(x=column.name)
    return f"({good})" if column.is_required else f"({column.name} IS NULL OR {good})"
