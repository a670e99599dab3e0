"""What is staged is what was read, and adds up."""

from __future__ import annotations

import numpy as np
import pytest

from costoptix.bills.read import parquet_files, roll_ups, staging
from costoptix.bills.read.reconcile import Unreconciled
from tests.bills.bill import write
from tests.support.bills import Stage


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
