"""Entries of the audit log are numbered and chained; its triggers let pruning and deletion through.

What was written before is chained as it is found.

Revision: 0021
Revises: 0020
"""

import hashlib
import json
import re
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_FIRST = "0" * 64
_AT_ONCE = 1_000
_ENTRIES = sa.table(
    "audit_entries",
    sa.column("id", sa.BigInteger),
    sa.column("organization_id", sa.String),
    sa.column("number", sa.BigInteger),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("actor_kind", sa.String),
    sa.column("actor", sa.String),
    sa.column("actor_id", sa.String),
    sa.column("address", sa.String),
    sa.column("action", sa.String),
    sa.column("subject", sa.String),
    sa.column("subject_id", sa.String),
    sa.column("before", sa.JSON),
    sa.column("after", sa.JSON),
    sa.column("hash", sa.String),
)
_HEADS = sa.table(
    "audit_heads",
    sa.column("organization_id", sa.String),
    sa.column("number", sa.BigInteger),
    sa.column("hash", sa.String),
    sa.column("pruned_number", sa.BigInteger),
    sa.column("pruned_hash", sa.String),
)
_MAY_BE_DELETED = (
    "(OLD.organization_id <> '' AND NOT EXISTS "
    "(SELECT 1 FROM organizations WHERE organizations.id = OLD.organization_id))"
)
_IS_PRUNED = (
    "EXISTS (SELECT 1 FROM audit_heads WHERE audit_heads.organization_id = OLD.organization_id "
    "AND audit_heads.pruned_number >= OLD.number)"
)
_GOES_BACK = "(NEW.number < OLD.number OR NEW.pruned_number < OLD.pruned_number)"
_GUARDS = {  # by name: table, verb, when it is refused
    "audit_entries_no_update": ("audit_entries", "UPDATE", "1 = 1"),
    "audit_entries_no_delete": (
        "audit_entries", "DELETE", f"NOT ({_MAY_BE_DELETED} OR {_IS_PRUNED})",
    ),
    "audit_heads_no_update": ("audit_heads", "UPDATE", _GOES_BACK),
    "audit_heads_no_delete": ("audit_heads", "DELETE", f"NOT {_MAY_BE_DELETED}"),
}  # fmt: skip


def upgrade() -> None:
    _drop(["audit_entries_no_update", "audit_entries_no_delete"])
    _create_tables()
    with op.batch_alter_table("audit_entries") as batch:
        batch.add_column(sa.Column("number", sa.BigInteger()))
        batch.add_column(sa.Column("actor_kind", sa.String(10)))
        batch.add_column(sa.Column("hash", sa.String(64)))
    _chain()
    with op.batch_alter_table("audit_entries") as batch:
        batch.alter_column("organization_id", existing_type=sa.String(36), nullable=False)
        batch.alter_column("number", existing_type=sa.BigInteger(), nullable=False)
        batch.alter_column("actor_kind", existing_type=sa.String(10), nullable=False)
        batch.alter_column("hash", existing_type=sa.String(64), nullable=False)
        batch.create_unique_constraint(
            op.f("uq_audit_entries_organization_id_number"), ["organization_id", "number"]
        )
    _guard()


def downgrade() -> None:
    _drop(list(_GUARDS))
    if _is_postgresql():
        op.execute("DROP TRIGGER audit_entries_no_truncate ON audit_entries")
        for name in _GUARDS:
            op.execute(f"DROP FUNCTION refuse_{name}()")
    with op.batch_alter_table("audit_entries") as batch:
        batch.drop_constraint(op.f("uq_audit_entries_organization_id_number"), type_="unique")
        for name in ("number", "actor_kind", "hash"):
            batch.drop_column(name)
        batch.alter_column("organization_id", existing_type=sa.String(36), nullable=True)
    op.drop_table("audit_tallies")
    op.drop_table("audit_heads")
    for verb in ("UPDATE", "DELETE"):
        op.execute(_unconditional(verb))


def _create_tables() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("pruned_number", sa.BigInteger(), nullable=False),
        sa.Column("pruned_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "audit_tallies",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor", sa.String(400), nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=True),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("addresses", sa.JSON(), nullable=False),
        sa.Column("subjects", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_audit_tallies")),
    )
    op.create_index(op.f("ix_audit_tallies_hour"), "audit_tallies", ["hour"])


def _chain() -> None:
    """Number what there is by organization, oldest first, and give each entry its hash."""
    connection = op.get_bind()
    connection.execute(
        sa.update(_ENTRIES).where(_ENTRIES.c.organization_id.is_(None)).values(organization_id="")
    )
    organizations = sa.table("organizations", sa.column("id", sa.String))
    heads = dict.fromkeys(["", *connection.scalars(sa.select(organizations.c.id))], (0, _FIRST))
    last_id = 0
    statement = sa.update(_ENTRIES).where(_ENTRIES.c.id == sa.bindparam("row_id"))
    while rows := connection.execute(
        sa.select(_ENTRIES).where(_ENTRIES.c.id > last_id).order_by(_ENTRIES.c.id).limit(_AT_ONCE)
    ).all():
        last_id = rows[-1].id
        # One statement for all of them: one for each took half the time of the whole upgrade.
        connection.execute(statement, [_chained(row, heads) for row in rows])
    connection.execute(
        sa.insert(_HEADS),
        [
            {
                "organization_id": organization_id, "number": number, "hash": last_hash,
                "pruned_number": 0, "pruned_hash": _FIRST,
            }
            for organization_id, (number, last_hash) in heads.items()
        ],
    )  # fmt: skip


def _chained(row: sa.Row, heads: dict[str, tuple[int, str]]) -> dict[str, object]:
    """Return an entry's columns of the chain; it becomes the newest of its organization."""
    number, previous = heads.get(row.organization_id, (0, _FIRST))
    number, kind = number + 1, _kind(row.actor)
    heads[row.organization_id] = chained = (number, _digest(previous, row, number, kind))
    return {"row_id": row.id, "number": number, "actor_kind": kind, "hash": chained[1]}


def _kind(actor: str) -> str:
    if actor == "command line":
        return "command"
    if actor in ("worker", "inbox"):
        return "system"
    return "key" if re.search(r"\(cc_\w+…\)$", actor) else "person"


def _digest(previous: str, row: sa.Row, number: int, kind: str) -> str:
    at: datetime = row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC)
    said = [
        previous, row.organization_id, number,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        kind, row.actor, row.actor_id, row.address, row.action, row.subject, row.subject_id,
        row.before, row.after,
    ]  # fmt: skip
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _guard() -> None:
    if _is_postgresql():
        op.execute(
            "CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
    for name, (table, verb, refused) in _GUARDS.items():
        if not _is_postgresql():
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} WHEN {refused} "
                "BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END"
            )
            continue
        row = "OLD" if verb == "DELETE" else "NEW"
        op.execute(
            f"CREATE FUNCTION refuse_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {refused} THEN RAISE EXCEPTION 'audit entries are append-only'; END IF; "
            f"RETURN {row}; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_{name}()"
        )


def _drop(triggers: list[str]) -> None:
    for name in triggers:
        table = "audit_heads" if name.startswith("audit_heads") else "audit_entries"
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if _is_postgresql() else ""))


def _unconditional(verb: str) -> str:
    head = f"CREATE TRIGGER audit_entries_no_{verb.lower()} BEFORE {verb} ON audit_entries "
    if _is_postgresql():
        return head + "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    return head + "BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END"


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
