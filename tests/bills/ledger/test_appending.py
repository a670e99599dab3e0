"""Exports whose files add up: Oracle's cost reports, and Google's table that only grows."""

from __future__ import annotations

import gzip
import io
import zipfile
from decimal import Decimal

import orjson
import pytest
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.bills.ledger import listing, questions, undo
from costoptix.bills.ledger.questions import Kind
from costoptix.models import Import, Organization
from tests.bills.bill import ORDINARY, write
from tests.support.bills import TakeIn

OCI = {
    "lineItem/referenceNo": "v2.1", "lineItem/tenantId": "ocid1.tenancy",
    "lineItem/intervalUsageStart": "2026-03-01T00:00Z",
    "lineItem/intervalUsageEnd": "2026-03-01T01:00Z", "product/service": "COMPUTE",
    "usage/billedQuantity": "1", "cost/unitPrice": "1", "cost/myCost": "1",
    "cost/currencyCode": "USD",
}  # fmt: skip
GCP = {
    "billing_account_id": "01AB", "service.description": "Compute Engine", "sku.id": "2E27",
    "usage_start_time": "2026-03-02 07:00:00 UTC", "usage_end_time": "2026-03-02 08:00:00 UTC",
    "project.id": "shop", "cost": "1", "currency": "USD", "credits": "[]",
    "invoice.month": "202603", "export_time": "2026-03-03 00:00:00 UTC",
}  # fmt: skip


def table(ordinary: dict[str, str], *rows: dict[str, str]) -> bytes:
    lines = [",".join(ordinary), *(",".join((ordinary | row).values()) for row in rows)]
    return "\n".join(lines).encode() + b"\n"


def oracle(*rows: tuple[str, str], day: str = "01") -> bytes:
    """A cost report of (reference number, cost)."""
    start = f"2026-03-{day}T00:00Z"
    named = ("lineItem/referenceNo", "cost/myCost")
    return table(
        OCI, *(dict(zip(named, row, strict=True)) | {"lineItem/intervalUsageStart": start}
               for row in rows)
    )  # fmt: skip


def google(*rows: tuple[str, str]) -> bytes:
    """A table of (day of March on which it was exported, cost)."""
    return table(
        GCP, *({"export_time": f"2026-03-{day} 00:00:00 UTC", "cost": cost} for day, cost in rows)
    )


def focus(*rows: tuple[str, str]) -> bytes:
    columns = [*ORDINARY, "oci_ReferenceNumber"]
    cells = [{"oci_ReferenceNumber": number, "BilledCost": cost} for number, cost in rows]
    return write([{"ProviderName": "Oracle", **row} for row in cells], columns)


def test_oracle_s_files_add_up(take_in: TakeIn, billed) -> None:
    rows = [take_in(oracle((f"v2.{n}", "3")), name=f"{n}.csv") for n in range(3)]
    assert [row.state for row in rows] == ["live"] * 3
    assert billed() == 9


def test_so_do_oracle_s_focus_files(take_in: TakeIn, billed) -> None:
    take_in(focus(("a", "3")), name="1.csv")
    assert take_in(focus(("b", "4"), ("c", "5")), name="2.csv").state == "live"
    assert billed() == 12


def test_r16_a_file_that_was_packed_anew_or_renamed_counts_once(take_in: TakeIn, billed) -> None:
    first = take_in(oracle(("v2.1", "3"), ("v2.2", "4")), name="1.csv")
    packed = take_in(gzip.compress(oracle(("v2.1", "3"), ("v2.2", "4"))), name="copy.csv.gz")
    assert (first.state, packed.state) == ("older", "live")
    assert billed() == 7


def test_a_report_that_grows_under_its_name_counts_once(take_in: TakeIn, billed) -> None:
    take_in(oracle(("v2.1", "3")), name="cost.csv")
    take_in(oracle(("v2.1", "3"), ("v2.2", "4")), name="cost.csv")
    assert billed() == 7


