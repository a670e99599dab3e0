"""Rules of tags: what takes the place of values of a key, or of keys.

Revision: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tag_rules",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(400), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"],
            name=op.f("fk_tag_rules_organization_id"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_rules")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_tag_rules_organization_id_created_at_id"),
        "tag_rules", ["organization_id", "created_at", "id"],
    )  # fmt: skip
    op.create_table(
        "tag_rule_names",
        sa.Column("rule_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"],
            name=op.f("fk_tag_rule_names_organization_id"), ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["tag_rules.id"],
            name=op.f("fk_tag_rule_names_rule_id"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("rule_id", "position", name=op.f("pk_tag_rule_names")),
        sa.UniqueConstraint(
            "organization_id", "digest", name=op.f("uq_tag_rule_names_organization_id_digest")
        ),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("tag_rule_names")
    op.drop_table("tag_rules")
