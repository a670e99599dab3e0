"""What the fast reader reads is what DuckDB's reads, and it reads nothing else."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pytest
from duckdb import ConversionException, DuckDBPyConnection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from costoptix.bills.read import cells
from costoptix.bills.read.cells import NULLS, Cells, Reader, is_regular
from costoptix.bills.read.columns import arrow, encode
from costoptix.bills.read.csv_pieces import REJECTS_TABLE, TextPiece
from costoptix.bills.read.row_errors import drop_rejects

WORDS = st.sampled_from(["a", "bc", ",", '"', '""', "\n", "\r\n", "\r", " ", "NULL", "é", ""])
CELL = st.one_of(
    st.sampled_from(["", "a", "NULL", "null", '""', '"NULL"', '"a,b"', '"a""b"', '"a\nb"', "é"]),
    st.lists(WORDS, max_size=4).map("".join),
)
TEXT = st.lists(st.lists(CELL, min_size=2, max_size=3).map(",".join), min_size=1, max_size=8)
WITHOUT_CHECK = settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@WITHOUT_CHECK
@example(["a,b", '"a""b",c'], "\n")
@example(['"a\r\nb",c', "NULL,"], "\r\n")
@example(['a"b,c"d', "1,2"], "\n")
@example(['"a"b,c', "1,2"], "\n")
@example(["", "1,2"], "\n")
@given(TEXT, st.sampled_from(["\n", "\r\n"]))
def test_a_regular_piece_is_what_python_and_duckdb_read_and_another_is_left_to_duckdb(
    duckdb: DuckDBPyConnection, tmp_path: Path, lines: list[str], end: str
) -> None:
    text = end.join(lines) + end
    piece = TextPiece(text.encode(), 2, 2, tmp_path / "piece.csv")
    table = cells._read_regular(piece)
    if table is None:
        return
    found = [tuple(row.values()) for row in table.to_pylist()]
    records = (record for record in csv.reader(io.StringIO(text, newline="")) if record)
    assert found == [tuple(None if c in NULLS else c for c in record) for record in records]
    if "\n" in text.replace("\r\n", "") and "\r\n" in text:
        return  # DuckDB refuses files in which line ends differ
    assert duckdb.execute(piece.cells()).fetchall() == found
    (rejects,) = duckdb.execute(f"SELECT count(*) FROM {REJECTS_TABLE}").fetchall()
    drop_rejects(duckdb)
    assert rejects == (0,)


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_what_python_writes_is_regular(rows: list[tuple[str, str]], end: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        [cell.replace("\r", "") for cell in row] for row in rows
    )
    assert is_regular(text.getvalue().encode("utf-8", "replace"))


@pytest.mark.parametrize("text", ['a"b,c', '"a"b,c', '"a,b', 'a,"b" ', "a\rb,c", 'a, "b"'])
def test_stray_quotes_and_returns_are_not_regular(text: str) -> None:
    assert not is_regular(text.encode() + b"\n")


def test_a_quote_across_windows_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("costoptix.bills.read.cells._WINDOW_BYTES", 3)
    assert is_regular(b'ab,"c,d""e",f\n"g","h"\n')
    assert not is_regular(b'ab,"c,d"e",f\n"g","h"\n')


def test_columns_that_are_the_same_in_one_piece_are_read_apart_where_they_are_not(
    duckdb: DuckDBPyConnection, tmp_path: Path
) -> None:
    reader = Reader(duckdb)
    for rows in ("a,a,b,1", "b,b,b,2"), ("a,c,b,3", ",a,b,4"), ("d,d,,5", "a,a,a,6"):
        piece = TextPiece("\n".join(rows).encode(), 2, 4, tmp_path / "piece.csv")
        found = zip(*(arrow(each).to_pylist() for each in reader.read(piece).columns), strict=True)
        assert list(found) == [tuple(cell or None for cell in row.split(",")) for row in rows]


def test_an_error_in_sql_over_cells_is_told_and_the_connection_lives(
    duckdb: DuckDBPyConnection,
) -> None:
    cells = Cells([encode(pa.array(["1", "x"]))], 2)
    sql = 'SELECT CAST("c0" AS INTEGER) FROM cells'
    with pytest.raises(ConversionException), cells.viewed(duckdb, sql):
        duckdb.execute(sql).fetchall()
    with cells.viewed(duckdb, sql):
        assert duckdb.execute('SELECT "c0" FROM cells').fetchall() == [("1",), ("x",)]
