"""``lake export``: a tree that others and our own importer read, whole or not there."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from pyarrow import parquet
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import money
from costoptix.costs import report
from costoptix.costs.answers import CostStore
from costoptix.costs.query import CostQuery
from costoptix.models import AuditEntry, DeliveryFile, Organization, SweepPause
from costoptix.version import __version__
from tests.bills.bill import ORDINARY, write
from tests.support.bills import DATA, SAMPLE, TakeIn

AZURE = DATA / "azure" / "MCA_Combined_Made.csv"

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    def run(*words: object) -> Result:
        return app.test_cli_runner().invoke(args=[str(word) for word in words])

    return run


@pytest.fixture
def bills(take_in: TakeIn) -> None:
    """Two providers, several months, a currency beside, and columns that not every bill has."""
    take_in(SAMPLE.read_bytes(), name="focus.csv")
    take_in(AZURE.read_bytes(), name="azure.csv", currency="USD")
    rows = [{"BilledCost": "0.000000000000000001", "BillingCurrency": "EUR", "x_Team": "a"}]
    take_in(write(rows, [*ORDINARY, "x_Team"]), name="euro.csv")


def read(folder: Path, name: str) -> dict[str, object]:
    return json.loads((folder / name).read_text())


def totals(session: Session, organization: Organization, config: Config) -> list[object]:
    """What the API answers, by month, provider, service and currency."""
    params = {"start_date": "2022-01-01", "end_date": "2026-12-31", "granularity": "monthly"}
    params["group_by"] = "provider_name,service_name"
    query = CostQuery.from_params(params.items(), report.utc_today())
    store = CostStore(config.lake_dir, config.temp_dir)
    answer = report.run(session, organization, query, store)
    return [answer.rows, answer.totals]


@pytest.mark.usefixtures("bills")
def test_the_tree_is_what_its_manifest_says_to_the_byte_and_the_last_digit(
    run: Run, acme: Organization, tmp_path: Path
) -> None:
    folder = tmp_path / "tree"
    result = run("lake", "export", acme.name, folder)
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    manifest, metadata = read(folder, "manifest.json"), read(folder, "metadata.json")
    on_disk = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert on_disk == {"manifest.json", "metadata.json", *manifest["dataFiles"]}
    assert len(manifest["files"]) > 2
    (schema,) = metadata["Schema"]
    columns = [column["ColumnName"] for column in schema["ColumnDefinition"]]
    added: defaultdict[str, defaultdict[str, list[Decimal]]]
    added = defaultdict(lambda: defaultdict(list))
    for file in manifest["files"]:
        assert file["path"].startswith(f"organization={acme.id}/billing_period=")
        content = (folder / file["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert len(content) == file["size_bytes"]
        table = parquet.ParquetFile(folder / file["path"]).read()
        assert table.num_rows == file["rows"]
        assert table.column_names == columns
        for row in table.to_pylist():
            for name in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"):
                amount = row[name]
                added[row["BillingCurrency"]][name] += [] if amount is None else [amount]
    assert manifest["totals"] == {
        currency: {
            name: money.to_text(sum(amounts, Decimal(0))) if amounts else None
            for name, amounts in sums.items()
        }
        for currency, sums in sorted(added.items())
    }
    assert len(manifest["totals"]) >= 2
    assert (manifest["layout"], manifest["layout_version"]) == ("costoptix-focus-tree", 1)
    assert "x_Team" in columns


@pytest.mark.usefixtures("bills")
def test_the_metadata_are_those_that_focus_asks_for(
    run: Run, acme: Organization, tmp_path: Path
) -> None:
    """FOCUS 1.2, "Metadata": who made it, and a schema that is found without opening the data."""
    for name in ("first", "second"):
        assert run("lake", "export", acme.id, tmp_path / name).exit_code == 0
    metadata = read(tmp_path / "first", "metadata.json")
    assert metadata["DataGenerator"] == {"DataGenerator": "Cost Optix"}
    (schema,) = metadata["Schema"]
    assert {*schema} == {
        "SchemaId", "FocusVersion", "DataGeneratorVersion", "CreationDate", "ColumnDefinition",
    }  # fmt: skip
    assert (schema["FocusVersion"], schema["DataGeneratorVersion"]) == ("1.2", __version__)
    assert str(uuid.UUID(schema["SchemaId"])) == schema["SchemaId"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", schema["CreationDate"])
    columns = {column["ColumnName"]: column for column in schema["ColumnDefinition"]}
    assert len(columns) == len(schema["ColumnDefinition"])
    assert columns["Tags"] == {
        "ColumnName": "Tags", "DataType": "JSON",
        "ProviderTagPrefixes": ["Oracle-Tags.", "aws:", "hidden-"],
    }  # fmt: skip
    assert columns["BilledCost"]["NumberScale"] == 18
    ids = {read(tmp_path / name, "manifest.json")["SchemaId"] for name in ("first", "second")}
    assert ids == {schema["SchemaId"]}


def test_other_columns_are_another_schema(
    run: Run, acme: Organization, take_in: TakeIn, tmp_path: Path
) -> None:
    ids = set()
    for column in ("x_Team", "x_Room"):
        take_in(write([{column: "a"}], [*ORDINARY, column]), name=f"{column}.csv")
        assert run("lake", "export", acme.id, tmp_path / column).exit_code == 0
        ids.add(read(tmp_path / column, "manifest.json")["SchemaId"])
    assert len(ids) == 2


@pytest.mark.usefixtures("bills")
def test_our_own_importer_reads_the_tree_back_to_the_same_figures(
    run: Run, session: Session, acme: Organization, elsewhere: Organization, config: Config,
    tmp_path: Path,
) -> None:  # fmt: skip
    assert run("lake", "export", acme.id, tmp_path / "tree").exit_code == 0
    taken = run("bills", "import", elsewhere.id, tmp_path / "tree")
    assert taken.exit_code == 0, taken.output
    assert "file: manifest.json" in taken.output
    session.rollback()
    assert totals(session, elsewhere, config) == totals(session, acme, config)


def test_an_organization_without_charges_has_a_tree_without_files(
    run: Run, acme: Organization, tmp_path: Path
) -> None:
    assert run("lake", "export", acme.id, tmp_path / "tree").exit_code == 0
    manifest = read(tmp_path / "tree", "manifest.json")
    assert (manifest["files"], manifest["rows"], manifest["totals"]) == ([], 0, {})


@pytest.mark.usefixtures("bills")
def test_the_audit_log_says_that_it_was_exported_and_the_sweep_goes_on(
    run: Run, session: Session, acme: Organization, tmp_path: Path
) -> None:
    run("lake", "export", acme.id, tmp_path / "tree")
    session.rollback()
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.subject) == ("costs.exported", "tree")
    assert session.scalars(select(SweepPause)).all() == []


def test_what_cannot_be_done_is_said_on_one_line_and_leaves_nothing(
    run: Run, session: Session, acme: Organization, config: Config, take_in: TakeIn, tmp_path: Path
) -> None:
    take_in(SAMPLE.read_bytes())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    file = session.scalars(select(DeliveryFile).where(DeliveryFile.kind == "charges")).first()
    assert file is not None
    (config.lake_dir / file.path).unlink()
    for organization, folder in (
        ("nobody", tmp_path / "tree"),
        (acme.id, tmp_path / "full"),
        (acme.id, config.data_dir / "tree"),
        (acme.id, tmp_path / "none" / "tree"),
        (acme.id, tmp_path / "tree"),  # a file of the lake is gone
    ):
        result = run("lake", "export", organization, folder)
        assert (result.exit_code, result.stdout) == (1, ""), folder
        assert len(result.stderr.splitlines()) == 1, result.stderr
    assert sorted(path.name for path in (tmp_path / "full").iterdir()) == ["mine"]
    assert not list(tmp_path.glob("*tree*"))
    assert not list(tmp_path.glob(".*"))
