"""Cells → the columns of the charge table, still as text: what a format's mapping says.

A column that is a cell is that cell. Every other expression is worked out once per distinct
combination of the cells that it names, by DuckDB. Where a format's relation joins or splits rows,
what names its columns is worked out per row.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import compute

from costoptix.bills.formats import CELLS, CellUnless, identifier
from costoptix.bills.read import engine
from costoptix.bills.read.cells import RECORD, VIEW, Cells, named_columns
from costoptix.bills.read.columns import (
    Coded,
    Column,
    Rows,
    coded,
    constant,
    encode,
    few_distinct,
    hardly_repeats,
    one_array,
    take,
)
from costoptix.bills.read.other_columns import other_columns
from costoptix.lake.charges import OTHER_COLUMNS
from costoptix.lake.layout import METRICS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CELL = re.compile(r'"c(\d+)"')
_CONSTANT = re.compile(r"'([^']*)'")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Text:
    """The columns of the charge table as text; amounts perhaps as decimals."""

    columns: Mapping[str, Column]
    records: Rows  # the row of the cells that each row is of

    @property
    def rows(self) -> int:
        """Return how many rows there are."""
        return len(self.records)


class Mapper:
    """Applies the expressions of one file's mapping to its pieces."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        expressions: Mapping[str, str],
        relation: str,
        width: int,
        others: Mapping[str, int] | None = None,
    ) -> None:
        """Prepare; ``others`` are the names and positions of the cells that no expression names."""
        self._duckdb = connection
        self._relation = None if relation == CELLS else relation
        self._constants: dict[str, str | None] = {}
        self._others = others
        self._cells: dict[str, int] = {}
        self._unless: dict[str, tuple[int, str]] = {}  # cells as they are, but for a mark in them
        self._joined: dict[str, str] = {}  # what names columns that the relation adds
        self._computed: defaultdict[tuple[int, ...], dict[str, str]] = defaultdict(dict)
        added = self._added(width)
        for name, sql in expressions.items():
            if sql == "NULL":
                self._constants[name] = None
            elif match := _CONSTANT.fullmatch(sql):
                self._constants[name] = match[1]
            elif match := _CELL.fullmatch(sql):
                self._cells[name] = int(match[1])
            elif not added.isdisjoint(_WORD.findall(sql)):
                self._joined[name] = sql
            else:
                self._computed[tuple(named_columns(sql))][name] = sql
                if isinstance(sql, CellUnless) and (match := _CELL.fullmatch(sql.cell)):
                    self._unless[name] = int(match[1]), sql.mark
        self._related = _related(self._computed)

    def _added(self, width: int) -> set[str]:
        """Return the columns that the relation has beside the cells."""
        if self._relation is None:
            return set()
        names = [*(identifier(number) for number in range(width)), RECORD]
        cells = ", ".join(f"NULL AS {name}" for name in names)
        sql = f"WITH {VIEW} AS (SELECT {cells}) SELECT * FROM ({self._relation}) LIMIT 0"  # noqa: S608
        columns = set(engine.table(self._duckdb, sql).column_names)
        return columns - {name.strip('"') for name in names}

    def text(self, cells: Cells) -> Text:
        """Return every column of the charge table as text."""
        columns: dict[str, Column] = {}
        records = None  # one row each
        if self._relation is not None:
            records, joined = self._work_out(cells, self._joined, self._relation)
            columns |= {name: _column(text) for name, text in joined.items()}
        rows = np.arange(cells.rows) if records is None else records
        as_they_are = self._cells | self._unmarked(cells)
        for numbers, groups in self._related.items():
            if all(self._computed[group].keys() <= as_they_are.keys() for group in groups):
                continue
            computed = self._computed_of(cells, numbers, groups)
            columns |= {name: _of(column, records) for name, column in computed.items()}
        columns |= {
            name: _of(cells.columns[number], records) for name, number in as_they_are.items()
        }
        if self._others is not None:
            columns[OTHER_COLUMNS] = _of(other_columns(cells, self._others), records)
        columns |= {name: constant(value, len(rows)) for name, value in self._constants.items()}
        return Text(columns, rows)

    def _unmarked(self, cells: Cells) -> dict[str, int]:
        """Return the columns that are a cell as it is, since no value of it has the mark."""
        return {
            name: number
            for name, (number, mark) in self._unless.items()
            if not _is_in(cells.columns[number], mark)
        }

    def _computed_of(
        self, cells: Cells, numbers: Sequence[int], groups: Sequence[tuple[int, ...]]
    ) -> dict[str, Column]:
        """Work expressions out per distinct combination of the cells that they name.

        Together those that name some of the same cells, where that makes few combinations.
        """
        kinds = few_distinct([cells.columns[number] for number in numbers], cells.rows)
        if kinds is None and len(groups) > 1:
            per_group = (self._computed_of(cells, group, [group]) for group in groups)
            return {name: column for columns in per_group for name, column in columns.items()}
        expressions = {name: sql for group in groups for name, sql in self._computed[group].items()}
        if kinds is None:
            _, texts = self._work_out(cells, expressions, VIEW)
            return {name: _column(text) for name, text in texts.items()}
        _, texts = self._work_out(cells.take(kinds.firsts, numbers), expressions, VIEW)
        rows = kinds.codes.astype(np.int64)
        return {name: coded(_column(text)).take(rows) for name, text in texts.items()}

    def _work_out(
        self, cells: Cells, expressions: Mapping[str, str], relation: str
    ) -> tuple[Rows, dict[str, pa.ChunkedArray]]:
        """Return the row of the cells that each row comes from, in order, and the texts."""
        selected = _selected(expressions.items())
        sql = f"SELECT {RECORD}{selected} FROM ({_from(relation)})"  # noqa: S608
        with cells.viewed(self._duckdb, sql):
            table = engine.table(self._duckdb, sql)
        rows = np.asarray(table.column(0), dtype=np.int64)
        if not (np.diff(rows) >= 0).all():
            in_order = np.argsort(rows, kind="stable")
            table, rows = table.take(pa.array(in_order)), rows[in_order]
        return rows, {name: table.column(name) for name in expressions}


