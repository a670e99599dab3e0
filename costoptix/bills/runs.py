"""A piece's charges on their way to their scopes: sorted, in one file or in several.

Where a piece holds several scopes (billing account and period) it is written apart by scope at
once; that costs more than one file, and less than to write it twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from costoptix.bills import engine
from costoptix.bills.casting import AS_WRITTEN, MONTH, REJECTED
from costoptix.bills.reconcile import Group
from costoptix.costs.layout import METRICS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ScopeKey = tuple[str, date]
"""Billing account id ("" for none) and the first day of the billing period."""

ACCOUNT = "coalesce(billing_account_id, '')"
_IS_REJECTED = f"{AS_WRITTEN} IS NOT DISTINCT FROM '{REJECTED}'"
_APART = f"hash({ACCOUNT}, {MONTH}, {_IS_REJECTED})"
"""Nearly always another number for another scope, and for rejected rows; never relied upon."""


@dataclass(frozen=True)
class Found:
    """Charges of one file, scope and group."""

    file: Path
    is_rejected: bool
    key: ScopeKey
    group: Group
    first_day: date
    last_day: date
    rows: int
    plain_rows: int  # rows none of whose amounts was rounded, and their sums
    plain_sums: dict[str, Decimal | None]


class Run:
    """The files of one piece, in a folder of their own."""

    def __init__(self, connection: DuckDBPyConnection, folder: Path) -> None:
        self._duckdb = connection
        self._folder = folder
        self._files: list[Path] = []
        folder.mkdir()

    def write(self, charges: str, *, is_apart: bool) -> None:
        """Write what a SELECT of ``casting.charges_sql`` yields."""
        if is_apart:
            self._duckdb.execute(engine.split_sql(charges, _APART, self._folder))
        else:
            self._duckdb.execute(engine.copy_sql(charges, self._folder / "charges.parquet"))
        self._files = sorted(self._folder.rglob("*.parquet"))

    def remove(self) -> None:
        """Delete what nobody has taken."""
        shutil.rmtree(self._folder)

    def found(self) -> Iterator[Found]:
        """Add up the files, in the order of scopes."""
        sql = (
            f"SELECT {ACCOUNT}, {MONTH}, billing_currency, charge_category, {_IS_REJECTED}, "
            "filename, min(charge_period_start)::DATE, max(charge_period_start)::DATE, "
            f"count(*), count(*) FILTER ({AS_WRITTEN} IS NULL), "
            + ", ".join(f"sum({metric}) FILTER ({AS_WRITTEN} IS NULL)" for metric in METRICS)
        )
        for row in self._rows(sql, "GROUP BY ALL ORDER BY ALL"):
            account, month, currency, category, is_rejected, name, *counted = row
            first, last, rows, plain, *sums = counted
            yield Found(
                Path(name), is_rejected, (account, month), Group(month, currency, category),
                first, last, rows, plain, dict(zip(METRICS, sums, strict=True)),
            )  # fmt: skip

    def rounded(self) -> Iterator[tuple[Group, dict[str, str | None]]]:
        """Yield the rows with an amount of more than 18 places: their amounts as written."""
        sql = f"SELECT {MONTH}, billing_currency, charge_category, {AS_WRITTEN}"
        for *group, written in self._rows(sql, f"WHERE {AS_WRITTEN} <> '{REJECTED}'"):
            yield Group(*group), orjson.loads(written)

    def _rows(self, select: str, rest: str) -> Iterator[tuple[Any, ...]]:
        if not self._files:
            return
        cursor = self._duckdb.execute(f"{select} FROM {engine.parquet_sql(self._files)} {rest}")
        while rows := cursor.fetchmany(10_000):
            yield from rows
