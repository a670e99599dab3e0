"""Below which impact anomalies are not kept, and what an organization usually costs a day.

Every anomaly stays as it is. The first run of detection after this learns the usual costs.

Revision: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("organizations") as batch:
        batch.add_column(
            sa.Column("anomaly_floors", sa.JSON(), nullable=False, server_default="{}")
        )
    with op.batch_alter_table("detection_runs") as batch:
        batch.add_column(sa.Column("daily_costs", sa.JSON(), nullable=False, server_default="{}"))
        batch.add_column(sa.Column("below_floor", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("detection_runs") as batch:
        batch.drop_column("below_floor")
        batch.drop_column("daily_costs")
    with op.batch_alter_table("organizations") as batch:
        batch.drop_column("anomaly_floors")
