"""What drove anomalies is worked out anew: shares of what was expected, and a rest.

Drivers that were kept before are against a daily average and have no rest. Those of an anomaly
without any are worked out when somebody looks at it.

Revision: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_ANOMALIES = sa.table("anomalies", sa.column("drivers", sa.JSON(none_as_null=True)))


def upgrade() -> None:
    op.execute(sa.update(_ANOMALIES).values(drivers=None))


def downgrade() -> None:
    """Forget them again: the earlier version works out its own."""
    op.execute(sa.update(_ANOMALIES).values(drivers=None))
