"""Requests with an Idempotency-Key remember that they have changed something.

What is known already has its answer, or nobody knows: it counts as not carried out, as before.

Revision: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

import costoptix.models

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("idempotency_records") as batch:
        batch.add_column(
            sa.Column("carried_out_at", costoptix.models.UTCDateTime(timezone=True), nullable=True)
        )


def downgrade() -> None:
    with op.batch_alter_table("idempotency_records") as batch:
        batch.drop_column("carried_out_at")
