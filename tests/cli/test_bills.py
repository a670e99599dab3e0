"""``bills import`` of folders and of files that are not there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from costoptix.models import Organization
from tests.bills.bill import ORDINARY, write

AZURE = Path(__file__).parents[1] / "data" / "azure"


@pytest.fixture
def run(app: Flask, acme: Organization):
    """Import into acme by command."""

    def run(*arguments: object) -> Result:
        words = ["bills", "import", acme.id, *map(str, arguments)]
        return app.test_cli_runner().invoke(args=words)

    return run


def test_a_folder_is_the_deliveries_that_its_manifests_name(run, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"part-{number}.csv").write_bytes(write([{"BilledCost": f"{number}.5"}]))
    (tmp_path / "left-behind.csv").write_bytes(write([{"BilledCost": "100"}]))
    blobs = [{"blobName": f"export/part-{number}.csv"} for number in (1, 2)]
    (tmp_path / "manifest.json").write_text(json.dumps({"blobs": blobs, "dataRowCount": 2}))
    result = run(tmp_path, "--source", "azure")
    assert result.exit_code == 0, result.output
    assert "file: manifest.json" in result.output
    assert "state: live" in result.output
    assert "rows: 2 read, 2 kept, 0 rejected" in result.output
    assert "billed_cost 4" in result.output


def test_files_of_one_format_are_one_delivery_and_others_are_their_own(run, tmp_path: Path) -> None:
    bills = {
        "a.csv": write([{"BilledCost": "1"}]),
        "b.csv": write([{"BilledCost": "2"}], [*ORDINARY, "x_More"]),
        "c.csv": write([{"BilledCost": "4"}]),
        "nothing.csv": b"a,b",
    }
    for name, content in bills.items():
        (tmp_path / name).write_bytes(content)
    result = run(*(tmp_path / name for name in bills), "--add")
    assert result.exit_code == 1
    assert re.findall("^(?:file|state|rows): (.*)$", result.stdout, re.MULTILINE) == [
        "a.csv and 2 more", "live", "3 read, 3 kept, 0 rejected",
        "nothing.csv", "refused",
    ]  # fmt: skip


def test_the_dataset_of_a_file_that_does_not_show_it_is_said_by_an_option(
    run, tmp_path: Path
) -> None:
    actual, undecided = AZURE / "EA_ActualCost_Small.csv", tmp_path / "undecided.csv"
    header, *rows = actual.read_bytes().splitlines(keepends=True)
    undecided.write_bytes(header + b"".join(rows[1:]))
    assert run(actual).exit_code == 0
    asked = run(undecided, "--replace")
    assert (asked.exit_code, "Give --dataset actual, --dataset amortized or" in asked.stderr) == (
        1,
        True,
    )
    told = run(undecided, "--replace", "--dataset", "actual")
    assert "state: live" in told.stdout
    assert "(actual)" in told.stdout


def test_a_file_of_many_bad_rows_is_imported_when_that_is_said(run, tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"
    bill.write_bytes(write([{}, {"BilledCost": "much"}]))
    asked = run(bill, "--replace")
    assert (asked.exit_code, "Give --import-anyway or --discard." in asked.stderr) == (1, True)
    told = run(bill, "--import-anyway")
    assert (told.exit_code, "rows: 2 read, 1 kept, 1 rejected" in told.stdout) == (0, True)


def test_what_is_not_there_is_named(run, tmp_path: Path) -> None:
    result = run(tmp_path / "absent.csv")
    assert result.exit_code == 1
    assert "absent.csv: No such file or directory." in result.output


def test_a_repeat_is_told_as_a_duplicate_of_the_import_it_repeats(run, tmp_path: Path) -> None:
    (tmp_path / "march.csv").write_bytes(write([{}]))
    (first,) = re.findall("^import: (.*)$", run(tmp_path / "march.csv").stdout, re.MULTILINE)
    again = run(tmp_path / "march.csv")
    assert again.exit_code == 0
    assert "state: duplicate\n" in again.stdout
    assert f"repeats: {first} march.csv (live)\n" in again.stdout


def test_the_encoding_of_files_may_be_named(run) -> None:
    file = AZURE.parent / "containers" / "cp1252.csv"
    refused = run(file)
    assert refused.exit_code == 1
    assert "--encoding cp1252" in refused.stderr
    read = run(file, "--encoding", "cp1252")
    assert read.exit_code == 0, read.output
    assert "rows: 61 read, 61 kept, 0 rejected" in read.stdout


def test_an_encoding_that_is_none_is_refused(run) -> None:
    refused = run(AZURE.parent / "containers" / "cp1252.csv", "--encoding", "rot13")
    assert refused.exit_code == 1
    assert "'rot13'" in refused.stderr


def test_a_billing_period_is_named_by_its_month_or_its_days(run, tmp_path: Path) -> None:
    week = {"BillingPeriodStart": "2026-04-06", "BillingPeriodEnd": "2026-04-13"}
    (tmp_path / "bill.csv").write_bytes(write([{}, week]))
    result = run(tmp_path / "bill.csv")
    assert re.findall("^period: (.*)$", result.stdout, re.MULTILINE) == [
        "2026-03 payer: 1 charges, live",
        "2026-04-06/2026-04-12 payer: 1 charges, live",
    ]


def test_rows_charges_and_costs_that_none_has_are_told_apart(run) -> None:
    google = run(AZURE.parent / "gcp" / "flattened.csv")
    assert "rows: 6 read, 6 kept, 0 rejected\ncharges: 9\n" in google.stdout
    oracle = run(AZURE.parent / "oci" / "cost_report.csv")
    assert "charges:" not in oracle.stdout
    assert "list_cost –, contracted_cost 0.00003825" in oracle.stdout


def test_what_rejected_rows_cost_is_told(run, tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_bytes(
        write([{}, {"ChargePeriodStart": "x", "BilledCost": "5"}, {"BilledCost": "$2"}])
    )
    result = run(tmp_path / "bill.csv", "--import-anyway")
    assert "sums USD: billed_cost 1, " in result.stdout
    assert "rejected USD: billed_cost 5, effective_cost 2, " in result.stdout
    assert "rejected, amount not readable: billed_cost of 1\n" in result.stdout


def test_notes_name_the_lines_of_the_parts_of_a_delivery(run, tmp_path: Path) -> None:
    for name, tags in (("a.csv", "five"), ("b.csv", "six")):
        (tmp_path / name).write_bytes(write([{}, {"Tags": tags, "ResourceId": name}]))
    result = run(tmp_path / "a.csv", tmp_path / "b.csv")
    assert result.exit_code == 0, result.output
    assert (
        "note: Tags of 2 rows could not be read: line 3 of a.csv, line 3 of b.csv. "
        "What the file says is kept with them."
    ) in result.output


def test_a_folder_without_a_manifest_may_hold_other_files(run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(write([{"BilledCost": "1.25"}]))
    (tmp_path / "README.txt").write_text("see the manual")
    (tmp_path / "invoice.pdf").write_bytes(b"%PDF-1.7")
    read = run(tmp_path)
    assert read.exit_code == 0, read.output
    assert "billed_cost 1.25" in read.stdout
    assert "note: These files were not read: " in read.stdout
    assert "invoice.pdf (a PDF)" in read.stdout
    named = run(tmp_path / "a.csv", tmp_path / "invoice.pdf", "--source", "other", "--add")
    assert named.exit_code == 1
    assert "invoice.pdf: This is a PDF" in named.stderr
