"""The audit log refuses changes: triggers, which no model declares.

Revision: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_VERBS = ("UPDATE", "DELETE")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'audit entries are append-only'; END $$"
        )
    for verb in _VERBS:
        op.execute(_trigger(verb))


def downgrade() -> None:
    on = " ON audit_entries" if op.get_bind().dialect.name == "postgresql" else ""
    for verb in _VERBS:
        op.execute(f"DROP TRIGGER audit_entries_no_{verb.lower()}{on}")
    if on:
        op.execute("DROP FUNCTION refuse_audit_change()")


def _trigger(verb: str) -> str:
    head = f"CREATE TRIGGER audit_entries_no_{verb.lower()} BEFORE {verb} ON audit_entries "
    if op.get_bind().dialect.name == "postgresql":
        return head + "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    return head + "BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END"
