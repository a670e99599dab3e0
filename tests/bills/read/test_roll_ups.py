"""Roll-ups are the groupings of their charges, however these are read and added up."""

from __future__ import annotations

from collections import Counter

import duckdb
import numpy as np
import pytest

from costoptix.bills.read import parquet_files, roll_ups, staging
from costoptix.bills.read.reconcile import Unreconciled
from costoptix.lake.layout import ROLL_UPS, roll_up_sql
from tests.bills.bill import write
from tests.support.bills import SAMPLE, Stage


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


def test_a_roll_up_that_does_not_add_up_is_not_staged(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(self: roll_ups.Grouped, path, roll_up) -> int:
        return (
            write_all(self, path, roll_up)
            if self.rows < 2
            else write_all(_half(self), path, roll_up)
        )

    write_all = roll_ups.Grouped.write
    monkeypatch.setattr(roll_ups.Grouped, "write", lossy)
    with pytest.raises(Unreconciled, match="instead of"):
        stage(write([{"ServiceName": name} for name in "abc"]))


def _half(grouped: roll_ups.Grouped) -> roll_ups.Grouped:
    rows = np.arange(grouped.rows // 2)
    return roll_ups.Grouped(
        {name: column.take(rows) for name, column in grouped.groups.items()},
        {name: column.take(rows) for name, column in grouped.amounts.items()},
        {name: counts[rows] for name, counts in grouped.counts.items()},
    )


def test_charges_that_are_not_as_they_were_read_are_not_staged(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(path, columns, rows) -> int:
        return write_all(path, columns, rows[1:] if path.name.startswith("charges") else rows)

    write_all = parquet_files.write
    monkeypatch.setattr(staging.parquet_files, "write", lossy)
    with pytest.raises(Unreconciled):
        stage(write([{}, {}]))
