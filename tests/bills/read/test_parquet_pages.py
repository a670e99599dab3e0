"""What pages unpack to is read from their own headers, whoever wrote them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from costoptix.bills.read import parquet_pages
from costoptix.errors import Invalid

ROWS = 30_000
SMALL_BYTES = 10_000
"""Of a column of less, the headers are most."""
TABLE = pa.table(
    {
        "text": pa.array([f"resource-{number % 700}" for number in range(ROWS)]),
        "distinct": pa.array([f"{number:x}" * 3 for number in range(ROWS)]),
        "amount": pa.array([number / 7 for number in range(ROWS)]),
        "nothing": pa.nulls(ROWS, pa.string()),
        "tags": pa.array([[("a", "b")] * (number % 3) for number in range(ROWS)],
                         pa.map_(pa.string(), pa.string())),
    }
)  # fmt: skip


def by_arrow(path: Path, version: str, compression: str) -> None:
    parquet.write_table(
        TABLE, path, data_page_version=version, compression=compression, row_group_size=7_000,
        data_page_size=5_000, write_page_checksum=True,
    )  # fmt: skip


def by_duckdb(path: Path, version: str, compression: str) -> None:
    rows = TABLE.drop_columns(["tags"])
    assert len(rows) == ROWS
    duckdb.sql(
        f"COPY rows TO '{path}' (FORMAT parquet, COMPRESSION {compression}, "
        f"PARQUET_VERSION v{version[0]}, ROW_GROUP_SIZE 8192)"
    )


@pytest.mark.parametrize("write", [by_arrow, by_duckdb])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip"])
def test_the_headers_of_pages_add_up_to_what_an_honest_footer_says(
    tmp_path: Path, write: object, version: str, compression: str
) -> None:
    path = tmp_path / "bill.parquet"
    assert callable(write)
    write(path, version, compression)
    metadata = parquet.read_metadata(path)
    groups = parquet_pages.read_chunks(path, metadata)
    assert len(groups) == metadata.num_row_groups
    for number, chunks in enumerate(groups):
        group = metadata.row_group(number)
        for column, chunk in enumerate(chunks):
            footer = group.column(column)
            assert chunk.values == footer.num_values
            if footer.total_uncompressed_size > SMALL_BYTES:
                assert chunk.unpacked_bytes > 0.8 * footer.total_uncompressed_size
            assert chunk.largest_page_bytes <= chunk.unpacked_bytes
            assert chunk.unpacked_bytes <= footer.total_uncompressed_size


def test_headers_that_are_damaged_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bill.parquet"
    by_arrow(path, "1.0", "zstd")
    metadata = parquet.read_metadata(path)
    content = bytearray(path.read_bytes())
    for damage in (
        b"\xff" * 64,
        b"\x1c" * 64,
        b"\x00" * 64,
        b"\x19" * 64,
        b"\x18\xff\xff\x7f" * 16,
    ):
        path.write_bytes(content[:4] + damage + content[4 + len(damage) :])
        with pytest.raises(Invalid, match="damaged"):
            parquet_pages.read_chunks(path, metadata)
