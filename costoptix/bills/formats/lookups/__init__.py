"""Tables that a bill needs and does not carry: which service a resource type is, which region.

The ``azure_*`` files are Microsoft's open data (MIT, ``LICENSE.azure`` beside them);
``service_categories.csv`` is ours, in the categories of FOCUS.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from costoptix.lake.layout import literal


@dataclass(frozen=True)
class LookupTable:
    """A table as SQL."""

    alias: str
    sql: str  # (SELECT …) AS alias: key and more columns, the keys unique and in lower case


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def joined(name: str, alias: str, key: str, values: tuple[str, ...]) -> LookupTable:
    """Return a table by one of its columns; of several rows of one key the first counts."""
    return _table(alias, ((row[key], [row[v] for v in values]) for row in _rows(name)), values)


@cache
def service_categories(provider: str) -> LookupTable:
    """Return the FOCUS ServiceCategory of the services of a provider (aws, gcp, oci)."""
    rows = (row for row in _rows("service_categories") if row["Provider"] == provider)
    pairs = ((row["Service"], [row["ServiceCategory"]]) for row in rows)
    return _table("categories", pairs, ("ServiceCategory",))


def left_join(table: LookupTable, key: str) -> str:
    """Return the LEFT JOIN of a table, where its key is this text but for case and blanks."""
    return f"LEFT JOIN {table.sql} ON {table.alias}.key = lower(trim({key}))"


def _table(
    alias: str, rows: Iterable[tuple[str, list[str]]], values: tuple[str, ...]
) -> LookupTable:
    """Write the rows as one JSON text: DuckDB plans that ten times faster than VALUES."""
    unique: dict[str, list[str]] = {}
    for key, row in rows:
        unique.setdefault(key.strip().lower(), row)
    columns = ("key", *values)
    members = [dict(zip(columns, (key, *row), strict=True)) for key, row in unique.items()]
    shape = json.dumps([dict.fromkeys(columns, "VARCHAR")])
    listed = f"from_json({literal(json.dumps(members))}, {literal(shape)})"
    select = f"SELECT row.* FROM (SELECT unnest({listed}) AS row)"  # noqa: S608
    return LookupTable(alias, f"({select}) AS {alias}")
