"""How each budget stands is kept, so that lists need not compute it.

Revision: 0006
Revises: 0005

No standing is made here: the worker finds that they are missing and computes them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import costoptix.models

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_AMOUNT = costoptix.models.ExactDecimal(length=64)
_INSTANT = costoptix.models.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "budget_standings",
        sa.Column("budget_id", sa.String(length=36), nullable=False),
        sa.Column("data_version", sa.String(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("computed_at", _INSTANT, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=True),
        sa.Column("current_spend", _AMOUNT, nullable=True),
        sa.Column("predicted_spend", _AMOUNT, nullable=True),
        sa.Column("predicted_by", sa.String(length=20), nullable=True),
        sa.Column("predicted_note", sa.Text(), nullable=True),
        sa.Column("utilization_percent", _AMOUNT, nullable=True),
        sa.Column("crosses_on", sa.Date(), nullable=True),
        sa.Column("used", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["budget_id"],
            ["budgets.id"],
            name=op.f("fk_budget_standings_budget_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("budget_id", name=op.f("pk_budget_standings")),
    )


def downgrade() -> None:
    op.drop_table("budget_standings")
