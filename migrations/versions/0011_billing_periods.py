"""Billing periods that are no calendar months: their last day.

Without one a period is the calendar month that begins on its first day, as all were before. Going
back keeps first days, so that no period becomes a part of another. Coming here again, what begins
within a month ends with its last charge: more is not known of it.

Revision: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLES = ("deliveries", "reconciliation_lines")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("billing_period_last", sa.Date(), nullable=True))
    op.execute(
        "UPDATE deliveries SET billing_period_last = "
        "CASE WHEN last_day > billing_period THEN last_day ELSE billing_period END "
        f"WHERE {_day_of_month()} <> 1"
    )


def downgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("billing_period_last")


def _day_of_month() -> str:
    if op.get_bind().dialect.name == "postgresql":
        return "EXTRACT(DAY FROM billing_period)"
    return "CAST(strftime('%d', billing_period) AS INTEGER)"
