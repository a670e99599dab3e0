"""Parquet bills, read in pieces as the text that their CSV would be."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection
from pyarrow import parquet as pq

from costoptix.bills.read import csv_pieces, parquet_pieces
from costoptix.bills.read.cells import Reader
from costoptix.bills.read.columns import arrow
from costoptix.bills.read.parquet_pieces import ParquetPiece, ParquetPieces
from costoptix.errors import Invalid

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
    reader = Reader(duckdb)
    for piece in ParquetPieces(path, duckdb, 12):
        assert piece.table is not None
        assert piece.last - piece.first <= 12
        columns = reader.read(piece).columns
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


def test_a_parquet_file_with_two_columns_of_one_name_is_read(
    duckdb: DuckDBPyConnection, tmp_path: Path
) -> None:
    """DuckDB calls the second one otherwise; Arrow, asked for it by that name, ended the child."""
    path = tmp_path / "file.parquet"
    pq.write_table(pa.table([pa.array(["x"]), pa.array(["y"])], names=["a", "a"]), path)
    (piece,) = ParquetPieces(path, duckdb)
    found = [arrow(column).to_pylist() for column in Reader(duckdb).read(piece).columns]
    assert found == [["x"], ["y"]]
