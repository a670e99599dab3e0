"""A repeat of live bytes is a duplicate that names the import it repeats.

Before, it was a live import of no rows. What it repeats is the newest import of the same bytes
before it that is no repeat itself; the same sentence had been written to all repeats, and to
nothing else.

Revision: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SENTENCE = "already imported, nothing changed"


def upgrade() -> None:
    with op.batch_alter_table("imports") as batch:
        batch.add_column(sa.Column("repeats_id", sa.String(36), nullable=True))
        batch.create_foreign_key(
            batch.f("fk_imports_repeats_id"), "imports", ["repeats_id"], ["id"],
            ondelete="SET NULL",
        )  # fmt: skip
        batch.create_index(batch.f("ix_imports_repeats_id"), ["repeats_id"])
    op.execute(
        sa.text(
            "UPDATE imports SET repeats_id = ("
            " SELECT original.id FROM imports AS original"
            " WHERE original.organization_id = imports.organization_id"
            " AND original.sha256 = imports.sha256"
            " AND original.created_at <= imports.created_at AND original.id <> imports.id"
            " AND (original.message IS NULL OR original.message <> :sentence)"
            " AND original.state IN ('live', 'older', 'withdrawn')"
            " AND (imports.source_name IS NULL OR imports.source_name ="
            "  (SELECT sources.name FROM sources WHERE sources.id = original.source_id))"
            " ORDER BY original.created_at DESC, original.id LIMIT 1)"
            " WHERE state = 'live' AND message = :sentence"
        ).bindparams(sentence=_SENTENCE)
    )
    op.execute("UPDATE imports SET state = 'duplicate' WHERE repeats_id IS NOT NULL")


def downgrade() -> None:
    op.execute("UPDATE imports SET state = 'live' WHERE state = 'duplicate'")
    with op.batch_alter_table("imports") as batch:
        batch.drop_index(batch.f("ix_imports_repeats_id"))
        batch.drop_constraint(batch.f("fk_imports_repeats_id"), type_="foreignkey")
        batch.drop_column("repeats_id")
