"""A row sealed under SECRET_KEY, by which a changed one is told at the start.

Revision: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sealed_canaries",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_canaries")),
    )


def downgrade() -> None:
    op.drop_table("sealed_canaries")
