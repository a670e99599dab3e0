"""Indexes for look-ups that went through whole tables.

What is forgotten by age (jobs, sessions, withdrawn imports), uploads by their name, and references
to other rows, which are gone through when the row that they refer to is deleted.

Revision: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_INDEXES = (
    ("imports", ("state", "finished_at")),
    ("imports", ("stored_name",)),
    ("imports", ("source_id",)),
    ("inbox_items", ("import_id",)),
    ("jobs", ("finished_at",)),
    ("user_sessions", ("created_at",)),
    ("invitations", ("created_by_user_id",)),
    ("api_keys", ("successor_id",)),
)


def upgrade() -> None:
    for table, columns in _INDEXES:
        op.create_index(_name(table, columns), table, list(columns))


def downgrade() -> None:
    for table, columns in reversed(_INDEXES):
        op.drop_index(_name(table, columns), table)


def _name(table: str, columns: tuple[str, ...]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
