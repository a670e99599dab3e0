"""How many charges an import brought, which costs none of them has, and what could not be read.

Of imports of before, rows were counted as charges.

Revision: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("imports") as batch:
        batch.add_column(sa.Column("charges", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("reconciliation_lines") as batch:
        batch.add_column(
            sa.Column("rows_unread", sa.BigInteger(), nullable=False, server_default="0")
        )
        batch.add_column(
            sa.Column("is_missing", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    with op.batch_alter_table("reconciliation_lines") as batch:
        batch.drop_column("is_missing")
        batch.drop_column("rows_unread")
    with op.batch_alter_table("imports") as batch:
        batch.drop_column("charges")
