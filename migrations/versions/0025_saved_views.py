"""Saved views: questions about costs under a name, personal or shared.

Revision: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("personal_to_id", sa.String(36), nullable=True),
        sa.Column("owner_id", sa.String(36), nullable=True),
        sa.Column("made_by_person", sa.Boolean(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("compare", sa.String(10), nullable=False),
        sa.Column("metric", sa.String(20), nullable=True),
        sa.Column("complete_days", sa.Boolean(), nullable=False),
        sa.Column("table_order", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(400), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_views"),
        sa.UniqueConstraint("personal_to_id", "name", name="uq_saved_views_personal_to_id_name"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"],
            name="fk_saved_views_organization_id", ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["personal_to_id"], ["users.id"],
            name="fk_saved_views_personal_to_id", ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name="fk_saved_views_owner_id", ondelete="SET NULL",
        ),
    )  # fmt: skip
    for column in ("organization_id", "personal_to_id", "owner_id"):
        op.create_index(f"ix_saved_views_{column}", "saved_views", [column])
    op.create_index(
        "uq_saved_views_shared_name", "saved_views", ["organization_id", "name"], unique=True,
        sqlite_where=sa.text("personal_to_id IS NULL"),
        postgresql_where=sa.text("personal_to_id IS NULL"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("saved_views")
