"""Azure's two exports of one month, small."""

from __future__ import annotations

from sqlalchemy.orm import Session

from costoptix.bills.ledger import listing
from costoptix.models import Import
from tests.support.bills import DATA

ACTUAL = (DATA / "azure" / "EA_ActualCost_Small.csv").read_bytes()
AMORTIZED = (DATA / "azure" / "EA_AmortizedCost_Small.csv").read_bytes()


def incomplete_months(session: Session, row: Import) -> list[str | None]:
    """Return what is said of each month that an import brought."""
    return [month.incomplete for month in listing.periods(session, row)]
