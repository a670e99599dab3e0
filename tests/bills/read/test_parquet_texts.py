"""What a Parquet file writes out to is counted by its rows, not by its dictionaries."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection
from pyarrow import parquet

from costoptix.bills.read import parquet_texts
from costoptix.bills.read.parquet_texts import Allowance
from costoptix.errors import Invalid

MEGABYTE = "x" * 1_000_000
COLUMNS = [('a "b', "VARCHAR")]


def dictionary(codes: list[int | None], *texts: str) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(texts))


def test_each_row_counts_what_it_says() -> None:
    table = pa.table({"a": dictionary([0, 1, 1, None], "abc", "x", "unused")})
    assert parquet_texts.written_bytes(table) == 3 + 1 + 1


def test_a_part_is_no_larger_than_two_pieces(tmp_path: Path) -> None:
    source = tmp_path / "sent"
    source.write_bytes(b"\0" * 4_000_000)
    table = pa.table({"a": dictionary([0] * 600, MEGABYTE)})
    parts = list(parquet_texts.parts(table, Allowance(source)))
    assert sum(part.num_rows for part in parts) == 600
    assert all(part.num_rows <= 2 * 68 for part in parts)


def test_what_leads_nowhere_or_is_too_long_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "sent"
    source.touch()
    damaged = pa.DictionaryArray.from_arrays(pa.array([7], pa.int32()), ["a"], safe=False)
    for column, sentence in ((damaged, "damaged"), (dictionary([0], MEGABYTE * 3), "longer")):
        with pytest.raises(Invalid, match=sentence):
            list(parquet_texts.parts(pa.table({"a": column}), Allowance(source)))


def test_what_duckdb_reads_comes_in_ranges_no_larger_than_a_piece(
    tmp_path: Path, duckdb: DuckDBPyConnection
) -> None:
    path = tmp_path / "bill.parquet"
    codes = [0] * 10_000 + [1] * 2_048
    table = pa.table({'a "b': dictionary(codes, "x" * 12_000, "short")})
    parquet.write_table(table, path)
    allowed = Allowance(path)
    with pytest.raises(Invalid, match="250 times"):
        list(parquet_texts.row_ranges(path, COLUMNS, duckdb, allowed))
    few = pa.table({'a "b': dictionary([0] * 4_096, "x" * 12_000, "short")})
    parquet.write_table(few, path)
    ranges = list(parquet_texts.row_ranges(path, COLUMNS, duckdb, Allowance(path)))
    assert ranges == [(0, 4_096)]
