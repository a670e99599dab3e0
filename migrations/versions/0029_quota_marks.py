"""Marks of the counters of calls, by which it is noticed that counts were lost.

Revision: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quota_marks",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("mark", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("store", "day", name=op.f("pk_quota_marks")),
    )


def downgrade() -> None:
    op.drop_table("quota_marks")
