"""What an undo would change is what it changes, to the last digit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.bills.ledger import previews, undo
from costoptix.bills.ledger.questions import Decision
from costoptix.models import Import, Organization
from tests.bills.bill import bill, write
from tests.support.bills import Decide, TakeIn

APRIL = {
    "BillingPeriodStart": "2026-04-01T00:00:00Z", "BillingPeriodEnd": "2026-05-01T00:00:00Z",
    "ChargePeriodStart": "2026-04-02T05:00:00Z", "ChargePeriodEnd": "2026-04-02T06:00:00Z",
}  # fmt: skip
Billed = Callable[[], Decimal]


@pytest.fixture
def expect(session: Session, acme: Organization, operator: Caller, billed: Billed):
    """Take an import back, or make it current; check that this was shown beforehand."""

    def run(row: Import, *, current: bool = False) -> list[previews.Shift]:
        preview = previews.of_making_current if current else previews.of_withdrawing
        shifts, before = preview(session, row), billed()
        act = undo.make_current if current else undo.withdraw
        act(session, acme, operator, row)
        assert billed() - before == sum((shift.change for shift in shifts), Decimal(0))
        return shifts

    return run


def test_taking_back_the_newest_shows_what_was_there_before(take_in: TakeIn, expect) -> None:
    first = take_in(bill("7.1"))
    (shift,) = expect(take_in(bill("8.000000000000000001")))
    assert (shift.before, shift.after) == (Decimal("8.000000000000000001"), Decimal("7.1"))
    assert shift.delivered_at is not None
    assert shift.delivered_at == first.created_at


def test_taking_back_the_only_delivery_shows_a_month_of_nothing(take_in: TakeIn, expect) -> None:
    (shift,) = expect(take_in(bill("7")))
    assert (shift.before, shift.after, shift.delivered_at) == (7, 0, None)


def test_each_month_and_currency_is_shown_by_itself_the_oldest_first(
    take_in: TakeIn, expect
) -> None:
    take_in(bill("5"))
    euros = {"BilledCost": "2", "BillingCurrency": "EUR"}
    row = take_in(write([{"BilledCost": "6"}, euros, {"BilledCost": "9", **APRIL}]))
    shifts = expect(row)
    assert [(s.billing_period.text, s.currency, s.before, s.after) for s in shifts] == [
        ("2026-03", "EUR", 2, 0), ("2026-03", "USD", 6, 5), ("2026-04", "USD", 9, 0),
    ]  # fmt: skip


def test_taking_back_what_is_not_live_changes_nothing(take_in: TakeIn, expect) -> None:
    first = take_in(bill("7"))
    take_in(bill("8"))
    assert [shift.change for shift in expect(first)] == [0]


def test_making_an_older_import_current_shows_its_months(take_in: TakeIn, expect) -> None:
    first = take_in(bill("7"))
    take_in(bill("8"))
    (shift,) = expect(first, current=True)
    assert (shift.before, shift.after) == (8, 7)


def test_taking_back_what_replaced_another_source_brings_its_months_back(
    take_in: TakeIn, decide: Decide, expect
) -> None:
    take_in(bill("7"), source_name="cur")
    row = take_in(bill("8"), source_name="focus")
    decide(row, Decision.REPLACE)
    assert sum(shift.change for shift in expect(row)) == 7 - 8
