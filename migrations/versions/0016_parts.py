"""The parts of an anomaly: what one cause did in several accounts or services.

Every anomaly of before is of one series, and has no parts.

Revision: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLE = "anomaly_parts"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("anomaly_id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("series", sa.String(64), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=True),
        sa.Column("service_name", sa.Text(), nullable=True),
        sa.Column("sub_account_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        *(
            sa.Column(name, sa.String(64), nullable=False)
            for name in ("actual", "expected", "low", "high", "impact")
        ),
        sa.Column("deviation_percent", sa.String(64), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_anomaly_parts"),
        sa.ForeignKeyConstraint(
            ["anomaly_id"], ["anomalies.id"],
            name="fk_anomaly_parts_anomaly_id", ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"],
            name="fk_anomaly_parts_organization_id", ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "organization_id", "series", "first_day", name="uq_anomaly_parts_organization_id_series_first_day"
        ),
    )  # fmt: skip
    op.create_index("ix_anomaly_parts_anomaly_id", _TABLE, ["anomaly_id"])
    op.create_index("ix_anomaly_parts_organization_id", _TABLE, ["organization_id"])


def downgrade() -> None:
    op.drop_table(_TABLE)
