"""Deliveries of one billing account, however its bills spelled it, are of one scope.

Charges keep what the bills wrote. Going down leaves the one spelling.

Revision: 0017
Revises: 0016
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_GUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = "[^/ \t\r\n]+"
_AZURE = f"/?providers/Microsoft[.]Billing/billingAccounts/(?:{_NAME}/billingProfiles/)?"
_SPELLINGS = (
    (f"(?:{_AZURE})?({_GUID}(?::{_GUID}_[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})?)/?", str.lower),
    (f"(?:{_AZURE})?([0-9a-z]{{4}}-[0-9a-z]{{4}}(?:-[0-9a-z]{{3}}){{2}})/?", str.upper),
    (f"{_AZURE}({_NAME})/?", str),
    ("(?:billingAccounts/)?([0-9a-f]{6}(?:-[0-9a-f]{6}){2})", str.upper),
)
_DELIVERIES = sa.table("deliveries", sa.column("billing_account_id", sa.String))


def upgrade() -> None:
    account = _DELIVERIES.c.billing_account_id
    connection = op.get_bind()
    for written in connection.scalars(sa.select(account).distinct()).all():
        spelled = _one_spelling(written)
        if spelled != written:
            connection.execute(
                sa.update(_DELIVERIES).where(account == written).values(billing_account_id=spelled)
            )


def downgrade() -> None:
    """Leave what is there: it names the same accounts."""


def _one_spelling(written: str) -> str:
    for pattern, case in _SPELLINGS:
        blanks = "[ \t\r\n]*"
        match = re.fullmatch(f"{blanks}{pattern}{blanks}", written, re.IGNORECASE | re.ASCII)
        if match is not None:
            return case(match[1])
    return written