def amount_cells(expressions: Mapping[str, str]) -> frozenset[int]:
    """Return the positions of the cells that are amounts, and no other column, as they are."""
    of_cells = {
        name: int(match[1]) for name, sql in expressions.items() if (match := _CELL.fullmatch(sql))
    }
    amounts = {of_cells[metric] for metric in METRICS if metric in of_cells}
    return frozenset(amounts - {cell for name, cell in of_cells.items() if name not in METRICS})


def _related(
    groups: Iterable[tuple[int, ...]],
) -> dict[tuple[int, ...], list[tuple[int, ...]]]:
    """Put groups of cells together that have some in common: all of theirs → these groups."""
    related: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for group in groups:
        touching = [numbers for numbers in related if not set(numbers).isdisjoint(group)]
        joined = [tied for numbers in touching for tied in related.pop(numbers)]
        numbers = tuple(sorted({*group, *(one for tied in joined for one in tied)}))
        related[numbers] = [*joined, group]
    return related


def _from(relation: str) -> str:
    return f"SELECT * FROM {VIEW}" if relation == VIEW else relation  # noqa: S608


def _selected(expressions: Iterable[tuple[str, str]]) -> str:
    return "".join(f", CAST({sql} AS VARCHAR) AS {name}" for name, sql in expressions)


def _column(text: pa.ChunkedArray) -> Column:
    if text.null_count == len(text):
        return constant(None, len(text))
    column = encode(text)
    return one_array(text) if hardly_repeats(column) else column


def _is_in(column: Column, mark: str) -> bool:
    values = column.values if isinstance(column, Coded) else column
    return bool(compute.any(compute.match_substring(values, mark)).as_py())


def _of(column: Column, rows: Rows | None) -> Column:
    return column if rows is None else take(column, rows)
