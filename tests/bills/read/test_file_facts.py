"""What a file says beside its charges: of which dataset it is, from where to where its rows go."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection

from costoptix.bills.formats import Format, Header
from costoptix.bills.formats.azure import AZURE
from costoptix.bills.formats.focus import FOCUS
from costoptix.bills.formats.gcp import GCP
from costoptix.bills.formats.oci import OCI
from costoptix.bills.read.cells import Cells
from costoptix.bills.read.columns import encode
from costoptix.bills.read.file_facts import FileFacts
from tests.support.bills import DATA, Stage

NUMBER = "lineItem/referenceNo"


def facts_of(
    duckdb: DuckDBPyConnection, format_: Format, name: str, *pieces: list[str | None]
) -> FileFacts:
    """Read pieces of a file of one column."""
    facts = FileFacts(duckdb, format_, Header((name,)))
    for values in pieces:
        facts.read(Cells([encode(pa.array(values, pa.string()))], len(values)))
    return facts


def test_the_numbers_of_a_file_are_the_lowest_and_the_highest_of_all_pieces(
    duckdb: DuckDBPyConnection,
) -> None:
    batch = facts_of(duckdb, OCI, NUMBER, ["b", "c"], [], ["d", "a", None]).batch("cost.csv")
    assert batch is not None
    assert (batch.file_name, batch.numbers) == ("cost.csv", ("a", "d"))


def test_a_format_that_writes_months_anew_has_no_batches(duckdb: DuckDBPyConnection) -> None:
    facts = facts_of(duckdb, FOCUS, "BilledCost", ["1"])
    assert facts.batch("focus.csv") is None
    assert facts.exported is None
    assert facts.facts == {}


def test_export_times_count_where_every_row_says_one(duckdb: DuckDBPyConnection) -> None:
    early, late = "2026-03-01 10:00:00 UTC", "2026-03-02 10:00:00 UTC"
    exported = facts_of(duckdb, GCP, "export_time", [late], [early, early]).exported
    assert exported is not None
    assert exported.first == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert exported.last == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert facts_of(duckdb, GCP, "export_time", [early], [late, None]).exported is None
    assert facts_of(duckdb, GCP, "export_time").exported is None


@pytest.mark.parametrize(
    ("name", "fact"), [("Actual", "has_commitment_purchases"), ("Amortized", "has_amortized_usage")]
)
def test_what_holds_of_any_row_holds_of_the_file(stage: Stage, name: str, fact: str) -> None:
    staged, _ = stage(DATA / "azure" / f"MCA_{name}Cost_Made.csv")
    assert staged.facts[fact]
    other = stage(DATA / "azure" / "sample-anonymous-ea-export-dataset.csv")[0]
    assert set(other.facts) == set(staged.facts)


def test_of_no_rows_nothing_holds(duckdb: DuckDBPyConnection) -> None:
    facts = facts_of(duckdb, AZURE, "chargeType", [])
    assert facts.facts
    assert not any(facts.facts.values())
