"""Google Cloud's export in the shapes that BigQuery and scripts give it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from tests.bills.formats.reading import DATA, charges, rows_of, sums, total, totals
from tests.bills.read.test_archives import zipped
from tests.support.bills import Stage

SHAPES = sorted((DATA / "gcp").iterdir())
JSON = DATA / "gcp" / "nested_json.csv"


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.name)
def test_every_shape_is_the_same_bill(path: Path, stage: Stage) -> None:
    staged, folder = stage(path)

    assert staged.format == "Google Cloud detailed export"
    assert (staged.rows_read, staged.rows_kept, staged.rows_rejected) == (6, 6, 0)
    assert staged.charges == 9  # six costs and three credits
    assert totals(staged) == {
        ("USD", "Usage"): sums("3.3500001", "3.3500001", "4.0000001", "3.3500001"),
        ("USD", "Credit"): sums("-1.10000025", "-1.10000025", "-0.80000025", "-0.80000025"),
        ("USD", "Tax"): sums("0.2", "0.2", "0", "0.2"),
        ("USD", "Adjustment"): sums("-0.496", "-0.496", "0", "-0.496"),
    }
    ours = [_without_file_columns(c) for c in charges(staged, folder)]
    theirs = [_without_file_columns(c) for c in charges(*stage(JSON))]
    assert sorted(ours, key=str) == sorted(theirs, key=str)


def _without_file_columns(charge: dict[str, object]) -> dict[str, object]:
    return {k: v for k, v in charge.items() if k not in ("other_columns", "as_written")}


def test_the_invoice_is_costs_and_credits(stage: Stage) -> None:
    """Google's own invoice query: Σ cost + Σ credits.amount; nothing is clamped at zero."""
    staged, _ = stage(JSON)

    expected = sum(
        Decimal(row["cost"])
        + sum(Decimal(str(credit["amount"])) for credit in orjson.loads(row["credits"]))
        for row in rows_of(JSON)
    )
    assert total(staged) == total(staged, "effective_cost") == expected


def test_the_billing_period_is_the_invoice_month_in_los_angeles(stage: Stage) -> None:
    """06:00 UTC on the first of September is still August there."""
    staged, folder = stage(JSON)

    assert {scope.billing_period.text for scope in staged.scopes} == {"2024-08", "2024-09"}
    starts = {str(c["billing_period_start"]) for c in charges(staged, folder)}
    assert starts == {"2024-08-01 07:00:00", "2024-09-01 07:00:00"}


def test_a_row_without_invoice_month_belongs_to_its_month_in_los_angeles(stage: Stage) -> None:
    rows = [row | {"invoice": '{"month": null}'} for row in rows_of(JSON)]

    staged, _ = stage(_written(rows))

    assert {scope.billing_period.text for scope in staged.scopes} == {"2024-08", "2024-09"}
    assert (
        sum(scope.row_count for scope in staged.scopes if scope.billing_period.text == "2024-09")
        == 1
    )


def test_a_credit_that_lowers_the_price_is_a_saving(stage: Stage) -> None:
    staged, folder = stage(JSON)

    found = {
        str(c["charge_description"]): (c["billed_cost"], c["list_cost"], c["contracted_cost"])
        for c in charges(staged, folder)
        if c["charge_category"] == "Credit"
    }
    promotion = Decimal("-0.8")
    assert found["Committed usage discount: CPU in Americas"] == (Decimal("-0.3"), 0, 0)
    assert found['Bob\'s "free" trial'] == (promotion, promotion, promotion)


@pytest.mark.parametrize("listed", ["", "unknown"])
def test_without_a_list_price_the_credits_alone_are_no_list_cost(listed: str, stage: Stage) -> None:
    rows = [row | {"cost_at_list": listed} for row in rows_of(JSON)]

    staged, folder = stage(_written(rows))

    assert not any("list_cost" in charge for charge in charges(staged, folder))
    assert totals(staged)["USD", "Credit"].contracted != 0


def test_a_committed_use_discount_is_named(stage: Stage) -> None:
    staged, folder = stage(JSON)

    (discount,) = [c for c in charges(staged, folder) if "commitment_discount_id" in c]
    assert discount["commitment_discount_id"] == "cud-1"
    assert discount["commitment_discount_category"] == "Usage"
    assert discount["commitment_discount_type"] == "Committed Use Discount"


def test_an_adjustment_is_a_correction(stage: Stage) -> None:
    staged, folder = stage(JSON)

    corrections = [c["billed_cost"] for c in charges(staged, folder) if "charge_class" in c]
    assert corrections == [Decimal("-0.5")]


