"""Members of JSON objects as columns, and Parquet in bounded memory."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from costoptix.costs import custom_columns
from costoptix.costs.custom_columns import csv_line, members, write_parquet

CELL = st.none() | st.text(st.sampled_from('a,"\n\r é'), min_size=1)


@given(st.lists(CELL, min_size=1))
def test_a_line_is_read_as_the_cells_that_it_was_written_of(cells: list[str | None]) -> None:
    (row,) = csv.reader(io.StringIO("first" + csv_line(cells) + "\n", newline=""))
    assert row == ["first", *(cell or "" for cell in cells)]


def test_members_are_text_and_what_is_not_there_is_none() -> None:
    objects = ['{"a": "x", "b": null, "c": [1]}', None, "{}"]
    cells = [members(text, ["a", "b", "c"]) for text in objects]
    assert cells == [["x", None, "[1]"], [None] * 3, [None] * 3]


def test_long_cells_make_small_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(custom_columns, "_ROW_GROUP_BYTES", 4_000)
    batch = pa.RecordBatch.from_pydict({"text": ["x" * 1_000] * 3})
    file = io.BytesIO()
    write_parquet(file, [batch.slice(0, 0), *[batch] * 5])
    written = parquet.ParquetFile(file)
    assert [written.metadata.row_group(n).num_rows for n in range(3)] == [6, 6, 3]
    assert written.read().column("text").to_pylist() == ["x" * 1_000] * 15
