"""Reads what a file holds beside its charges: facts of its dataset, numbers and export times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from costoptix.bills.formats import CELLS, Format, Header
from costoptix.bills.formats.expressions import instant
from costoptix.bills.read.cells import VIEW, Cells
from costoptix.bills.read.columns import Column, Rows, take
from costoptix.bills.read.mapping import Mapper
from costoptix.bills.read.staged import Batch, Exported

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ORDER = "row_order"


class FileFacts:
    """One file, read piece by piece: what holds of any row, and from where to where rows go."""

    def __init__(self, connection: DuckDBPyConnection, format_: Format, header: Header) -> None:
        self._duckdb = connection
        conditions = {} if format_.datasets is None else format_.datasets.facts
        self.facts = dict.fromkeys(conditions, False)
        self._conditions = [sql(header) for sql in conditions.values()]
        self._number, exported = format_.number(header), format_.exported(header)
        self._says_nothing = not self._conditions and self._number == exported == "NULL"
        self._exported = instant(exported)
        # As an instant: a table and its CSV export spell it differently.
        order = self._number if exported == "NULL" else f"CAST({self._exported} AS VARCHAR)"
        self._order = Mapper(connection, {_ORDER: order}, CELLS, len(header.names))
        self._numbers: tuple[str, str] | None = None
        self._times: tuple[datetime, datetime] | None = None
        self._is_whole = True

    def read(self, cells: Cells) -> None:
        """Take note of one more piece."""
        if self._says_nothing or not cells.rows:
            return
        columns = [
            *(f"coalesce(bool_or({condition}), false)" for condition in self._conditions),
            f"min({self._number}), max({self._number})",
            f"min({self._exported}), max({self._exported})",
            f"count(*) = count({self._exported})",
        ]
        sql = f"SELECT {', '.join(columns)} FROM {VIEW}"  # noqa: S608
        with cells.viewed(self._duckdb, sql):
            (row,) = self._duckdb.execute(sql).fetchall()
        *facts, first, last, earliest, latest, is_whole = row
        for name, holds in zip(self.facts, facts, strict=True):
            self.facts[name] |= holds
        self._is_whole &= is_whole
        if first is not None:
            before = self._numbers or (first, last)
            self._numbers = min(before[0], first), max(before[1], last)
        if earliest is not None:
            times = self._times or (earliest, latest)
            self._times = min(times[0], earliest), max(times[1], latest)

    def order(self, cells: Cells, records: Rows) -> Column:
        """Return what a growing table orders its rows by, of charges of these rows of the cells.

        NULL where the format writes months anew.
        """
        return take(self._order.text(cells).columns[_ORDER], records)

    def batch(self, file_name: str) -> Batch | None:
        """Return the file as rows that add to others; None where its format writes months anew."""
        if self._numbers is None:
            return None
        return Batch(file_name=file_name, numbers=self._numbers)

    @property
    def exported(self) -> Exported | None:
        """Return when the rows were exported; None unless every row says it."""
        if self._times is None or not self._is_whole:
            return None
        first, last = (time.replace(tzinfo=UTC) for time in self._times)
        return Exported(first=first, last=last)
