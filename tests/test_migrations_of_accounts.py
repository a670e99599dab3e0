"""What people said of accounts follows them to their one spelling."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from costoptix.anomalies.episodes import Series
from costoptix.costs.accounts import account_id, given_names
from costoptix.extensions import db
from costoptix.models import Anomaly, Budget, Organization
from tests.anomalies.anomaly import make_anomaly
from tests.support.budgets import keep_budget
from tests.test_migrations_of_deliveries import insert, insert_import

GUID = "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"
PATH = f"/subscriptions/{GUID}"
BEFORE = "0011"


def insert_bill(
    connection: Connection, *accounts: tuple[str | None, str | None], billing_account: str = "a"
) -> str:
    """Write an organization with a bill of these accounts; return the organization's id."""
    owner, source, imported = insert_import(connection)
    connection.execute(text("UPDATE organizations SET name = id"))  # no two have one name
    now = datetime.now(UTC).isoformat()
    delivery = insert(
        connection, "deliveries",
        organization_id=owner, import_id=imported, source_id=source,
        billing_account_id=billing_account, billing_period="2025-02-01", delivered_at=now,
        state="live", is_live=True, created_at=now, row_count=1,
    )  # fmt: skip
    for position, (provider, number) in enumerate(accounts):
        connection.execute(
            text(
                "INSERT INTO delivery_sub_accounts (delivery_id, position, provider_name, "
                "sub_account_id, currency, billed_cost, effective_cost) "
                "VALUES (:delivery, :position, :provider, :number, 'EUR', '1', '1')"
            ),
            {"delivery": delivery, "position": position, "provider": provider, "number": number},
        )
    return owner


def name(connection: Connection, owner: str, account: str, given: str) -> None:
    """Write a given name as it was kept, and what the audit log said of it."""
    insert(
        connection, "account_names",
        organization_id=owner, account_id=account_id(account), name=given,
    )  # fmt: skip
    now = datetime.now(UTC).isoformat()
    connection.execute(
        text(
            "INSERT INTO audit_entries (organization_id, at, actor, address, action, subject) "
            "VALUES (:owner, :now, 'me', '', 'account.renamed', :account)"
        ),
        {"owner": owner, "now": now, "account": account},
    )


def test_a_given_name_follows_and_of_two_the_newest_wins(app: Flask) -> None:
    spellings = [("Microsoft", GUID), ("Microsoft", PATH), ("Amazon Web Services, Inc.", "1")]
    with app.app_context():
        downgrade(revision=BEFORE)
        with db.engine.begin() as connection:
            one, other, old = (insert_bill(connection, *spellings) for _ in range(3))
            name(connection, one, f"azure:{PATH}", "first")
            name(connection, one, f"azure:{GUID}", "second")
            name(connection, other, f"azure:{GUID}", "first")
            name(connection, other, f"azure:{PATH}", "second")
            name(connection, old, f"azure:{PATH}", "only")
            name(connection, old, "amazon-web-services,-inc.:1", "cloud")
            name(connection, old, "aws:gone", "kept")
        upgrade()
        names = {
            owner: given_names(db.session(), db.session.get_one(Organization, owner))
            for owner in (one, other, old)
        }
    assert names[one][account_id(f"azure:{GUID}")] == "second"
    assert names[other][account_id(f"azure:{GUID}")] == "second"
    assert names[old][account_id(f"azure:{GUID}")] == "only"
    assert names[old][account_id("aws:1")] == "cloud"
    assert names[old][account_id("aws:gone")] == "kept"
    assert names[old][account_id(f"azure:{PATH}")] == "only"  # nothing is taken away


def test_budgets_and_anomalies_follow(app: Flask) -> None:
    with app.app_context():
        session: Session = db.session()
        owner = Organization(name="Acme", tier="free")
        session.add(owner)
        session.commit()
        budget = keep_budget(session, owner, account=f"azure:{PATH.upper()}").id
        usual = keep_budget(session, owner, name="other", account="aws:123456789012").id
        row = make_anomaly(
            session, owner, provider_name="Microsoft Azure", sub_account_id=PATH, status="resolved"
        )
        anomaly, digest = row.id, row.series
        session.close()
        downgrade(revision=BEFORE)
        upgrade()
        assert session.get_one(Budget, budget).account == f"azure:{GUID}"
        assert session.get_one(Budget, usual).account == "aws:123456789012"
        row = session.get_one(Anomaly, anomaly)
        assert (row.provider_name, row.sub_account_id) == ("Microsoft", GUID)
        assert (row.status, row.series) == ("resolved", digest)  # the alert that was raised
        assert digest == Series("Microsoft Azure", "EC2", PATH, "USD").digest


def test_data_in_other_spellings_have_a_new_version(app: Flask) -> None:
    bills = {
        "same": [("AWS", "123456789012"), ("Microsoft", GUID), (None, None)],
        "account": [("Microsoft", PATH)],
        "provider": [("Amazon Web Services", "123456789012")],
    }
    with app.app_context():
        downgrade(revision=BEFORE)
        with db.engine.begin() as connection:
            owners = {said: insert_bill(connection, *pairs) for said, pairs in bills.items()}
            path = "/providers/Microsoft.Billing/billingAccounts/1"
            owners["billing account"] = insert_bill(connection, billing_account=path)
            before = versions(connection)
        upgrade()
        with db.engine.connect() as connection:
            after = versions(connection)
        assert {said: before[owner] == after[owner] for said, owner in owners.items()} == {
            "same": True, "account": False, "provider": False, "billing account": False,
        }  # fmt: skip


def versions(connection: Connection) -> dict[str, str]:
    rows = connection.execute(select(Organization.id, Organization.data_version))
    return {row.id: row.data_version for row in rows}
