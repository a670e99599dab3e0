"""Tables that a bill needs and does not carry: which service a resource type is, which region.

The ``azure_*`` files are Microsoft's open data (MIT, ``LICENSE.azure`` beside them);
``service_categories.csv`` is ours, in the categories of FOCUS.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from costoptix.bills.formats.expressions import literal


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    with files(__name__).joinpath(f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def joined(name: str, alias: str, key: tuple[str, ...], values: tuple[str, ...]) -> str:
    """Return ``(VALUES …) AS alias(key…, values…)`` of a table, keys in lower case and unique."""
    rows: dict[tuple[str, ...], tuple[str, ...]] = {}
    for row in _rows(name):
        rows.setdefault(
            tuple(row[column].strip().lower() for column in key),
            tuple(row[column] for column in values),
        )
    return _values((*found, *kept) for found, kept in rows.items()) + (
        f" AS {alias}({', '.join((*key, *values))})"
    )


@cache
def service_categories(provider: str) -> str:
    """Return ``(VALUES …) AS categories(Service, ServiceCategory)`` of a provider.

    Services are in lower case.
    """
    rows = (
        (row["Service"].lower(), row["ServiceCategory"])
        for row in _rows("service_categories")
        if row["Provider"] == provider
    )
    return _values(rows) + " AS categories(Service, ServiceCategory)"


def _values(rows: Iterable[tuple[str, ...]]) -> str:
    written = (", ".join(map(literal, row)) for row in rows)
    return f"(VALUES {', '.join(f'({row})' for row in written)})"
