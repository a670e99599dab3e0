"""What of an import counts, by its months and accounts."""

from __future__ import annotations

from sqlalchemy.orm import Session

from costoptix.bills.ledger import brought
from costoptix.models import Organization
from costoptix.periods import BillingPeriod
from tests.bills.bill import bill
from tests.support.bills import TakeIn


def test_what_was_replaced_counts_no_more(
    take_in: TakeIn, session: Session, acme: Organization, elsewhere: Organization
) -> None:
    older = take_in(bill("7"))
    live = brought.live_part(session, acme, older)
    assert live is not None
    assert live.first == live.last
    assert isinstance(live.first, BillingPeriod)
    assert len(live.accounts) == 1
    assert brought.is_only(session, acme, older)
    assert brought.live_part(session, elsewhere, older) is None
    newer = take_in(bill("9"))
    assert brought.live_part(session, acme, older) is None
    assert brought.live_part(session, acme, newer) == live
