"""What an organization chose: the cost that is shown, and when reports go out.

Every organization gets what there was no choice of before: amortised cost, Monday, UTC.

Revision: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_COLUMNS = {
    "metric": (20, "effective_cost"),
    "time_zone": (64, "UTC"),
    "report_weekday": (10, "monday"),
}


def upgrade() -> None:
    with op.batch_alter_table("organizations") as batch:
        for name, (length, default) in _COLUMNS.items():
            batch.add_column(
                sa.Column(name, sa.String(length), nullable=False, server_default=default)
            )


def downgrade() -> None:
    with op.batch_alter_table("organizations") as batch:
        for name in _COLUMNS:
            batch.drop_column(name)
