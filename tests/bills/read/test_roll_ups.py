"""Roll-ups are the groupings of their charges, however these are read and added up."""

from __future__ import annotations

from collections import Counter

import duckdb
import pytest

from costoptix.bills.read import parquet_files, roll_ups
from costoptix.lake.layout import ROLL_UPS, roll_up_sql
from tests.support.bills import SAMPLE, Stage


@pytest.mark.usefixtures("always_rolled_up")
@pytest.mark.parametrize(
    ("row_group", "batch", "most"),
    [(7, 20, 48 << 20), (61_440, 245_760, 10), (5, 5, 3_000), (50, 1, 100_000)],
    ids=["many batches", "all too many groups", "small batches and too many", "added up early"],
)
def test_a_roll_up_is_the_grouping_of_its_charges_however_it_is_made(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, row_group: int, batch: int, most: int
) -> None:
    monkeypatch.setattr(parquet_files, "ROW_GROUP_ROWS", row_group)
    monkeypatch.setattr(parquet_files, "BATCH_ROWS", batch)
    monkeypatch.setattr(roll_ups, "MOST_BYTES", most)
    staged, folder = stage(SAMPLE)
    for scope in staged.scopes:
        paths = [str(folder / file.name) for file in scope.files if file.kind == "charges"]
        files = {file.kind: file for file in scope.files}
        for roll_up in ROLL_UPS:
            expected = duckdb.sql(roll_up_sql(roll_up, f"read_parquet({paths})")).fetchall()
            file = files[roll_up.name]
            found = duckdb.sql(f"SELECT * FROM '{folder / file.name}'").fetchall()
            assert Counter(found) == Counter(expected)
            assert file.row_count == len(expected)


@pytest.mark.usefixtures("always_rolled_up")
def test_a_roll_up_has_the_columns_and_the_order_of_its_sql(stage: Stage) -> None:
    staged, folder = stage(SAMPLE)
    files = {file.kind: folder / file.name for file in staged.scopes[0].files}
    for roll_up in ROLL_UPS:
        sql = roll_up_sql(roll_up, f"'{files['charges']}'")
        described = duckdb.sql(f"DESCRIBE SELECT * FROM '{files[roll_up.name]}'").fetchall()
        assert described == duckdb.sql(f"DESCRIBE {sql}").fetchall()
        by = "service_name, day" if "service_name" in roll_up.dimensions else "day"
        rows = duckdb.sql(f"SELECT {by} FROM '{files[roll_up.name]}'").fetchall()
        if "sub_account_id" not in roll_up.dimensions:
            assert rows == sorted(rows)
