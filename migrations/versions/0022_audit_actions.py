"""The kinds of actions of an audit log are found without reading all of it.

Revision: 0022
Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_audit_entries_organization_id_action", "audit_entries", ["organization_id", "action"]
    )


def downgrade() -> None:
    op.drop_index("ix_audit_entries_organization_id_action", "audit_entries")
