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
from pyarrow import parquet as pq

from costoptix.bills.read import cells, csv_pieces, parquet_pieces
from costoptix.bills.read.cells import NULLS, Cells, Reader, is_regular
from costoptix.bills.read.columns import arrow, encode
from costoptix.bills.read.csv_pieces import REJECTS_TABLE, TextPiece
from costoptix.bills.read.parquet_pieces import ParquetPiece, ParquetPieces
from costoptix.bills.read.row_errors import drop_rejects
from costoptix.errors import Invalid

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


KINDS = """
    SELECT i::VARCHAR AS text, CASE WHEN i % 3 = 0 THEN 'NULL' WHEN i % 3 = 1 THEN '' ELSE 'x' END
        AS word, i / 8.0 AS number, (i * 1.10)::DECIMAL(20, 10) AS decimal, i % 2 = 0 AS flag,
        TIMESTAMP '2026-01-01' + to_hours(i) AS time, DATE '2026-01-01' AS day,
        TIMESTAMPTZ '2026-01-01 10:00:00+02' AS instant, map {'k': i::VARCHAR, 'l': NULL} AS map,
        {'a': i, 'b': [1, 2]} AS struct, [i, NULL] AS list, NULL::VARCHAR AS nothing,
        '\\xC3\\xA9a'::BLOB AS bytes, i::TINYINT AS tiny
    FROM range(100) AS numbers(i)
"""


@pytest.mark.parametrize("bytes_at_once", [1, 3_000, 64 << 20])
@pytest.mark.parametrize("row_group", [10, 40, 1_000])
def test_a_parquet_file_is_the_same_text_however_it_is_read(
    duckdb: DuckDBPyConnection,
    tmp_path: Path,
    row_group: int,
    bytes_at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "file.parquet"
    duckdb.execute(f"COPY ({KINDS}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {row_group})")
    monkeypatch.setattr(csv_pieces, "PIECE_ROWS", 15)
    monkeypatch.setattr(parquet_pieces, "_BYTES", bytes_at_once)
    found, expected = [], []
    for piece in ParquetPieces(path, duckdb, 12):
        assert piece.table is not None
        assert piece.last - piece.first <= 12
        columns = Reader(duckdb).read(piece).columns
        found += zip(*(arrow(each).to_pylist() for each in columns), strict=True)
        expected += duckdb.execute(piece.cells()).fetchall()
    assert found == expected
    assert len(found) == 100


def test_a_parquet_file_with_a_very_large_column_is_left_to_duckdb(
    duckdb: DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.parquet"
    duckdb.execute(f"COPY ({KINDS}) TO '{path}' (FORMAT parquet)")
    monkeypatch.setattr(parquet_pieces, "MAX_CHUNK_BYTES", 10)
    (piece,) = ParquetPieces(path, duckdb)
    assert piece.table is None
    assert (piece.first, piece.last) == (0, 100)
    assert Reader(duckdb).read(piece).rows == 100


def test_columns_that_are_the_same_in_one_piece_are_read_apart_where_they_are_not(
    duckdb: DuckDBPyConnection, tmp_path: Path
) -> None:
    reader = Reader(duckdb)
    for rows in ("a,a,b,1", "b,b,b,2"), ("a,c,b,3", ",a,b,4"), ("d,d,,5", "a,a,a,6"):
        piece = TextPiece("\n".join(rows).encode(), 2, 4, tmp_path / "piece.csv")
        found = zip(*(arrow(each).to_pylist() for each in reader.read(piece).columns), strict=True)
        assert list(found) == [tuple(cell or None for cell in row.split(",")) for row in rows]


def test_a_parquet_text_that_is_not_utf8_refuses_the_file(
    duckdb: DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "file.parquet"
    content = pa.array([b"good", b"b\xffd"]).cast(pa.string(), safe=False)
    pq.write_table(pa.table({"a": content}), path, store_schema=False)
    (piece,) = ParquetPieces(path, duckdb)
    with pytest.raises(Invalid, match="damaged"):
        Reader(duckdb).read(piece)


def test_a_parquet_number_that_leads_to_no_value_refuses_the_file(
    duckdb: DuckDBPyConnection, tmp_path: Path
) -> None:
    codes = pa.array([0, 7], pa.int32())
    wrong = pa.DictionaryArray.from_arrays(codes, pa.array(["a"]), safe=False)
    piece = ParquetPiece(tmp_path, [("a", "VARCHAR")], 0, 2, pa.table({"c0": wrong}))
    with pytest.raises(Invalid, match="damaged"):
        Reader(duckdb).read(piece)


def test_a_parquet_dictionary_that_says_a_value_twice_is_read_as_one(
    duckdb: DuckDBPyConnection, tmp_path: Path
) -> None:
    twice = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 0]), pa.array(["a", "b", "a"]))
    piece = ParquetPiece(tmp_path, [("a", "VARCHAR")], 0, 4, pa.table({"c0": twice}))
    (column,) = Reader(duckdb).read(piece).columns
    assert arrow(column).to_pylist() == ["a", "b", "a", "a"]
    assert arrow(column).dictionary.to_pylist() == ["a", "b"]


def test_an_error_in_sql_over_cells_is_told_and_the_connection_lives(
    duckdb: DuckDBPyConnection,
) -> None:
    cells = Cells([encode(pa.array(["1", "x"]))], 2)
    sql = 'SELECT CAST("c0" AS INTEGER) FROM cells'
    with pytest.raises(ConversionException), cells.viewed(duckdb, sql):
        duckdb.execute(sql).fetchall()
    with cells.viewed(duckdb, sql):
        assert duckdb.execute('SELECT "c0" FROM cells').fetchall() == [("1",), ("x",)]


def test_a_parquet_file_with_two_columns_of_one_name_is_read(
    duckdb: DuckDBPyConnection, tmp_path: Path
) -> None:
    """DuckDB calls the second one otherwise; Arrow, asked for it by that name, ended the child."""
    path = tmp_path / "file.parquet"
    pq.write_table(pa.table([pa.array(["x"]), pa.array(["y"])], names=["a", "a"]), path)
    (piece,) = ParquetPieces(path, duckdb)
    found = [arrow(column).to_pylist() for column in Reader(duckdb).read(piece).columns]
    assert found == [["x"], ["y"]]
