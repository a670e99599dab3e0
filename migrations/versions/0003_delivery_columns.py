"""What a delivery's JSON said becomes columns, and rows of two small tables.

Revision: 0003
Revises: 0002
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

import costoptix.models

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

AT_ONCE = 50
"""Deliveries that are held in memory together: each may have thousands of sub-accounts."""

ROWS_AT_ONCE = 1_000
"""Rows of the two tables that are inserted by one statement: one for each takes four times as long."""

_AMOUNT = costoptix.models.ExactDecimal(length=64)
_INSTANT = costoptix.models.UTCDateTime(timezone=True)


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("family", sa.String(length=40), nullable=True),
        sa.Column("dataset", sa.String(length=12), nullable=True),
        sa.Column("dataset_shown_by", sa.String(length=200), nullable=True),
        sa.Column("batch_file_name", sa.Text(), nullable=True),
        sa.Column("batch_first", sa.Text(), nullable=True),
        sa.Column("batch_last", sa.Text(), nullable=True),
        sa.Column("exported_first", _INSTANT, nullable=True),
        sa.Column("exported_last", _INSTANT, nullable=True),
    ]


_DELIVERIES = sa.table(
    "deliveries", sa.column("id", sa.String), sa.column("facts", sa.JSON), *_columns()
)
_SUB_ACCOUNTS = sa.table(
    "delivery_sub_accounts",
    sa.column("delivery_id", sa.String),
    sa.column("position", sa.Integer),
    sa.column("provider_name", sa.Text),
    sa.column("sub_account_id", sa.Text),
    sa.column("currency", sa.Text),
    sa.column("billed_cost", _AMOUNT),
    sa.column("effective_cost", _AMOUNT),
)
_SUMS = sa.table(
    "delivery_sums",
    sa.column("delivery_id", sa.String),
    sa.column("position", sa.Integer),
    sa.column("currency", sa.Text),
    sa.column("charge_category", sa.Text),
    sa.column("billed_cost", _AMOUNT),
    sa.column("effective_cost", _AMOUNT),
    sa.column("list_cost", _AMOUNT),
    sa.column("contracted_cost", _AMOUNT),
)


def upgrade() -> None:
    _create("delivery_sub_accounts", _SUB_ACCOUNTS)
    _create("delivery_sums", _SUMS)
    op.create_index(
        "ix_delivery_sub_accounts_sub_account_id",
        "delivery_sub_accounts",
        ["sub_account_id", "delivery_id"],
    )
    with op.batch_alter_table("deliveries") as table:
        for column in _columns():
            table.add_column(column)
    for deliveries in _batches(_DELIVERIES.c.id, _DELIVERIES.c.facts):
        _to_columns(deliveries)
    with op.batch_alter_table("deliveries") as table:
        table.drop_column("facts")
        table.drop_index("ix_deliveries_scope")
        table.create_index(
            "ix_deliveries_scope", ["source_id", "billing_account_id", "billing_period"]
        )
        table.create_index(
            "ix_deliveries_organization_id_billing_period", ["organization_id", "billing_period"]
        )
        table.create_index(
            "ix_deliveries_organization_id_billing_account_id",
            ["organization_id", "billing_account_id", "billing_period"],
        )


def downgrade() -> None:
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("facts", sa.JSON(), nullable=True))
    for deliveries in _batches(_DELIVERIES):
        _update([{"row_id": row.id, "facts": _facts(row)} for row in deliveries])
    with op.batch_alter_table("deliveries") as table:
        table.alter_column("facts", existing_type=sa.JSON(), nullable=False)
        table.drop_index("ix_deliveries_organization_id_billing_account_id")
        table.drop_index("ix_deliveries_organization_id_billing_period")
        table.drop_index("ix_deliveries_scope")
        for column in _columns():
            table.drop_column(column.name)
        table.create_index(
            "ix_deliveries_scope",
            ["organization_id", "source_id", "billing_account_id", "billing_period"],
        )
    op.drop_table("delivery_sums")
    op.drop_index("ix_delivery_sub_accounts_sub_account_id", "delivery_sub_accounts")
    op.drop_table("delivery_sub_accounts")


_ALWAYS_THERE = ("delivery_id", "position", "currency", "billed_cost", "effective_cost")


def _create(name: str, table: sa.TableClause) -> None:
    op.create_table(
        name,
        *(sa.Column(c.name, c.type, nullable=c.name not in _ALWAYS_THERE) for c in _typed(table)),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f(f"fk_{name}_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "position", name=op.f(f"pk_{name}")),
    )


def _typed(table: sa.TableClause) -> Iterator[sa.Column[Any]]:
    for column in table.c:
        is_id = column.name == "delivery_id"
        yield sa.Column(column.name, sa.String(length=36) if is_id else column.type)


def _batches(*columns: Any) -> Iterator[Sequence[sa.Row[Any]]]:
    """Yield the deliveries, some at a time: a table may be larger than memory."""
    last = ""
    while True:
        query = sa.select(*columns).where(_DELIVERIES.c.id > last).order_by(_DELIVERIES.c.id)
        rows = op.get_bind().execute(query.limit(AT_ONCE)).all()
        if not rows:
            return
        yield rows
        last = rows[-1].id


def _to_columns(deliveries: Sequence[sa.Row[Any]]) -> None:
    _update([{"row_id": row.id} | _values(row.facts or {}) for row in deliveries])
    for table, name in ((_SUB_ACCOUNTS, "sub_accounts"), (_SUMS, "sums")):
        rows = (
            {"delivery_id": row.id, "position": position} | _with_amounts(members)
            for row in deliveries
            for position, members in enumerate((row.facts or {}).get(name) or ())
        )
        _insert(table, rows)


def _update(deliveries: list[dict[str, Any]]) -> None:
    """Change the deliveries of ``row_id``, all of the same columns."""
    statement = _DELIVERIES.update().where(_DELIVERIES.c.id == sa.bindparam("row_id"))
    op.get_bind().execute(statement, deliveries)


def _insert(table: sa.TableClause, rows: Iterable[dict[str, Any]]) -> None:
    remaining = iter(rows)
    while some := list(islice(remaining, ROWS_AT_ONCE)):
        op.get_bind().execute(table.insert(), some)


def _values(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a delivery with such facts."""
    batch, exported = facts.get("batch") or {}, facts.get("exported") or {}
    first, last = batch.get("numbers") or (None, None)
    return {
        "family": facts.get("family"),
        "dataset": facts.get("half"),
        "dataset_shown_by": _shown_by(facts),
        "batch_file_name": batch.get("file_name"),
        "batch_first": first,
        "batch_last": last,
        "exported_first": _instant(exported.get("first")),
        "exported_last": _instant(exported.get("last")),
    }


