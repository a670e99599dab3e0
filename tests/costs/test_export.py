"""The FOCUS export: what is stored comes out, and comes in again to the last digit."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pyarrow import parquet
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, queue
from costoptix.access.permissions import command_line
from costoptix.bills.intake import receive
from costoptix.bills.intake.receive import Sent
from costoptix.bills.ledger import importer, listing
from costoptix.bills.read.load import load
from costoptix.costs import report
from costoptix.costs.answers import CostStore
from costoptix.costs.custom_columns import MOST_IN_SQL
from costoptix.costs.export import LATER, FileKind, export
from costoptix.costs.query import CostQuery
from costoptix.lake.charges import COLUMNS
from costoptix.lake.layout import DIMENSIONS
from costoptix.models import AuditEntry, Import, Organization
from tests.bills.bill import ORDINARY, write
from tests.support.bills import DATA, SAMPLE

SAMPLES = [
    SAMPLE,
    DATA / "focus-golden" / "aws_1_2_cost_and_usage_rows25_seed7_credits.csv",
    DATA / "focus-golden" / "gcp_1_3_cost_and_usage_rows25_seed7.csv",
    DATA / "aws-cur" / "commitments_2_0.csv",
    DATA / "aws-cur" / "commitments_legacy.csv",
    DATA / "aws-cur" / "sample-anonymous-aws-export-dataset.csv",
    DATA / "azure" / "EA_AmortizedCost_Small.csv",
    DATA / "azure" / "MCA_Combined_Made.csv",
    DATA / "gcp" / "detailed.jsonl",
    DATA / "gcp" / "nested_json.csv",
    DATA / "oci" / "cost_report.csv",
]
TakeInto = Callable[[Organization, bytes], Import]
ExportOf = Callable[..., bytes]


@pytest.fixture
def store(config: Config) -> CostStore:
    return CostStore(config.lake_dir, config.temp_dir)


@pytest.fixture
def take_into(session: Session, config: Config) -> TakeInto:
    """Import bytes for an organization."""

    def run(organization: Organization, content: bytes) -> Import:
        ((row, job),) = receive.receive(
            session, organization, command_line(organization.id),
            [Sent(io.BytesIO(content), "bill")],
            uploads_dir=config.uploads_dir, max_bytes=10 << 20, currency="USD",
            options={"accept_rejected": True},
        )  # fmt: skip
        claimed = queue.claim(session, job.id)
        assert claimed is not None
        importer.run(session, claimed, config, read=load)
        queue.finish(session, claimed)
        session.refresh(row)
        assert row.state == "live", row.error
        return row

    return run


@pytest.fixture
def export_of(session: Session, store: CostStore) -> ExportOf:
    """Export an organization's charges."""

    def run(organization: Organization, file: FileKind = FileKind.CSV_GZ, **said: str) -> bytes:
        caller = command_line(organization.id)
        made = export(session, organization, caller, everything(**said), file, store)
        return b"".join(made.chunks)

    return run


def everything(**said: str) -> CostQuery:
    days = {"start_date": "2022-01-01", "end_date": "2026-12-31"}
    return CostQuery.from_params((days | said).items(), clock.utc_today())


def lines(exported: bytes) -> list[list[str]]:
    """The header, then the rows in an order of their own."""
    header, *rows = csv.reader(io.StringIO(gzip.decompress(exported).decode(), newline=""))
    return [header, *sorted(rows)]


