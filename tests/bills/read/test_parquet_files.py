"""Columns come out of the lake's files as they went in, in batches of whole row groups."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from costoptix.bills.read import parquet_files
from costoptix.bills.read.columns import Column, arrow, encode

texts = st.lists(st.none() | st.text(max_size=6), min_size=1, max_size=30)


def columns_of(values: list[str | None]) -> dict[str, Column]:
    amounts = pa.array([Decimal(n).scaleb(-18) for n in range(len(values))], pa.decimal128(38, 18))
    return {"service_name": encode(pa.array(values, pa.string())), "billed_cost": amounts}


def read_all(paths: list[Path]) -> list[tuple[object, ...]]:
    names = ("service_name", "billed_cost")
    found: list[tuple[object, ...]] = []
    for columns, count in parquet_files.read(paths, names, {"service_name"}):
        batch = list(zip(*(arrow(columns[name]).to_pylist() for name in names), strict=True))
        assert len(batch) == count <= parquet_files.BATCH_ROWS
        found += batch
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts, st.randoms())
def test_rows_are_written_in_the_order_asked_for(
    tmp_path: Path, values: list[str | None], random
) -> None:
    path, columns = tmp_path / "a.parquet", columns_of(values)
    rows = list(range(len(values)))
    random.shuffle(rows)
    size = parquet_files.write(path, columns, np.array(rows))
    assert size == path.stat().st_size
    amounts = arrow(columns["billed_cost"]).to_pylist()
    assert read_all([path]) == [(values[row], amounts[row]) for row in rows]


def test_files_follow_each_other_and_their_values_are_numbered_as_one(tmp_path: Path) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, values in zip(paths, (["x", None], ["y", "x"]), strict=True):
        parquet_files.write(path, columns_of(values), np.arange(2))
    assert [text for text, _ in read_all(paths)] == ["x", None, "y", "x"]


def test_more_rows_than_a_batch_holds_come_in_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "ROW_GROUP_ROWS", 4)
    monkeypatch.setattr(parquet_files, "BATCH_ROWS", 8)
    path, values = tmp_path / "a.parquet", [str(number) for number in range(21)]
    parquet_files.write(path, columns_of(values), np.arange(21))
    assert [text for text, _ in read_all([path])] == values
    counts = [n for _, n in parquet_files.read([path], ["billed_cost"], ())]
    assert counts == [8, 8, 5]


def test_only_the_columns_that_files_are_sorted_by_have_statistics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "FEW_ROWS", 1)
    path = tmp_path / "a.parquet"
    parquet_files.write(path, columns_of(["x", "y"]), np.arange(2))
    group = parquet.ParquetFile(path).metadata.row_group(0)
    has = {group.column(n).path_in_schema: group.column(n).is_stats_set for n in range(2)}
    assert has == {"service_name": True, "billed_cost": False}


def test_a_column_without_any_value_is_null(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet_files.write(path, columns_of([None, None]), np.arange(2))
    assert [text for text, _ in read_all([path])] == [None, None]
