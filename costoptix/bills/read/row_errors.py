"""What is wrong with the rejected rows of a piece: a second look, only when there are any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from costoptix.bills.read import vocabularies
from costoptix.bills.read.cast_charges import Charges
from costoptix.bills.read.casting import CHECKED, CURRENCY, is_good_sql
from costoptix.bills.read.cells import Cells
from costoptix.bills.read.columns import Rows
from costoptix.bills.read.csv_pieces import REJECTS_TABLE, TextPiece
from costoptix.bills.read.notes import Noted, Notes, Place
from costoptix.bills.read.parquet_pieces import ParquetPiece
from costoptix.bills.read.reconcile import Ledger, ReconciledGroup, Unreconciled
from costoptix.bills.read.rejections import Rejections, has_decimal_comma, reason, shown
from costoptix.bills.read.staged import Rejection
from costoptix.errors import Invalid
from costoptix.lake.charges import Column
from costoptix.lake.layout import METRICS
from costoptix.periods import BillingPeriod

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NOWHERE = ReconciledGroup(None, None, None)
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
        rejection = Rejection(line=line, column="", value=shown(record), reason=f"the line {why}")
        broken.setdefault(offset, rejection)
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
        mapped: str,
        ledger: Ledger,
        rejections: Rejections,
        notes: Notes,
        file_name: str | None = None,
    ) -> None:
        self._duckdb = connection
        self._mapped = mapped  # the SELECT of the charge columns as text, from cells
        self._ledger = ledger
        self._rejections = rejections
        self._notes = notes
        self._file_name = file_name

    def inspect(self, piece: TextPiece | ParquetPiece, cells: Cells, charges: Charges) -> None:
        """Write down every rejected row of a piece that was just read, in file order; then notes.

        Raises:
            Invalid: an amount has a decimal comma.
            Unreconciled: they are not as many as were left out.
        """
        broken: dict[int, Rejection] = {}
        if isinstance(piece, TextPiece) and not cells.is_regular:
            broken = broken_records(self._duckdb, piece)
        for _ in broken:
            self._ledger.count(rejected=1)
            self._ledger.reject(NOWHERE, dict.fromkeys(METRICS, ""))
        rejections = list(broken.values())
        if charges.rejected:
            lines = _lines(piece, charges.rejected_records, broken.values())
            rejections += self._bad_cells(
                cells.take(charges.rejected_records), lines, charges.rejected
            )
        for rejection in sorted(rejections, key=lambda rejection: rejection.line):
            self._rejections.add(rejection.model_copy(update={"file": self._file_name}))
        if (amount := charges.with_comma) is not None:
            (line,) = _lines(piece, np.array([amount.record]), broken.values())
            raise Invalid(_decimal_comma(line, amount.column, amount.text))
        for noted in (*cells.noted, *charges.noted):
            records = np.setdiff1d(noted.records, charges.rejected_records)
            if len(records):
                self._note(piece, noted, records, broken.values())

    def _note(
        self,
        piece: TextPiece | ParquetPiece,
        noted: Noted,
        records: Rows,
        broken: Iterable[Rejection],
    ) -> None:
        lacking = self._notes.lacks_places(noted.kind, noted.value)
        lines = _lines(piece, records[:lacking], broken)
        self._notes.add(
            noted.kind,
            noted.sentence,
            rows=len(records),
            places=[Place(line, self._file_name) for line in lines],
            value=noted.value,
        )

    def forget(self) -> None:
        """Forget what a read that failed has noted."""
        drop_rejects(self._duckdb)

    def _bad_cells(self, cells: Cells, lines: Sequence[int], expected: int) -> Iterator[Rejection]:
        rejected = 0
        for record, group, written, checked in self._bad_rows(cells):
            rejected += 1
            self._ledger.reject(group, written)
            for column, (value, is_good) in zip(CHECKED, checked, strict=True):
                if not is_good:
                    if has_decimal_comma(column, value):
                        raise Invalid(_decimal_comma(lines[record], column, value))
                    yield Rejection(
                        line=lines[record],
                        column=column.focus_name,
                        value=shown(value),
                        reason=reason(column, value),
                    )
        if rejected != expected:
            raise Unreconciled(f"{expected} rows were left out, {rejected} are named")

    def _bad_rows(
        self, cells: Cells
    ) -> Iterator[
        tuple[int, ReconciledGroup, dict[str, str | None], list[tuple[str | None, bool]]]
    ]:
        checks = ", ".join(f"{column.name}, {is_good_sql((column,))}" for column in CHECKED)
        period = ", ".join(
            f"CASE WHEN is_in_time(as_time({name})) THEN as_time({name}) END"
            for name in ("billing_period_start", "billing_period_end")
        )
        sql = (
            f"SELECT record, {period}, as_currency({CURRENCY}), charge_category, "  # noqa: S608
            f"{', '.join(METRICS)}, {checks} FROM ({self._mapped}) ORDER BY record"
        )
        with cells.viewed(self._duckdb, sql):
            rows = self._duckdb.execute(sql).fetchall()
        return map(_read, rows)


def _decimal_comma(line: int, column: Column, value: str | None) -> str:
    """Say why the whole file is refused: what it means by 1.234 could only be guessed."""
    return (
        f"Line {line}: {column.focus_name} “{shown(value)}” has a decimal comma. Amounts are read "
        "with a decimal point only, like 1234.56: export the bill so, or replace the commas."
    )


def _lines(
    piece: TextPiece | ParquetPiece, records: Rows, broken: Iterable[Rejection]
) -> list[int]:
    """Return the line on which each of some records, in order, begins."""
    lines: list[int] = []
    number, line = -1, piece.first_line
    line_numbers = piece.lines({rejection.line for rejection in broken})
    for record in records.tolist():
        while number < record:
            # Of damaged quotes two readers may count the records differently: then the line is
            # that of the last record that both know.
            number, line = number + 1, next(line_numbers, line)
        lines.append(line)
    return lines


def _read(
    row: tuple[Any, ...],
) -> tuple[int, ReconciledGroup, dict[str, str | None], list[tuple[str | None, bool]]]:
    record, start, end, currency, category, *rest = row
    written = dict(zip(METRICS, rest, strict=False))
    cells = rest[len(METRICS) :]
    return (
        record,
        ReconciledGroup(
            _period(start, end), currency, vocabularies.word("charge_category", category)
        ),
        written,
        list(zip(cells[::2], cells[1::2], strict=True)),
    )


def _period(start: datetime | None, end: datetime | None) -> BillingPeriod | None:
    return None if start is None else BillingPeriod.between(start, end)
