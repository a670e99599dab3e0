"""Of the files in a zip the bills are read and the others named; what may be a bill is no other."""

from __future__ import annotations

import gzip
from decimal import Decimal

import pytest

from costoptix.bills.formats import Header
from costoptix.bills.read import recognize
from tests.bills.bill import ORDINARY, write
from tests.bills.read.test_archives import billed, with_symlink, zipped
from tests.bills.read.test_recognize import OTHERS as FOCUS_OTHERS
from tests.support.bills import DATA, Stage, TakeIn

OTHERS = {
    "invoice.pdf": b"%PDF-1.7 ...",
    "README.txt": "Größe: see the manual".encode("cp1252"),
    "logo.png": b"\x89PNG\r\n",
    "budget.csv": b"team,budget\nweb,10\n",
    "budget.json": b'{"version": "1", "rows": []}',
    "summary.xlsx": zipped({"[Content_Types].xml": b"<x/>", "xl/a.xml": b"<x/>"}),
    "nothing.csv": b"",
    "__MACOSX/._bill.csv": b"\0\5\x16\7",
    ".DS_Store": b"\0\0\0\1Bud1",
}


def test_other_files_in_a_zip_are_named_and_the_bills_are_read(stage: Stage) -> None:
    bills = {
        "bill.csv": write([{"BilledCost": "1.25"}]),
        "more/bill.csv.gz": gzip.compress(write([{"BilledCost": "2.5"}])),
    }
    staged, _ = stage(zipped(OTHERS | bills))
    assert (staged.rows_kept, staged.rows_rejected, billed(staged)) == (2, 0, Decimal("3.75"))
    (note,) = staged.notes
    assert note.startswith("These files were not read: invoice.pdf (a PDF), ")
    assert note.endswith(", 2 more, 2 hidden files.")


@pytest.mark.parametrize("name", OTHERS)
def test_each_other_file_is_named(stage: Stage, name: str) -> None:
    staged, _ = stage(zipped({"bill.csv": write([{}]), name: OTHERS[name]}))
    assert staged.rows_kept == 1
    (note,) = staged.notes
    is_hidden = name.startswith((".", "__MACOSX"))
    assert ("1 hidden file" if is_hidden else f"{name} (") in note


@pytest.mark.parametrize("name", ["mac.zip", "pdf.zip", "readme.zip"])
def test_zips_as_people_send_them_are_read(stage: Stage, name: str) -> None:
    staged, _ = stage(DATA / "containers" / name)
    assert billed(staged) == Decimal("6.75")
    assert len(staged.notes) == 1


def test_a_link_in_a_zip_leads_nowhere(stage: Stage) -> None:
    staged, _ = stage(with_symlink("/etc/passwd"))
    assert "link.csv (" in staged.notes[0]


def test_a_note_of_other_files_stays_with_the_import(take_in: TakeIn) -> None:
    row = take_in(zipped({"a.csv": write([{}]), "\x1b[31m.pdf": b"%PDF"}), name="bill.zip")
    assert row.state == "live"
    assert row.notes == ["These files were not read: \ufffd[31m.pdf (a PDF)."]


@pytest.mark.parametrize("names", [("team", "budget"), ("BilledCost", "EffectiveCost"), ()])
def test_a_table_of_something_else_resembles_no_bill(names: tuple[str, ...]) -> None:
    assert not recognize.resembles(Header(names))


@pytest.mark.parametrize("lacking", ORDINARY)
def test_a_bill_that_lacks_a_column_still_resembles_one(lacking: str) -> None:
    assert recognize.resembles(Header(tuple(name for name in ORDINARY if name != lacking)))


INVOICES = (",".join(FOCUS_OTHERS["Invoice Detail"]) + "\n").encode()
PERIODS = b"billingperiodstatus;BillingPeriodLastUpdated;BillingPeriodStart\nOpen;2026-03-02;x\n"
COMMITMENTS = b'{"ContractCommitmentId": "1", "ContractId": "2", "ContractCommitmentCost": 5}\n'


def test_datasets_of_focus_without_charges_are_named_in_a_zip(stage: Stage) -> None:
    members = {"bill.csv": write([{}]), "a/inv.csv": INVOICES, "c.json": COMMITMENTS}
    staged, _ = stage(zipped(members))
    assert (staged.rows_kept, billed(staged)) == (1, 1)
    (note,) = staged.notes
    assert "a/inv.csv (the dataset Invoice Detail of FOCUS)" in note
    assert "c.json (the dataset Contract Commitment of FOCUS)" in note


def test_datasets_of_focus_without_charges_are_named_beside_bills(take_in: TakeIn) -> None:
    row = take_in(INVOICES, write([{}]), PERIODS)
    assert (row.state, row.rows_read, row.rows_kept) == ("live", 1, 1)
    assert row.notes == [
        "These files hold no charges and were not read: bill.csv (the dataset Invoice Detail of "
        "FOCUS), bill.csv (the dataset Billing Period of FOCUS)."
    ]


@pytest.mark.parametrize("contents", [[PERIODS], [PERIODS, INVOICES], [zipped({"p": PERIODS})]])
def test_datasets_of_focus_without_charges_alone_are_refused(
    contents: list[bytes], take_in: TakeIn
) -> None:
    row = take_in(*contents)
    assert row.state == "refused"
    assert "the dataset Billing Period of FOCUS" in (row.error or "")


def test_a_dataset_that_a_manifest_names_refuses_its_delivery(take_in: TakeIn) -> None:
    manifest = b'{"blobs": [{"blobName": "a.csv"}, {"blobName": "b.csv"}]}'
    members = {"a.csv": write([{}]), "b.csv": PERIODS, "manifest.json": manifest}
    row = take_in(zipped(members))
    assert row.state == "refused"
    assert (row.error or "").startswith("b.csv: This is the dataset Billing Period of FOCUS")
