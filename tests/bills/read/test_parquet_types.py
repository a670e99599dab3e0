"""The types in which writers of Parquet put their texts: all of them are the same text here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection
from pyarrow import parquet as pq

from costoptix.bills.formats import Options
from costoptix.bills.read import parquet_pieces
from costoptix.bills.read.cells import Reader
from costoptix.bills.read.columns import arrow
from costoptix.bills.read.load import load
from costoptix.bills.read.parquet_pieces import ParquetPieces
from costoptix.errors import Invalid

TEXTS = ["é", None, "a – b", "é", "x" * 40]
WRITTEN: dict[str, Callable[[pa.Array], pa.Array]] = {
    "large text": lambda texts: texts.cast(pa.large_string()),
    "view of text": lambda texts: texts.cast(pa.string_view()),
    "bytes": lambda texts: texts.cast(pa.binary()),
    "large bytes": lambda texts: texts.cast(pa.large_binary()),
    "view of bytes": lambda texts: texts.cast(pa.binary()).cast(pa.binary_view()),
    "numbered text": lambda texts: texts.dictionary_encode(),
    "numbered bytes": lambda texts: texts.cast(pa.binary()).dictionary_encode(),
}


@pytest.mark.parametrize("largest_chunk", [1, 1 << 20], ids=["by DuckDB", "by Arrow"])
@pytest.mark.parametrize("stores_schema", [True, False])
@pytest.mark.parametrize("written", WRITTEN)
def test_a_text_is_the_same_however_it_is_written(
    duckdb: DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: str,
    stores_schema: bool,
    largest_chunk: int,
) -> None:
    monkeypatch.setattr(parquet_pieces, "MAX_CHUNK_BYTES", largest_chunk)
    path = tmp_path / "bill.parquet"
    column = WRITTEN[written](pa.array(TEXTS))
    pq.write_table(pa.table({"text": column}), path, store_schema=stores_schema)
    (piece,) = ParquetPieces(path, duckdb)
    assert (piece.table is None) == (largest_chunk == 1)
    (cells,) = Reader(duckdb).read(piece).columns
    assert arrow(cells).to_pylist() == TEXTS


def bill(path: Path, skus: pa.Array) -> Path:
    """Write a small FOCUS bill with these SKUs."""
    rows = len(skus)
    same = {
        "ProviderName": "AWS", "BillingAccountId": "1", "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-01-01T00:00:00Z", "BillingPeriodEnd": "2026-02-01T00:00:00Z",
        "ChargePeriodStart": "2026-01-01T00:00:00Z", "ChargePeriodEnd": "2026-01-02T00:00:00Z",
        "ChargeCategory": "Usage", "ServiceName": "S3", "BilledCost": "1", "EffectiveCost": "1",
    }  # fmt: skip
    pq.write_table(pa.table({n: [v] * rows for n, v in same.items()} | {"SkuId": skus}), path)
    return path


@pytest.mark.parametrize("largest_chunk", [1, 1 << 20], ids=["by DuckDB", "by Arrow"])
@pytest.mark.parametrize("is_numbered", [True, False])
def test_bytes_that_are_no_text_are_written_in_hexadecimal(
    duckdb: DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_numbered: bool,
    largest_chunk: int,
) -> None:
    monkeypatch.setattr(parquet_pieces, "MAX_CHUNK_BYTES", largest_chunk)
    column = pa.array([b"abc", b"\xff\xfe", None, "é".encode()])
    path = tmp_path / "bill.parquet"
    pq.write_table(pa.table({"x": column.dictionary_encode() if is_numbered else column}), path)
    (piece,) = ParquetPieces(path, duckdb)
    (cells,) = Reader(duckdb).read(piece).columns
    assert arrow(cells).to_pylist() == ["abc", "FFFE", None, "é"]


def test_bytes_of_one_length_are_text_too_and_long_ones_are_refused(tmp_path: Path) -> None:
    short = bill(tmp_path / "short.parquet", pa.array([b"abc", None], pa.binary(3)))
    staged = load(short, tmp_path, Options(), lambda _progress: None)
    assert (staged.rows_kept, staged.rows_rejected) == (2, 0)
    long = bill(tmp_path / "long.parquet", pa.array([b"a" * 100], pa.binary(100)))
    with pytest.raises(Invalid, match="'SkuId' holds values of 100 bytes"):
        load(long, tmp_path, Options(), lambda _progress: None)
