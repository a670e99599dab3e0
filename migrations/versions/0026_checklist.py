"""When an admin dismissed the checklist of the first steps.

Revision: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("checklist_dismissed_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("organizations", column)


def downgrade() -> None:
    op.drop_column("organizations", "checklist_dismissed_at")
