"""Working an expression out once per distinct cells yields what working it out per row yields."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from duckdb import DuckDBPyConnection

from costoptix.bills.formats import CellUnless, Header, Mapping, Options
from costoptix.bills.read import recognize
from costoptix.bills.read.casting import expressions, mapped_sql
from costoptix.bills.read.cells import Cells, Reader
from costoptix.bills.read.columns import arrow
from costoptix.bills.read.csv_pieces import TextPieces
from costoptix.bills.read.mapping import Mapper
from costoptix.bills.read.nested import NestedReader
from tests.support.bills import DATA
from tests.support.proving import count

BILLS = sorted(
    path
    for path in DATA.rglob("*.csv")
    if {"headers", "containers", "cases"}.isdisjoint(path.parts)
)
CURRENCY = Options(currency="USD")
DIFFERENT = count(small=50, full=1 << 30)
"""Of how many rows those are that repeat: what repeats is worked out once, whatever it is."""


def read(duckdb: DuckDBPyConnection, path: Path, mapping: Mapping, folder: Path) -> list[Cells]:
    pieces = TextPieces(path, folder)
    reader = NestedReader(Reader(duckdb), pieces.header, mapping.nested)
    return [reader.read(piece) for piece in pieces]


@pytest.mark.parametrize("times", [1, 40], ids=["rows that differ", "rows that repeat"])
@pytest.mark.parametrize("path", BILLS, ids=lambda path: path.stem)
def test_the_columns_of_every_format_are_those_that_its_sql_yields(
    duckdb: DuckDBPyConnection, path: Path, times: int, tmp_path: Path
) -> None:
    header = TextPieces(path, tmp_path).header
    format_ = _recognized(header)
    if format_ is None:
        return
    mapping = format_.mapping(header, CURRENCY)
    sql = expressions(mapping, CURRENCY)
    width = len(header.names) + len(mapping.nested)
    mapper = Mapper(duckdb, sql, mapping.relation, width)
    whole = mapped_sql(sql, mapping.relation)
    for piece in read(duckdb, path, mapping, tmp_path):
        rows = piece.rows if times == 1 else min(piece.rows, DIFFERENT)
        cells = piece.take(np.tile(np.arange(rows), times))
        text = mapper.text(cells)
        columns = [arrow(text.columns[name]).to_pylist() for name in sql]
        with cells.viewed(duckdb, whole):
            expected = duckdb.execute(whole).fetchall()
        assert Counter(zip(*columns, text.records.tolist(), strict=True)) == Counter(expected)


def test_a_cell_that_is_other_text_where_it_has_a_mark_is_asked_only_then(
    duckdb: DuckDBPyConnection,
) -> None:
    from costoptix.bills.read.columns import encode, pa

    sql = {"time": CellUnless('"c0"', "/", "true", "'read'")}
    for texts, expected in (["a", None], ["a", None]), (["a", "1/2"], ["a", "read"]):
        cells = Cells([encode(pa.array(texts))], 2)
        text = Mapper(duckdb, sql, Mapping({}).relation, 1).text(cells)
        assert arrow(text.columns["time"]).to_pylist() == expected
        assert (text.columns["time"] is cells.columns[0]) == ("1/2" not in texts)


def _recognized(header: Header):
    try:
        return recognize.recognize(header, CURRENCY)
    except recognize.Invalid:
        return None


def test_rows_that_a_relation_splits_and_mixes_keep_their_cells(
    duckdb: DuckDBPyConnection,
) -> None:
    from costoptix.bills.read.columns import encode, pa

    cells = Cells([encode(pa.array(["a", "b", "c"])), encode(pa.array(["1", "2", "2"]))], 3)
    relation = (
        "SELECT cells.*, unnest(['x', 'y']) AS part FROM cells ORDER BY part DESC, record DESC"
    )
    mapping = Mapping({}, relation)
    sql = {"one": '"c0"', "two": "\"c1\" || '!'", "three": 'part || "c0"', "four": "'k'"}
    text = Mapper(duckdb, sql, mapping.relation, 2).text(cells)
    found = zip(*(arrow(text.columns[name]).to_pylist() for name in sql), strict=True)
    assert text.records.tolist() == [0, 0, 1, 1, 2, 2]
    assert sorted(found) == [
        ("a", "1!", "xa", "k"), ("a", "1!", "ya", "k"), ("b", "2!", "xb", "k"),
        ("b", "2!", "yb", "k"), ("c", "2!", "xc", "k"), ("c", "2!", "yc", "k"),
    ]  # fmt: skip
