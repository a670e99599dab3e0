"""What is staged is what was read, and adds up."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from costoptix.bills.formats.azure import Dataset
from costoptix.bills.read import parquet_files, roll_ups, staging
from costoptix.bills.read.reconcile import Unreconciled
from costoptix.bills.read.staged import Scope, Staged
from costoptix.lake import coverage, layout
from costoptix.lake.coverage import Sketch
from costoptix.lake.layout import CHARGES, ROLL_UPS
from tests.bills.bill import write
from tests.support.bills import DATA, Stage


@pytest.mark.usefixtures("always_rolled_up")
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


def test_a_scope_of_few_charges_has_no_roll_ups_and_says_what_it_holds(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "FEW_CHARGES", 2)
    rows = [{"BillingAccountId": account, "BilledCost": "1.5"} for account in ("a", "a", "b")]
    few, _ = stage(write(rows))
    many, _ = stage(write([*rows, *rows]))
    kinds = {scope.billing_account_id: {file.kind for file in scope.files} for scope in many.scopes}
    assert kinds["b"] == {CHARGES, coverage.KIND}
    assert kinds["a"] == {CHARGES, coverage.KIND, *(roll_up.name for roll_up in ROLL_UPS)}
    assert [sums.billed_cost for scope in few.scopes for sums in scope.sums] == [3, 1.5]
    assert [one.billed_cost for scope in few.scopes for one in scope.sub_accounts] == [3, 1.5]


def test_a_small_bill_takes_little_disk(stage: Stage) -> None:
    accounts = [{"BillingAccountId": name, "ResourceId": f"i-{name}"} for name in "abc" * 7]
    staged, _ = stage(write(accounts))
    assert sum(file.size_bytes for scope in staged.scopes for file in scope.files) < 48 << 10


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


def test_coverage_that_does_not_add_up_is_not_staged(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(path, tables, sketch) -> int:
        return write_all(path, (table.slice(1) for table in tables), sketch)

    write_all = coverage.write
    monkeypatch.setattr(staging, "write_coverage", lossy)
    with pytest.raises(Unreconciled, match=r"coverage.*instead of"):
        stage(write([{"ChargeCategory": name} for name in ("Usage", "Tax")]))


def sketch_of(scope: Scope, folder: Path) -> Sketch:
    (file,) = (file for file in scope.files if file.kind == coverage.KIND)
    sketch = coverage.read(folder / file.name).sketch
    assert sketch is not None
    return sketch


def hashes_of(staged_in: tuple[Staged, Path]) -> list[int]:
    """The hashes of a bill of one scope."""
    staged, folder = staged_in
    (scope,) = staged.scopes
    return sketch_of(scope, folder).hashes.tolist()


def zipped(*contents: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for number, content in enumerate(contents):
            target.writestr(f"part-{number}.csv", content)
    return archive.getvalue()


ROWS = [{"ResourceId": f"i-{number}", "BilledCost": str(number)} for number in range(40)]


def test_the_parts_of_a_bill_have_the_sketch_of_the_whole(stage: Stage) -> None:
    whole = hashes_of(stage(write(ROWS)))
    assert len(whole) == 40
    assert hashes_of(stage(zipped(write(ROWS[:25]), write(ROWS[20:])))) == whole
    restated = [row | {"BilledCost": "7", "Tags": "{}"} for row in reversed(ROWS)]
    assert hashes_of(stage(write(restated))) == whole
    assert not set(hashes_of(stage(write([{"ResourceId": "other"}])))) & set(whole)


def test_rows_that_are_rejected_are_no_charges_of_the_sketch(stage: Stage) -> None:
    bad = [{"ResourceId": "bad", "BilledCost": "much"}]
    content = write([*ROWS[:3], *bad, *ROWS[3:]])
    assert hashes_of(stage(content)) == hashes_of(stage(write(ROWS)))


def test_files_of_many_scopes_keep_fewer_hashes_of_each(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = hashes_of(stage(write(ROWS)))
    monkeypatch.setattr(staging, "SKETCH_SIZE", 16)
    monkeypatch.setattr(staging, "_MOST_HASHES", 64)
    monkeypatch.setattr(staging, "_FEWEST_HASHES", 4)
    payers = [f"p-{number}" for number in range(9)]
    staged, folder = stage(
        write({"BillingAccountId": name} | row for name in payers for row in ROWS)
    )
    assert len(staged.scopes) == len(payers)
    for scope in staged.scopes:
        sketch = sketch_of(scope, folder)
        assert sketch.hashes.tolist() == whole[:4]
        assert sketch.reach == whole[3]


def hashes_by_period(staged_in: tuple[Staged, Path]) -> dict[object, list[int]]:
    staged, folder = staged_in
    return {
        scope.billing_period: sketch_of(scope, folder).hashes.tolist() for scope in staged.scopes
    }


@pytest.mark.parametrize(
    ("bill", "written", "later"),
    [
        ("gcp/flattened.csv", b"2024-09-02 03:10:11 UTC", b"2024-09-02 03:10:12 UTC"),
        ("oci/cost_report.csv", b"v2.1.", b"v2.2."),
    ],
)
def test_rows_that_a_growing_table_writes_again_are_others(
    stage: Stage, bill: str, written: bytes, later: bytes
) -> None:
    content = (DATA / bill).read_bytes()
    before = hashes_by_period(stage(content))
    after = hashes_by_period(stage(content.replace(written, later)))
    for period, hashes in before.items():
        assert hashes
        assert not set(hashes) & set(after[period])


def test_a_google_row_is_one_in_every_shape_of_its_export(stage: Stage) -> None:
    flat = hashes_by_period(stage(DATA / "gcp" / "flattened.csv"))
    assert flat == hashes_by_period(stage(DATA / "gcp" / "detailed.jsonl"))


def test_a_part_of_a_dataset_has_a_sketch_of_its_own_rows(stage: Stage) -> None:
    staged, folder = stage(DATA / "azure" / "EA_ActualCost_Small.csv")
    scopes = {scope.dataset: scope for scope in staged.scopes}
    purchases, actual = (
        sketch_of(scopes[name], folder) for name in (Dataset.PURCHASES, Dataset.ACTUAL)
    )
    assert 0 < len(purchases.hashes) < len(actual.hashes)
    assert purchases.share_in([actual]) == 1