def test_labels_of_the_resource_win_over_those_of_the_project(stage: Stage) -> None:
    staged, folder = stage(JSON)

    tags = {str(c["tags"]) for c in charges(staged, folder) if c.get("resource_name") == "vm-1"}
    assert [orjson.loads(text) for text in tags] == [{"team": "red", "env": "prod"}]


@pytest.mark.parametrize("amount", ["-0.12345678901234567890123", '"-0.12345678901234567890123"'])
def test_the_amount_of_a_credit_keeps_every_digit(amount: str, stage: Stage) -> None:
    credit = f'[{{"name": "c", "amount": {amount}, "type": "PROMOTION"}}]'
    rows = [rows_of(JSON)[0] | {"credits": credit}]

    staged, _ = stage(_written(rows))

    lines = {line.charge_category: line for line in staged.lines if line.metric == "billed_cost"}
    assert lines["Credit"].sum_file == Decimal("-0.12345678901234567890123")


@pytest.mark.parametrize("unread", ["[{'name': ", "five", "{}", "[1]", '[{"name": "x"}]'])
def test_credits_that_cannot_be_read_reject_their_row(unread: str, stage: Stage) -> None:
    first, *others = rows_of(JSON)

    staged, _ = stage(_written([first | {"credits": unread}, *others]))

    assert staged.rows_rejected == 1


def test_a_row_of_which_one_credit_cannot_be_read_is_rejected_whole(stage: Stage) -> None:
    first, *others = rows_of(JSON)
    credits_ = '[{"name": "a", "amount": -0.25, "type": "PROMOTION"}, {"name": "b"}]'

    staged, _ = stage(_written([first | {"cost": "1.5", "credits": credits_}, *others]))
    without, _ = stage(_written(others))

    assert (staged.rows_read, staged.rows_kept, staged.rows_rejected) == (6, 5, 1)
    assert (staged.charges, totals(staged)) == (without.charges, totals(without))
    billed = {line.charge_category: line for line in staged.lines if line.metric == "billed_cost"}
    rejected = {
        category: (line.rows_rejected, line.sum_rejected, line.rows_unread)
        for category, line in billed.items()
        if line.rows_rejected
    }
    assert rejected == {"Usage": (1, Decimal("1.5"), 0), "Credit": (2, Decimal("-0.25"), 1)}


def test_the_rows_of_a_manifest_are_those_of_the_file(stage: Stage) -> None:
    manifest = b'{"blobs": [{"blobName": "a.csv"}], "dataRowCount": 6}'
    staged, _ = stage(zipped({"a.csv": JSON.read_bytes(), "manifest.json": manifest}))
    assert (staged.rows_read, staged.charges) == (6, 9)


def test_no_credit_is_no_second_cost(stage: Stage) -> None:
    first, *others = rows_of(JSON)

    staged, _ = stage(_written([first | {"credits": "[null]"}, *others]))

    assert totals(staged)["USD", "Usage"].billed == Decimal("3.3500001")


def _written(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("labels", ["5.", "[1]", '{"key": "a"}', "[[]]", "[None]", ".5"])
@pytest.mark.parametrize("shape", ["flattened", "nested_json"])
def test_labels_that_cannot_be_read_are_no_tags(labels: str, shape: str, stage: Stage) -> None:
    changed = {"labels": labels, "project.labels": labels}
    rows = rows_of(DATA / "gcp" / f"{shape}.csv")
    rows = [row | {name: cell for name, cell in changed.items() if name in row} for row in rows]

    staged, _ = stage(_written(rows))

    assert (staged.rows_kept, staged.rows_rejected) == (6, 0)


def test_nested_cells_as_python_prints_them_are_the_same_bill(stage: Stage) -> None:
    """So a script writes them that makes a CSV file of a table of dictionaries."""
    rows = [
        {name: repr(orjson.loads(cell)) if cell[:1] in "[{" and cell else cell
         for name, cell in row.items()}
        for row in rows_of(JSON)
    ]  # fmt: skip
    staged, folder = stage(_written(rows))

    ours = [_without_file_columns(c) for c in charges(staged, folder)]
    theirs = [_without_file_columns(c) for c in charges(*stage(JSON))]
    assert sorted(ours, key=str) == sorted(theirs, key=str)
    assert staged.notes == ()


def test_a_nested_cell_that_cannot_be_read_is_noted_and_kept(stage: Stage) -> None:
    first, *others = rows_of(JSON)

    staged, folder = stage(_written([first | {"service": "Compute Engine"}, *others]))

    assert staged.rows_rejected == 0
    assert staged.notes == (
        "Service of 1 row could not be read: line 2. What the file says is kept with them.",
    )
    kept = [orjson.loads(str(c["other_columns"])) for c in charges(staged, folder)]
    assert "Compute Engine" in [columns.get("service") for columns in kept]
