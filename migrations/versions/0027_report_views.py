"""The shared view that the reports of a channel show.

Revision: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
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
