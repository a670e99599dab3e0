"""Kinds of rows that cancel each other by a provider's rule: whether they do in an import.

A bill that holds one kind without the other is read all the same, and a note says how much it is.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from costoptix import money
from costoptix.bills.formats import Cancelling
from costoptix.bills.read.cells import VIEW, Cells
from costoptix.bills.read.notes import Notes
from costoptix.lake.layout import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

UNCANCELLED = "{value}: rows of these kinds cancel each other in a whole bill, and are billed 0."
_MOST_OFF = Decimal("0.01")  # of the larger one: amounts of rows are rounded
_DECIMAL = "DECIMAL(38, 12)"


class CancellingSums:
    """Adds up the two kinds of rows of an import, by currency."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._duckdb = connection
        self._rule: Cancelling | None = None
        self._sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 2)

    def read(self, cells: Cells, rule: Cancelling | None) -> None:
        """Add a piece of a file; of a format without such a rule nothing."""
        if rule is None or not cells.rows:
            return
        self._rule = rule
        sums = ", ".join(
            f"coalesce(sum(TRY_CAST({rule.amount} AS {_DECIMAL})) "
            f"FILTER ({rule.kind} = {literal(kind)}), 0)"
            for kind in rule.kinds
        )
        kinds = ", ".join(map(literal, rule.kinds))
        sql = (
            f"SELECT coalesce({rule.currency}, ''), {sums} FROM {VIEW} "  # noqa: S608
            f"WHERE {rule.kind} IN ({kinds}) GROUP BY ALL"
        )
        with cells.viewed(self._duckdb, sql):
            rows = self._duckdb.execute(sql).fetchall()
        for currency, *amounts in rows:
            before = self._sums[currency]
            self._sums[currency] = list(map(money.FILE_SUMS.add, before, amounts))

    def note(self, notes: Notes) -> None:
        """Note the currencies in which one kind does not cancel the other."""
        if self._rule is None:
            return
        for currency, amounts in sorted(self._sums.items()):
            off = money.FILE_SUMS.add(*amounts)
            largest = max(map(abs, amounts))
            if abs(off) > money.FILE_SUMS.multiply(largest, _MOST_OFF):
                words = (
                    f"{kind} of {money.to_text(amount)} {currency}".rstrip()
                    for kind, amount in zip(self._rule.kinds, amounts, strict=True)
                )
                notes.add("uncancelled", UNCANCELLED, value=" beside ".join(words))
