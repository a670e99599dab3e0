"""Hashes of the lake's files, what workers are, pauses of the sweep, the installation's own id.

Files and workers of before have none; a backup notes the hashes of files that it reads.

Revision: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("worker_heartbeats") as batch:
        batch.add_column(sa.Column("started_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("version", sa.String(40), nullable=True))
    with op.batch_alter_table("delivery_files") as batch:
        batch.add_column(sa.Column("sha256", sa.String(64), nullable=True))
    op.create_table(
        "installation_identities",
        sa.Column("id", sa.String(10), nullable=False),
        sa.Column("installation_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation_identities")),
    )
    op.create_table(
        "sweep_pauses",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("holder", sa.String(100), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweep_pauses")),
    )


def downgrade() -> None:
    op.drop_table("sweep_pauses")
    op.drop_table("installation_identities")
    with op.batch_alter_table("delivery_files") as batch:
        batch.drop_column("sha256")
    with op.batch_alter_table("worker_heartbeats") as batch:
        batch.drop_column("version")
        batch.drop_column("started_at")
