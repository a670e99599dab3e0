"""What deliveries and their datasets are is kept by migrations, there and back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, select, text

from costoptix.extensions import db
from costoptix.models import Delivery, Import, Source, new_id

AZURE = {
    "has_commitment_purchases": False, "has_amortized_usage": True, "has_uncharged_usage": False,
    "family": "azure", "half": "amortized", "tells_half": True, "batch": None, "exported": None,
    "sub_accounts": [
        {"provider_name": "Microsoft", "sub_account_id": name, "currency": "USD",
         "billed_cost": "1234567890.123456789012345678", "effective_cost": "-0.5"}
        for name in ("prod", None)
    ],
    "sums": [
        {"currency": "USD", "charge_category": category, "billed_cost": "1.1",
         "effective_cost": "2", "list_cost": None, "contracted_cost": "0.000000000000000001"}
        for category in ("Usage", None)
    ],
}  # fmt: skip
ORACLE = {
    "family": "oci", "half": None, "tells_half": False, "exported": None, "sub_accounts": [],
    "sums": [], "batch": {"file_name": "0001.csv.gz", "numbers": ["12", "99"]},
}  # fmt: skip
GOOGLE = ORACLE | {
    "family": "gcp",
    "batch": None,
    "exported": {"first": "2026-03-01T00:00:00Z", "last": "2026-03-02T01:02:03.000004Z"},
}


def insert(connection: Connection, table: str, **values: object) -> str:
    values = {"id": new_id()} | values
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)
    return str(values["id"])


def insert_import(connection: Connection) -> tuple[str, str, str]:
    """Write an organization, a source and an import; return their ids."""
    now = datetime.now(UTC).isoformat()
    owner = insert(
        connection, "organizations",
        name="Acme", tier="free", data_version=new_id(), created_at=now,
    )  # fmt: skip
    source = insert(
        connection, "sources", organization_id=owner, name="a", settings="{}", created_at=now
    )
    imported = insert(
        connection, "imports",
        organization_id=owner, state="live", file_name="a", stored_name="a", size_bytes=1,
        sha256="0", created_by="x", created_at=now, bytes_done=0, rows_read=0, rows_kept=0,
        rows_rejected=0, options="{}",
    )  # fmt: skip
    return owner, source, imported


def insert_deliveries(connection: Connection, *facts: dict[str, Any]) -> list[str]:
    """Write deliveries as they were before what they say of themselves had columns."""
    now = datetime.now(UTC).isoformat()
    owner, source, imported = insert_import(connection)
    return [
        insert(
            connection, "deliveries",
            organization_id=owner, import_id=imported, source_id=source, billing_account_id="a",
            billing_period="2026-03-01", delivered_at=now, state="live", is_live=True,
            created_at=now, row_count=1, facts=json.dumps(each),
        )
        for each in facts
    ]  # fmt: skip


def test_a_delivery_keeps_what_it_says_of_itself_when_that_becomes_columns(app: Flask) -> None:
    with app.app_context():
        downgrade(revision="0002")
        with db.engine.begin() as connection:
            azure, oracle, google = insert_deliveries(connection, AZURE, ORACLE, GOOGLE)
        upgrade()
        delivery = db.session.get_one(Delivery, azure)
        assert (delivery.family, delivery.dataset) == ("azure", "amortized")
        assert delivery.dataset_shown_by == "has_amortized_usage"
        assert [each.sub_account_id for each in delivery.sub_accounts] == ["prod", None]
        assert delivery.sub_accounts[0].billed_cost == Decimal("1234567890.123456789012345678")
        assert delivery.sub_accounts[0].effective_cost == Decimal("-0.5")
        assert [each.charge_category for each in delivery.sums] == ["Usage", None]
        assert delivery.sums[1].list_cost is None
        assert delivery.sums[1].contracted_cost == Decimal("0.000000000000000001")
        delivery = db.session.get_one(Delivery, oracle)
        assert (delivery.dataset, delivery.dataset_shown_by) == (None, None)
        assert (delivery.batch_file_name, delivery.batch_first, delivery.batch_last) == (
            "0001.csv.gz", "12", "99",
        )  # fmt: skip
        delivery = db.session.get_one(Delivery, google)
        assert delivery.exported_first == datetime(2026, 3, 1, tzinfo=UTC)
        assert delivery.exported_last == datetime(2026, 3, 2, 1, 2, 3, 4, tzinfo=UTC)
        assert delivery.billing_period == date(2026, 3, 1)


def test_columns_of_a_delivery_become_what_it_said_when_the_migration_is_undone(
    app: Flask,
) -> None:
    facts = (AZURE, ORACLE, GOOGLE)
    with app.app_context():
        downgrade(revision="0002")
        with db.engine.begin() as connection:
            ids = insert_deliveries(connection, *facts)
        upgrade()
        downgrade(revision="0002")
        with db.engine.connect() as connection:
            rows = connection.execute(text("SELECT id, CAST(facts AS VARCHAR) FROM deliveries"))
            stored = {row.id: json.loads(row[1]) for row in rows}
        upgrade()
        for delivery_id, before in zip(ids, facts, strict=True):
            holding = {name: said for name, said in before.items() if said is not False}
            after = {
                name: said for name, said in stored[delivery_id].items()
                if said is not False
            }  # fmt: skip
            assert after == holding


def test_conversion_goes_through_more_deliveries_than_it_holds_at_once(app: Flask) -> None:
    with app.app_context():
        downgrade(revision="0002")
        with db.engine.begin() as connection:
            insert_deliveries(connection, *[ORACLE] * 120)
        upgrade()
        families = db.session.scalars(select(Delivery.family)).all()
    assert families == ["oci"] * 120


def test_what_was_said_of_a_dataset_is_kept_under_its_name_there_and_back(app: Flask) -> None:
    question = {"kind": "half", "sentence": "Which?", "effects": []}
    before = {"half": "actual", "question": question, "decision": "replace"}
    after = {
        "dataset": "actual", "question": question | {"kind": "dataset"}, "decision": "replace",
    }  # fmt: skip
    with app.app_context():
        downgrade(revision="0004")
        with db.engine.begin() as connection:
            _, source, imported = insert_import(connection)
            for table, column, row_id, members in (
                ("imports", "options", imported, before),
                ("sources", "settings", source, {"half": "amortized"}),
            ):
                statement = text(f"UPDATE {table} SET {column} = :members WHERE id = :id")
                connection.execute(statement, {"members": json.dumps(members), "id": row_id})
        upgrade()
        assert db.session.get_one(Import, imported).options == after
        assert db.session.get_one(Source, source).settings == {"dataset": "amortized"}
        db.session.rollback()
        downgrade(revision="0004")
        options, settings = (
            db.session.scalar(select(column).where(row.id == row_id))
            for row, column, row_id in (
                (Import, Import.options, imported), (Source, Source.settings, source)
            )
        )  # fmt: skip
        assert options == before
        assert settings == {"half": "amortized"}
        db.session.rollback()
        upgrade()


def test_periods_that_are_no_months_stay_what_they_are_there_and_back(app: Flask) -> None:
    now = datetime.now(UTC).isoformat()
    periods = {
        "march": ("2026-03-01", None), "weekly": ("2026-03-09", "2026-03-15"),
        "empty": ("2026-03-16", "2026-03-22"),
    }  # fmt: skip
    with app.app_context():
        with db.engine.begin() as connection:
            owner, source, imported = insert_import(connection)
            ids = [
                insert(
                    connection, "deliveries",
                    organization_id=owner, import_id=imported, source_id=source,
                    billing_account_id="a", delivered_at=now, state="live", is_live=True,
                    created_at=now, row_count=1, billing_period=first, billing_period_last=last,
                    last_day=None if name == "empty" else "2026-03-14",
                )
                for name, (first, last) in periods.items()
            ]  # fmt: skip
        downgrade(revision="0010")
        upgrade()
        texts = [db.session.get_one(Delivery, delivery_id).period.text for delivery_id in ids]
    # The last day of a week is not known any more, but that of its charges is.
    assert texts == ["2026-03", "2026-03-09/2026-03-14", "2026-03-16/2026-03-16"]
