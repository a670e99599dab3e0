"""Lists of imports, newest first, and what each of them brought."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from costoptix.bills.ledger import listing
from costoptix.errors import NotFound
from costoptix.models import Organization
from tests.bills.bill import bill
from tests.support.bills import TakeIn


def test_a_stranger_sees_no_import(
    take_in: TakeIn, session: Session, elsewhere: Organization
) -> None:
    row = take_in(bill("7"))
    assert listing.list_imports(session, elsewhere, limit=9) == []
    with pytest.raises(NotFound):
        listing.get(session, elsewhere, row.id)