def test_reports_of_other_days_under_one_name_add_up(take_in: TakeIn, billed) -> None:
    take_in(oracle(("v2.1", "3"), ("v2.9", "3")), name="cost.csv")
    take_in(oracle(("v2.2", "1"), day="02"), name="cost.csv")
    assert billed() == 7


def test_of_one_drop_each_file_is_a_batch_of_its_own(take_in: TakeIn, billed, session) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("1.csv", oracle(("v2.1", "3")))
        archive.writestr("deep/2.csv", oracle(("v2.2", "4")))
    take_in(oracle(("v2.1", "3")), name="1.csv")
    row = take_in(packed.getvalue(), name="march.zip")
    take_in(oracle(("v2.3", "5")), name="3.csv")
    assert billed() == 12
    (period,) = listing.periods(session, row)
    assert (period.row_count, period.state) == (2, "live")


def test_undoing_one_file_leaves_the_others(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    first = take_in(oracle(("v2.1", "3")), name="1.csv")
    take_in(oracle(("v2.2", "4")), name="2.csv")
    undo.withdraw(session, acme, operator, first)
    assert billed() == 4


def test_rows_that_google_exported_later_add(take_in: TakeIn, billed) -> None:
    take_in(google(("03", "1"), ("05", "2")))
    later = take_in(google(("06", "4"), ("09", "8")))
    assert later.state == "live"
    assert billed() == 15


def test_google_s_month_exported_anew_replaces_all_of_it(take_in: TakeIn, billed) -> None:
    month = [("03", "1"), ("05", "2")]
    take_in(google(*month))
    take_in(google(("06", "4")))
    anew = take_in(google(*month, ("06", "4"), ("09", "8")))
    assert anew.state == "live"
    assert billed() == 15


def test_a_google_export_that_is_older_by_its_rows_is_older(take_in: TakeIn, billed) -> None:
    take_in(google(("03", "1"), ("09", "2")))
    assert take_in(google(("03", "1"), ("05", "1"))).state == "older"
    assert billed() == 3


def test_a_part_of_what_is_live_that_comes_again_waits(take_in: TakeIn, billed) -> None:
    take_in(google(("03", "100"), ("09", "2")))
    row: Import = take_in(google(("08", "1"), ("10", "2")))
    question = questions.question_of(row)
    assert question is not None
    assert question.kind is Kind.PART
    assert billed() == 102


@pytest.mark.parametrize("late", [False, True])
def test_the_time_of_the_manifest_in_a_zip_decides(take_in: TakeIn, billed, late: bool) -> None:
    packed = [
        zipped(write([{"BilledCost": cost}]), submittedTime=f"2026-03-{day}T00:00:00Z")
        for day, cost in (("04", "7"), ("05", "8"))
    ]
    rows = [take_in(content, name="export.zip") for content in (packed[::-1] if late else packed)]
    assert [row.state for row in rows] == (["live", "older"] if late else ["older", "live"])
    assert billed() == Decimal(8)


def test_a_zip_that_lacks_rows_or_bytes_of_its_manifest_is_refused(take_in: TakeIn) -> None:
    bill = write([{}, {}])
    assert take_in(zipped(bill, rows=2), name="a.zip").state == "live"
    short = take_in(zipped(bill, rows=3), name="b.zip")
    assert "names 3 rows, but the files hold 2" in (short.error or "")
    cut = take_in(zipped(bill, size=len(bill) + 1), name="c.zip")
    assert "does not hold all of" in (cut.error or "")


def zipped(bill: bytes, rows: int | None = None, size: int | None = None, **run: str) -> bytes:
    """An Azure export as a zip with its manifest."""
    manifest = {
        "blobs": [{"blobName": "exports/part_0.csv", "byteCount": size or len(bill)}],
        "dataRowCount": rows,
        "runInfo": run,
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("manifest.json", orjson.dumps(manifest))
        archive.writestr("part_0.csv", bill)
    return target.getvalue()
