"""Lists of imports, newest first, and what each of them brought."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from costoptix.bills.ledger import listing
from costoptix.errors import NotFound
from costoptix.models import ImportState, Organization
from tests.bills.bill import bill
from tests.support.bills import TakeIn


def test_a_stranger_sees_no_import(
    take_in: TakeIn, session: Session, elsewhere: Organization
) -> None:
    row = take_in(bill("7"))
    assert listing.list_imports(session, elsewhere, limit=9) == []
    with pytest.raises(NotFound):
        listing.get(session, elsewhere, row.id)


def test_what_is_read_is_not_unfinished_nor_another_s(
    session: Session, acme: Organization, elsewhere: Organization, take_in: TakeIn
) -> None:
    row = take_in(bill("7"))
    assert listing.unfinished(session, acme) == []
    row.state = ImportState.RECEIVED
    session.commit()
    assert listing.unfinished(session, acme) == [row]
    assert listing.unfinished(session, elsewhere) == []