def dicts(exported: bytes) -> list[dict[str, str]]:
    header, *rows = lines(exported)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_many_other_columns_are_exported_as_few_are(
    acme: Organization, take_into: TakeInto, export_of: ExportOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = ["plain", 'quo"te', "com,ma", "two\nlines", "ü", "", "a/~b", " "]
    names = [f"x_Team{number}" for number in range(MOST_IN_SQL + 9)]
    columns = {name: odd[number % len(odd)] for number, name in enumerate(names)}
    rows = [columns, {name: text[::-1] for name, text in columns.items()}, {"BilledCost": "2"}]
    take_into(acme, write(rows, [*ORDINARY, *names]))
    exported = [{name: row.get(name, "") for name in names} for row in dicts(export_of(acme))]
    expected = [{name: row.get(name, "") for name in names} for row in rows]
    assert sorted(map(str, exported)) == sorted(map(str, expected))
    monkeypatch.setattr("costoptix.costs.export.CELLS_AT_ONCE", 1)
    many = parquet.read_table(io.BytesIO(export_of(acme, FileKind.PARQUET)))
    monkeypatch.setattr("costoptix.costs.export.MOST_IN_SQL", len(names))
    few = parquet.read_table(io.BytesIO(export_of(acme, FileKind.PARQUET)))
    assert many.equals(few)
    as_text = [{name: row.get(name) or "" for name in names} for row in many.to_pylist()]
    assert sorted(map(str, as_text)) == sorted(map(str, expected))


@pytest.mark.parametrize("file", FileKind)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_an_export_imports_to_the_same_totals_in_every_dimension(
    sample: Path, file: FileKind, session: Session, acme: Organization, elsewhere: Organization,
    take_into: TakeInto, export_of: ExportOf, store: CostStore,
) -> None:  # fmt: skip
    """S43, and issue 4's round trip."""
    take_into(acme, sample.read_bytes())
    taken = take_into(elsewhere, export_of(acme, file))
    assert taken.format == "FOCUS 1.2"
    assert taken.rows_rejected == 0
    names = [report.dimension_names(session, each, store) for each in (acme, elsewhere)]
    assert names[0] == names[1]
    for name in names[0]:
        query = everything(group_by=name, granularity="daily")
        first, second = (report.run(session, each, query, store) for each in (acme, elsewhere))
        assert first.rows == second.rows
        assert first.totals == second.totals
    assert lines(export_of(acme)) == lines(export_of(elsewhere))


def test_the_columns_of_focus_1_2_come_first_and_by_its_names(
    acme: Organization, take_into: TakeInto, export_of: ExportOf
) -> None:
    take_into(acme, SAMPLE.read_bytes())
    header = lines(export_of(acme))[0]
    known = sorted(name for name in (c.focus_name for c in COLUMNS.values()) if name not in LATER)
    assert len(known) == 57
    assert header[:57] == known
    assert all(name.startswith("x_") for name in header[57:])


def test_a_billing_period_comes_out_as_the_bill_wrote_it(
    acme: Organization, elsewhere: Organization, take_into: TakeInto, export_of: ExportOf,
    session: Session,
) -> None:  # fmt: skip
    take_into(acme, (DATA / "local-time" / "november.csv").read_bytes())
    exported = export_of(acme)
    assert {(row["BillingPeriodStart"], row["BillingPeriodEnd"]) for row in dicts(exported)} == {
        ("2025-10-31T16:00:00Z", "2025-11-30T15:59:59Z")
    }
    (again,) = listing.periods(session, take_into(elsewhere, exported))
    assert again.billing_period.text == "2025-11"


def test_unknown_columns_come_out_again_as_custom_columns(
    acme: Organization, take_into: TakeInto, export_of: ExportOf
) -> None:
    cells = {
        "x_Discount": "5%", "Cost Centre": 'a "b", c\nd', "x_cost centre": "other", "a/~b'": "=1+1",
        "HostProviderName": "Host", "Entgelt (ServiceName2)": "x",
    }  # fmt: skip
    take_into(acme, write([cells, {}], [*ORDINARY, *cells]))
    first, second = dicts(export_of(acme))
    filled = first if first["x_Discount"] else second
    assert filled["x_Discount"] == "5%"
    assert filled["x_Cost Centre"] == 'a "b", c\nd'
    assert filled["x_cost centre_2"] == "other"
    assert filled["x_a/~b'"] == "=1+1"
    assert filled["x_HostProviderName"] == "Host"
    assert filled["x_ServiceName2"] == "x"


def test_amounts_come_out_exact_and_plain(
    acme: Organization, take_into: TakeInto, export_of: ExportOf
) -> None:
    amounts = ["0.000000000000000001", "-12345678901234567890.5", "100", "0"]
    take_into(acme, write([{"BilledCost": amount} for amount in amounts]))
    found = {row["BilledCost"] for row in dicts(export_of(acme))}
    assert found == set(amounts)
    assert {row["ChargePeriodStart"] for row in dicts(export_of(acme))} == {"2026-03-02T05:00:00Z"}


def test_days_and_filters_select_the_charges(
    acme: Organization, take_into: TakeInto, export_of: ExportOf
) -> None:
    rows = [
        {"ChargePeriodStart": "2026-03-02T23:59:59Z", "SubAccountId": "111"},
        {"ChargePeriodStart": "2026-03-03T00:00:00Z", "SubAccountId": "111"},
        {"ChargePeriodStart": "2026-03-03T00:00:00Z", "SubAccountId": "222"},
    ]
    take_into(acme, write(rows))
    found = dicts(export_of(acme, start_date="2026-03-03", account="aws:111"))
    assert [(row["ChargePeriodStart"], row["SubAccountId"]) for row in found] == [
        ("2026-03-03T00:00:00Z", "111")
    ]


@pytest.mark.parametrize("file", FileKind)
def test_without_charges_there_is_a_header_that_imports(
    file: FileKind, acme: Organization, elsewhere: Organization, take_into: TakeInto,
    export_of: ExportOf,
) -> None:  # fmt: skip
    taken = take_into(elsewhere, export_of(acme, file))
    assert taken.rows_read == 0


def test_an_export_is_in_the_audit_log(
    session: Session, acme: Organization, take_into: TakeInto, export_of: ExportOf
) -> None:
    """S58."""
    take_into(acme, write([{}]))
    export_of(acme)
    entry = session.query(AuditEntry).filter_by(action="costs.exported").one()
    assert entry.subject == "focus_2022-01-01_2026-12-31.csv.gz"
    assert entry.after == {"charges": 1}


def test_no_export_stays_on_disk(
    acme: Organization, take_into: TakeInto, export_of: ExportOf, config: Config
) -> None:
    take_into(acme, write([{}]))
    export_of(acme, FileKind.PARQUET)
    assert list((config.temp_dir / "exports").iterdir()) == []


def test_every_dimension_is_a_column_of_the_charge_table() -> None:
    assert set(DIMENSIONS) <= set(COLUMNS)
