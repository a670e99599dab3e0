"""What DuckDB has no name or no type for is read as it is written, or refused by name."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from costoptix.bills.read import parquet_pieces
from costoptix.bills.read.rejections import FILE_NAME
from costoptix.bills.read.staged import Staged
from costoptix.errors import Invalid
from tests.bills.bill import ORDINARY
from tests.support.bills import Stage

WIDE = pa.decimal256(76, 38)
COSTS = [Decimal("1.25"), Decimal("-2.000000000000000000000000000001"), Decimal("1E-9")]


def bill(path: Path, *more: tuple[str, pa.Array], **changed: pa.Array) -> Path:
    """Write a bill of three charges, some columns changed and some added."""
    columns = {name: pa.array([value] * 3) for name, value in ORDINARY.items()} | changed
    names = [*columns, *(name for name, _ in more)]
    arrays = [*columns.values(), *(array for _, array in more)]
    parquet.write_table(pa.table(arrays, names=names), path, row_group_size=2)
    return path


def billed(staged: Staged) -> list[Decimal]:
    return [line.sum_file for line in staged.lines if line.metric == "billed_cost"]


def test_decimals_past_38_digits_are_read_to_the_last(stage: Stage, tmp_path: Path) -> None:
    staged, _ = stage(bill(tmp_path / "wide", BilledCost=pa.array(COSTS, WIDE)))
    assert (staged.rows_kept, staged.rows_rejected) == (3, 0)
    assert billed(staged) == [sum(COSTS)]


def test_one_that_does_not_fit_rejects_its_row_by_name(stage: Stage, tmp_path: Path) -> None:
    values = pa.array([Decimal(1), Decimal(10) ** 30, None], WIDE)
    staged, folder = stage(bill(tmp_path / "wide", BilledCost=values))
    assert (staged.rows_kept, staged.rows_rejected) == (1, 2)
    first, second = map(json.loads, (folder / FILE_NAME).read_text().splitlines())
    assert (first["line"], first["column"]) == (2, "BilledCost")
    assert (second["line"], second["value"]) == (3, None)


def test_those_that_only_duckdb_would_read_are_refused_by_name(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes floats of them."""
    monkeypatch.setattr(parquet_pieces, "MAX_CHUNK_BYTES", 1)
    with pytest.raises(Invalid, match="columns 'BilledCost' hold decimals of more than 38"):
        stage(bill(tmp_path / "wide", BilledCost=pa.array(COSTS, WIDE)))
    with pytest.raises(Invalid, match="columns of one name"):
        stage(bill(tmp_path / "twice", ("x", pa.array("abc")), ("x", pa.array("abc"))))


@pytest.mark.parametrize("kind", [pa.list_(WIDE), pa.struct([("a", WIDE)])])
def test_those_within_lists_and_structures_are_refused_by_name(
    stage: Stage, tmp_path: Path, kind: pa.DataType
) -> None:
    with pytest.raises(Invalid, match="column 'x_more' holds decimals of more than 38"):
        stage(bill(tmp_path / "wide", ("x_more", pa.array([None] * 3, kind))))


NOTHING = pa.array(["", None, "z"])


@pytest.mark.parametrize(
    "more",
    [
        [("", NOTHING)],
        [("", NOTHING), ("", NOTHING), ("C18", NOTHING)],
        [("", NOTHING), ("C17", NOTHING), ("c17", NOTHING)],
        [(" ", NOTHING), ("\"'", NOTHING)],
        [("x_two", NOTHING), ("x_two", NOTHING), ("X_Two", NOTHING)],
        [("record", NOTHING), ("file_row_number", NOTHING), ("filename", NOTHING)],
        [("half", pa.array([1.5, None, 2], pa.float16()))],
        [("", pa.array([[{"": "x"}]] * 3))],
    ],
    ids=lambda more: "-".join(name for name, _ in more),
)
def test_columns_of_any_name_are_columns(
    stage: Stage, tmp_path: Path, more: list[tuple[str, pa.Array]]
) -> None:
    staged, _ = stage(bill(tmp_path / "named", *more))
    assert (staged.rows_kept, staged.rows_rejected) == (3, 0)
    assert billed(staged) == [3]


@pytest.mark.parametrize("name", ["BilledCost", "billed_cost"])
def test_a_cost_that_is_there_twice_is_refused_by_name(
    stage: Stage, tmp_path: Path, name: str
) -> None:
    with pytest.raises(Invalid, match="names BilledCost more than once"):
        stage(bill(tmp_path / "twice", (name, pa.array(["5"] * 3))))


def test_a_file_without_rows_is_not_damaged(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "empty"
    parquet.write_table(pa.table({name: pa.array([], pa.string()) for name in ORDINARY}), path)
    staged, _ = stage(path)
    assert (staged.rows_read, staged.scopes) == (0, ())
