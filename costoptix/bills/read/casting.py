"""SQL that turns a format's text expressions into charges of exact types.

Amounts: plain decimals of any length are rounded half away from zero to 18 places by DuckDB's
cast, which is exact (kept so by tests against ``money.parse_amount``). Its cast of E-notation is
exact for a negative exponent (to -99: ``money.exact``) and for short mantissas only; other
spellings are not amounts here.
Times: a zone is applied, no zone is UTC. What is not cast keeps nothing back: the row is marked,
its cells are told, and it never reaches a total.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf

from costoptix.bills.formats import Header, Mapping, Options, identifier, position_of
from costoptix.lake.charges import COLUMNS, Column, ColumnKind
from costoptix.lake.layout import NULLABLE_METRICS

AS_WRITTEN = "as_written"
"""JSON text of a row's amounts as the file has them, where 18 places do not hold one of them."""

CURRENCY = "billing_currency"
NOTED = "noted"
"""Text that the format notes of a row; it is not stored with the charge."""

FIRST_YEAR, LAST_YEAR = 1970, 2199

MACROS = (
    # At most 18 places can fit in 19 characters of plain notation: nothing to round, nothing odd.
    """CREATE MACRO is_odd_number(x) AS
       strlen(x) > 19 OR contains(x, 'e') OR contains(x, 'E') OR contains(x, '_')""",
    r"""CREATE MACRO is_exact_number(x) AS regexp_full_match(trim(x),
       '[+-]?(\d+(\.\d*)?|\.\d+)'
       '|[+-]?(\d{1,18}(\.\d*)?|\.\d+)[eE](-0?\d{1,2}|\+?0{1,3})'
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
    """CREATE MACRO as_currency(x) AS CASE WHEN regexp_full_match(trim(x), '[A-Za-z]{3}')
       THEN upper(trim(x)) ELSE x END""",
)
"""To be run once per connection, before any of the SQL below."""

_CASTS = {
    ColumnKind.TEXT: "{x}",
    ColumnKind.MONEY: "as_amount({x})",
    ColumnKind.TIME: "as_time({x})",
}
_GOOD = {
    ColumnKind.MONEY: "as_amount({x}) IS NOT NULL",
    ColumnKind.TIME: "coalesce(is_in_time(as_time({x})), false)",
}
CHECKED: tuple[Column, ...] = tuple(
    column for column in COLUMNS.values() if column.is_required or column.kind is ColumnKind.TIME
)
"""The columns of which a cell can reject its row."""
OPTIONAL_AMOUNTS: tuple[Column, ...] = tuple(COLUMNS[name] for name in NULLABLE_METRICS)
"""Amounts that a charge may lack: those that cannot be read are missing."""


def expressions(mapping: Mapping, options: Options) -> dict[str, str]:
    """Return SQL that yields text for every charge column and the notes."""
    by_column = {name: mapping.charges.get(name, "NULL") for name in COLUMNS}
    if options.currency is not None:
        currency = by_column["billing_currency"]
        by_column["billing_currency"] = f"coalesce({currency}, '{options.currency}')"
    return by_column | {NOTED: mapping.noted}


def mapped_sql(expressions: MappingOf[str, str], relation: str) -> str:
    """Write the SELECT, from the table ``cells``, of every charge column as text and ``record``."""
    selected = ", ".join(f"CAST({sql} AS VARCHAR) AS {name}" for name, sql in expressions.items())
    # Our own expressions; what comes from the file is quoted.
    return f"SELECT {selected}, record FROM ({relation})"  # noqa: S608


def other_cells(header: Header, mapping: Mapping) -> dict[str, int]:
    """Return the names and positions of the cells that become ``other_columns``."""
    used = set(re.findall(r'"c\d+"', " ".join((*mapping.charges.values(), mapping.relation))))
    used -= set(mapping.kept)
    others = {
        name: position
        for position, name in enumerate(header.names)
        if identifier(position) not in used
    }
    for number, nested in enumerate(mapping.nested):  # what of them could not be read
        name = header.names[position_of(nested.cell)]
        others.setdefault(name, len(header.names) + number)
    return others


def checked_sql(column: Column) -> str:
    """Write the SELECT list that casts a column's text: the value, whether it is good, rounded."""
    rounded = "false"
    if column.kind is ColumnKind.MONEY:
        amount = f"as_amount({column.name})"
        rounded = f"CASE WHEN {amount} IS NOT NULL THEN is_rounded({column.name}) END"
    cast = _CASTS[column.kind] if column.name != CURRENCY else "as_currency({x})"
    value = cast.format(x=column.name)
    return f"{value} AS value, {_good(column)} AS is_good, coalesce({rounded}, false) AS is_rounded"


def is_good_sql(columns: tuple[Column, ...] = CHECKED) -> str:
    """Write the condition that all (text) cells of these columns can be cast. Never NULL."""
    return " AND ".join(_good(column) for column in columns)


def _good(column: Column) -> str:
    if column.name == CURRENCY:
        return f"coalesce(regexp_full_match(as_currency({CURRENCY}), '[A-Z]{{3}}'), false)"
    if column in OPTIONAL_AMOUNTS:
        return "true"
    good = _GOOD[column.kind].format(x=column.name)
    return f"({good})" if column.is_required else f"({column.name} IS NULL OR {good})"
