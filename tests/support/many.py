"""Twenty thousand of a thing, as rows: what is slow, or held whole, shows at that number."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import insert
from sqlalchemy.orm import Session

from costoptix.models import (
    Delivery,
    DeliveryFile,
    DeliverySubAccount,
    Import,
    Organization,
    Source,
    new_id,
)

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
PERIOD = date(2026, 1, 1)
_AT_ONCE = 5_000


def many_deliveries(
    session: Session, organization: Organization, *, scopes: int, each: int, sources: int = 4
) -> list[str]:
    """Add ``each`` deliveries to so many scopes, the newest live; return the ids of their imports.

    A scope is a billing account of one of the sources in January 2026; every delivery has a file
    of charges, a sub-account and an import of its own.
    """
    names = [new_id() for _ in range(sources)]
    session.execute(
        insert(Source),
        [
            {"id": name, "organization_id": organization.id, "name": f"source {n}", "settings": {}}
            for n, name in enumerate(names)
        ],
    )
    imports, deliveries, files, accounts = [], [], [], []
    for number in range(scopes * each):
        scope, age = divmod(number, each)
        is_live, source_id = age == each - 1, names[scope % sources]
        made_at, state = FIRST + timedelta(minutes=number), "live" if is_live else "older"
        import_id, delivery_id = new_id(), new_id()
        imports.append({
            "id": import_id, "organization_id": organization.id, "source_id": source_id,
            "state": state, "file_name": f"{number}.csv", "stored_name": import_id,
            "size_bytes": 1, "sha256": f"{number:064}", "created_by": "me", "created_at": made_at,
            "live_at": made_at, "finished_at": made_at,
        })  # fmt: skip
        deliveries.append({
            "id": delivery_id, "organization_id": organization.id, "import_id": import_id,
            "source_id": source_id, "billing_account_id": f"payer-{scope}",
            "billing_period": PERIOD, "delivered_at": made_at, "created_at": made_at,
            "state": state, "is_live": is_live, "first_day": PERIOD, "last_day": PERIOD,
            "row_count": 1, "family": "focus",
        })  # fmt: skip
        files.append({
            "delivery_id": delivery_id, "kind": "charges", "path": f"{delivery_id}/charges.parquet",
            "size_bytes": 1, "row_count": 1,
        })  # fmt: skip
        accounts.append({
            "delivery_id": delivery_id, "position": 0, "provider_name": "AWS",
            "sub_account_id": f"account-{scope}",
            "currency": "USD", "billed_cost": Decimal(1), "effective_cost": Decimal(1),
        })  # fmt: skip
    for table, rows in (
        (Import, imports), (Delivery, deliveries), (DeliveryFile, files),
        (DeliverySubAccount, accounts),
    ):  # fmt: skip
        for start in range(0, len(rows), _AT_ONCE):
            session.execute(insert(table), rows[start : start + _AT_ONCE])
    session.commit()
    return [row["id"] for row in imports]
