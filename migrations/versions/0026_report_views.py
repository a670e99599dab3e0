"""The shared view that the reports of a channel show.

Revision: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("channels") as batch:
        batch.add_column(sa.Column("report_view_id", sa.String(36), nullable=True))
        batch.add_column(
            sa.Column("report_view_name", sa.String(100), nullable=False, server_default="")
        )


def downgrade() -> None:
    with op.batch_alter_table("channels") as batch:
        batch.drop_column("report_view_name")
        batch.drop_column("report_view_id")
