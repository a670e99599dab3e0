"""Imports are found by organization and bytes: by the bytes alone, the list's index was taken.

Revision: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_imports_sha256", "imports")
    op.create_index("ix_imports_organization_id_sha256", "imports", ["organization_id", "sha256"])


def downgrade() -> None:
    op.drop_index("ix_imports_organization_id_sha256", "imports")
    op.create_index("ix_imports_sha256", "imports", ["sha256"])
