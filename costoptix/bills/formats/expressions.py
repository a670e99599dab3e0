"""DuckDB expressions that several formats need: choices, exact arithmetic, JSON in cells.

Every function takes SQL and returns SQL. What cannot be read becomes NULL, never zero: a charge
whose billed or effective cost is NULL is rejected, and the reason is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from costoptix.lake.layout import literal


def any_of(subject: str, *values: str) -> str:
    """Return a condition: ``subject`` is one of these texts."""
    return f"{subject} IN ({', '.join(map(literal, values))})"


def choose(subject: str, values: Mapping[str, str], otherwise: str = "NULL") -> str:
    """Return ``CASE subject``: by its text the SQL to take, else ``otherwise``."""
    whens = " ".join(f"WHEN {literal(value)} THEN {sql}" for value, sql in values.items())
    return f"CASE {subject} {whens} ELSE {otherwise} END"


def translate(subject: str, words: Mapping[str, str], otherwise: str = "NULL") -> str:
    """Return ``CASE subject`` from text to text."""
    return choose(subject, {word: literal(ours) for word, ours in words.items()}, otherwise)


def beside_cells(columns: Iterable[str], *joins: str, cells: str = "cells") -> str:
    """Return the relation of a mapping: the cells, more columns, and what these are joined from."""
    return f"SELECT cells.*, {', '.join(columns)} FROM {cells} {' '.join(joins)}"  # noqa: S608


def amount(text: str) -> str:
    """Return the DECIMAL(38,18) of a cell: 0 where it is empty, NULL where it is no number."""
    return f"CASE WHEN {text} IS NULL THEN 0 ELSE TRY_CAST({text} AS DECIMAL(38, 18)) END"


def product(first: str, *others: str) -> str:
    """Return factors multiplied, as text; NULL where one is missing or the result too large.

    Factors and what is multiplied on are taken to 12 places: DuckDB multiplies decimals exactly
    as long as the places of both fit into one.
    """
    result = f"TRY_CAST({first} AS DECIMAL(38, 12))"
    for other in others:
        result = f"TRY(CAST({result} AS DECIMAL(38, 12)) * TRY_CAST({other} AS DECIMAL(38, 12)))"
    return f"rtrim(rtrim(CAST({result} AS VARCHAR), '0'), '.')"


def cost_of(price: str, *others: str) -> str:
    """Return a price multiplied; NULL where a factor is missing.

    Where one cannot be read it is all of them as they are written, which is no amount either: the
    cost is missing then, and the import says so.
    """
    written = " || ' × ' || ".join((price, *others))
    return f"coalesce({product(price, *others)}, {written})"


def instant(text: str) -> str:
    """Return the TIMESTAMP, in UTC, of ISO text, read as every time of a charge is read.

    NULL where it is none, or too far from our days for months to be added and zones applied.
    """
    return f"CASE WHEN is_in_time(as_time({text})) THEN as_time({text}) END"


def next_day(iso_date: str) -> str:
    """Return the day after an ISO date as text: from an inclusive end to an exclusive one.

    Text that is no date passes unchanged, so that its row is rejected for what it says.
    """
    return f"coalesce(TRY(CAST(TRY_CAST({iso_date} AS DATE) + 1 AS VARCHAR)), {iso_date})"


# Control characters, which valid JSON never has bare, stand for quotes meanwhile: what looks like a
# number within a string is none.
_OPEN, _CLOSE = "\x01", "\x02"
_NUMBERS_AS_TEXT = (
    (r'"((?:[^"\\]|\\.)*)"', rf"{_OPEN}\1{_CLOSE}"),
    (rf"({_CLOSE}\s*:\s*)(-?\d[0-9.]*(?:[eE][+-]?\d+)?)", rf"\1{_OPEN}\2{_CLOSE}"),
    (rf"[{_OPEN}{_CLOSE}]", '"'),
)
"""JSON → JSON in which members that are numbers are text: pattern and replacement of RE2."""


def exact_json(cell: str) -> str:
    """Return the JSON text of a cell with every digit; NULL where it is none.

    Numbers that are members of objects become strings: a JSON reader would round them to floats.
    """
    result = cell
    for pattern, replacement in _NUMBERS_AS_TEXT:
        result = f"regexp_replace({result}, {literal(pattern)}, {literal(replacement)}, 'g')"
    return f"CASE WHEN json_valid({cell}) THEN {result} END"


def json_of(cell: str) -> str:
    """Return the JSON text of a cell as it is; NULL where it is none."""
    return f"CASE WHEN json_valid({cell}) THEN {cell} END"


def object_of_pairs(pairs: str) -> str:
    """Return a JSON object for JSON text of ``[{"key": …, "value": …}, …]``; NULL for none."""
    listed = f"""from_json({pairs}, '[{{"key":"VARCHAR","value":"VARCHAR"}}]')"""
    members = f"list_transform({listed}, lambda e: to_json(e.key) || ':' || to_json(e.value))"
    return f"'{{' || list_aggregate({members}, 'string_agg', ',') || '}}'"


def object_of_columns(columns: Mapping[str, str]) -> str:
    """Return a JSON object of key → SQL name of a column, without what is NULL; NULL for none."""
    if not columns:
        return "NULL"
    members = ", ".join(f"{literal(key)}, {column}" for key, column in columns.items())
    return merged(f"json_object({members})")


def together(*objects: str) -> str:
    """Return the only one of some JSON objects that a file has; several merged, else NULL."""
    present = [value for value in objects if value != "NULL"]
    return merged(*present) if len(present) > 1 else (present or ["NULL"])[0]


def merged(*objects: str) -> str:
    """Return JSON objects merged, of the same key the last; without nulls; NULL for none."""
    result = "'{}'"
    for value in objects:
        result = f"json_merge_patch({result}, coalesce({value}, '{{}}'))"
    return f"nullif(CAST({result} AS VARCHAR), '{{}}')"