def _shown_by(facts: Mapping[str, Any]) -> str | None:
    """Return the names of what holds of the file: every other member is no yes or no."""
    holding = [name for name, holds in facts.items() if holds is True and name != "tells_half"]
    return ",".join(holding) or ("unknown" if facts.get("tells_half") else None)


def _with_amounts(members: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Decimal(value) if name.endswith("_cost") and value is not None else value
        for name, value in members.items()
    }


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _facts(row: sa.Row[Any]) -> dict[str, Any]:
    """Return the JSON that a delivery came from, without facts that did not hold: unread, ever."""
    holding = [] if row.dataset_shown_by is None else row.dataset_shown_by.split(",")
    batch = exported = None
    if row.batch_file_name is not None:
        batch = {"file_name": row.batch_file_name, "numbers": [row.batch_first, row.batch_last]}
    if row.exported_first is not None:
        exported = {"first": _text(row.exported_first), "last": _text(row.exported_last)}
    return dict.fromkeys(holding, True) | {
        "family": row.family,
        "half": row.dataset,
        "tells_half": bool(holding),
        "batch": batch,
        "exported": exported,
        "sub_accounts": _members(_SUB_ACCOUNTS, row.id),
        "sums": _members(_SUMS, row.id),
    }


def _members(table: sa.TableClause, delivery_id: str) -> list[dict[str, Any]]:
    columns = [c for c in table.c if c.name not in ("delivery_id", "position")]
    query = sa.select(*columns).where(table.c.delivery_id == delivery_id)
    return [
        {
            name: f"{value:f}" if isinstance(value, Decimal) else value
            for name, value in row._mapping.items()
        }
        for row in op.get_bind().execute(query.order_by(table.c.position))
    ]


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
