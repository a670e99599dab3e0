"""Channels, what is on its way to them, and whether an event was handed on to them.

Events of before are of before: no channel is told of them.

Revision: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _instant(name, nullable=True):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _organization(table):
    return sa.ForeignKeyConstraint(
        ["organization_id"], ["organizations.id"],
        name=f"fk_{table}_organization_id", ondelete="CASCADE",
    )  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("target_hint", sa.String(400), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("former_secret", sa.Text(), nullable=True),
        _instant("former_secret_until"),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        _instant("failing_since"),
        sa.Column("failures", sa.Integer(), nullable=False),
        _instant("resume_at"),
        sa.Column("lease_token", sa.String(36), nullable=True),
        _instant("lease_until"),
        sa.Column("created_by", sa.String(400), nullable=False),
        _instant("created_at", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
        sa.UniqueConstraint("organization_id", "name", name="uq_channels_organization_id_name"),
        _organization("channels"),
    )
    op.create_index("ix_channels_organization_id", "channels", ["organization_id"])
    op.create_table(
        "dispatches",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("channel_id", sa.String(36), nullable=False),
        sa.Column("key", sa.String(250), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        _instant("happened_at", nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        _instant("next_attempt_at"),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("excerpt", sa.Text(), nullable=False),
        _instant("created_at", nullable=False),
        _instant("finished_at"),
        sa.PrimaryKeyConstraint("id", name="pk_dispatches"),
        sa.UniqueConstraint("channel_id", "key", name="uq_dispatches_channel_id_key"),
        _organization("dispatches"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"],
            name="fk_dispatches_channel_id", ondelete="CASCADE",
        ),
    )  # fmt: skip
    op.create_index("ix_dispatches_organization_id", "dispatches", ["organization_id"])
    op.create_index("ix_dispatches_finished_at", "dispatches", ["finished_at"])
    op.create_index(
        "ix_dispatches_channel_id_state_next_attempt_at",
        "dispatches", ["channel_id", "state", "next_attempt_at"],
    )  # fmt: skip
    op.create_table(
        "dispatch_attempts",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("dispatch_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _instant("at", nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("is_delivered", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dispatch_attempts"),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatches.id"],
            name="fk_dispatch_attempts_dispatch_id", ondelete="CASCADE",
        ),
    )  # fmt: skip
    op.create_index("ix_dispatch_attempts_dispatch_id", "dispatch_attempts", ["dispatch_id"])
    with op.batch_alter_table("events") as batch:
        batch.add_column(
            sa.Column("is_handed_on", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        batch.create_index("ix_events_is_handed_on", ["is_handed_on"])
    with op.batch_alter_table("events") as batch:
        batch.alter_column("is_handed_on", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("events") as batch:
        batch.drop_index("ix_events_is_handed_on")
        batch.drop_column("is_handed_on")
    for table in ("dispatch_attempts", "dispatches", "channels"):
        op.drop_table(table)
