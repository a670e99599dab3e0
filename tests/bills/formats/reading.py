"""What came of a bill, in the words of the tests, and what its own columns add up to."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb

from costoptix.bills.read.staged import Staged
from costoptix.lake.layout import CHARGES, METRICS

DATA = Path(__file__).parents[2] / "data"
NULLS = ("", "NULL", "null")


class Sums(NamedTuple):
    """Of the charges of one currency and category."""

    billed: Decimal
    effective: Decimal
    list: Decimal
    contracted: Decimal


def sums(*amounts: str) -> Sums:
    """Write expected sums."""
    return Sums(*map(Decimal, amounts))


def totals(staged: Staged) -> dict[tuple[str | None, str | None], Sums]:
    """Add up what was stored, by currency and charge category."""
    found: dict[tuple[str | None, str | None], dict[str, Decimal]] = {}
    for line in staged.lines:
        group = found.setdefault(
            (line.currency, line.charge_category), dict.fromkeys(METRICS, Decimal(0))
        )
        group[line.metric] += line.sum_stored
    return {key: Sums(*(group[metric] for metric in METRICS)) for key, group in found.items()}


def total(staged: Staged, metric: str = "billed_cost") -> Decimal:
    """Add up one metric of all charges."""
    return sum((line.sum_stored for line in staged.lines if line.metric == metric), Decimal(0))


def charges(staged: Staged, folder: Path) -> list[dict[str, object]]:
    """Read the stored charges, without the columns that are NULL."""
    paths = [
        str(folder / file.name)
        for scope in staged.scopes
        for file in scope.files
        if file.kind == CHARGES
    ]
    with duckdb.connect() as connection:
        cursor = connection.execute("SELECT * FROM read_parquet($1)", [paths])
        names = [column[0] for column in cursor.description]
        return [
            {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}
            for row in cursor.fetchall()
        ]


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a CSV file by the standard library alone."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def own_totals(path: Path) -> dict[tuple[str | None, str | None], Sums]:
    """Add up a FOCUS file by the standard library alone."""
    groups: defaultdict[tuple[str | None, str | None], list[Decimal]] = defaultdict(
        lambda: [Decimal(0)] * 4
    )
    for row in rows_of(path):
        group = groups[row["BillingCurrency"], row["ChargeCategory"]]
        for place, name in enumerate(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")):
            if row[name] not in NULLS:
                group[place] += Decimal(row[name].strip())
    return {key: Sums(*group) for key, group in groups.items()}
