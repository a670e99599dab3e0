"""What is wrong with the rejected rows of a piece: a second look, only when there are any."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from costoptix.bills.casting import CHECKED, MONTH, is_good_sql
from costoptix.bills.parquet import ParquetPiece
from costoptix.bills.pieces import REJECTS_TABLE, TextPiece
from costoptix.bills.reconcile import Group, Ledger
from costoptix.bills.rejections import Rejections, reason, shown
from costoptix.bills.staged import Rejection
from costoptix.costs.layout import METRICS
from costoptix.errors import Invalid

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NOWHERE = Group(None, None, None)
"""The group of a line that is no record: it has no cells that could be read."""

_STRUCTURE = {
    "MISSING COLUMNS": "has fewer cells than the header",
    "TOO MANY COLUMNS": "has more cells than the header",
    "INVALID ENCODING": "is not UTF-8",
    "UNQUOTED VALUE": "has a quote that is never closed, or text after one",
    "LINE SIZE OVER MAXIMUM": "is longer than a row can be",
}


def broken_records(connection: DuckDBPyConnection, piece: TextPiece) -> dict[int, Rejection]:
    """Take the records that the last read of ``piece.cells()`` left out: byte offset → what.

    Raises:
        Invalid: a quote is never closed, so that rows which are not at fault are lost in it.
    """
    sql = f"SELECT line_byte_position, error_type, csv_line FROM {REJECTS_TABLE} ORDER BY ALL"  # noqa: S608
    broken: dict[int, Rejection] = {}
    for position, error, text in connection.execute(sql).fetchall():
        record = text.lstrip("\r\n")
        offset = position - 1 + len(text) - len(record)
        line = piece.line_at(offset)
        if error == "UNQUOTED VALUE" and "\n" in record.rstrip("\r\n"):
            raise Invalid(f"A quote that opens on line {line} does not close: the file is damaged.")
        why = _STRUCTURE.get(error, "is not a record of CSV")
        found = Rejection(line=line, column="", value=shown(record), reason=f"the line {why}")
        broken.setdefault(offset, found)
    drop_rejects(connection)
    return broken


def drop_rejects(connection: DuckDBPyConnection) -> None:
    """Forget what the last reads of ``piece.cells()`` left out."""
    for table in (REJECTS_TABLE, "reject_scans"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")


class Inspector:
    """Names the rejected rows of pieces, and counts them in the ledger."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        mapped: Callable[[str], str],
        ledger: Ledger,
        rejections: Rejections,
        file_name: str | None = None,
    ) -> None:
        self._duckdb = connection
        self._mapped = mapped
        self._ledger = ledger
        self._rejections = rejections
        self._file_name = file_name

    def inspect(self, piece: TextPiece | ParquetPiece, *, has_bad_cells: bool) -> None:
        """Write down every rejected row of a piece that was just read, in file order."""
        broken: dict[int, Rejection] = {}
        if isinstance(piece, TextPiece):
            broken = broken_records(self._duckdb, piece)
        for _ in broken:
            self._ledger.reject(NOWHERE, {})
        found = list(broken.values())
        if has_bad_cells:
            found += self._bad_cells(piece, broken)
        for rejection in sorted(found, key=lambda each: each.line):
            self._rejections.add(rejection.model_copy(update={"file": self._file_name}))

    def forget(self) -> None:
        """Forget what a read that failed has noted."""
        drop_rejects(self._duckdb)

    def _bad_cells(
        self, piece: TextPiece | ParquetPiece, broken: dict[int, Rejection]
    ) -> Iterator[Rejection]:
        without = {each.line for each in broken.values()}
        lines = enumerate(piece.lines(without), start=1)
        number = line = 0
        for record, group, written, cells in self._bad_rows(piece):
            while number < record:
                # Of damaged quotes two readers may count the records differently: then the
                # line is that of the last record that both know.
                number, line = next(lines, (record, line))
            self._ledger.reject(group, written)
            for column, (value, is_good) in zip(CHECKED, cells, strict=True):
                if not is_good:
                    yield Rejection(
                        line=line,
                        column=column.focus_name,
                        value=shown(value),
                        reason=reason(column, value),
                    )

    def _bad_rows(
        self, piece: TextPiece | ParquetPiece
    ) -> Iterator[tuple[int, Group, dict[str, str | None], list[tuple[str | None, bool]]]]:
        checks = ", ".join(f"{column.name}, {is_good_sql((column,))}" for column in CHECKED)
        month = MONTH.replace("billing_period_start", "as_time(billing_period_start)")
        sql = (
            f"SELECT record, {month}, billing_currency, charge_category, "  # noqa: S608
            f"{', '.join(METRICS)}, {checks} FROM ({self._mapped(piece.numbered_cells())}) "
            f"WHERE NOT ({is_good_sql()}) ORDER BY record"
        )
        cursor = self._duckdb.execute(sql)
        while rows := cursor.fetchmany(1_000):
            for row in rows:
                yield _read(row)


def _read(
    row: tuple[Any, ...],
) -> tuple[int, Group, dict[str, str | None], list[tuple[str | None, bool]]]:
    record, month, currency, category, *rest = row
    written = dict(zip(METRICS, rest, strict=False))
    cells = rest[len(METRICS) :]
    known: date | None = month if isinstance(month, date) else None
    return (
        record,
        Group(known, currency, category),
        written,
        list(zip(cells[::2], cells[1::2], strict=True)),
    )
