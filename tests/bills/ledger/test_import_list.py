"""The list of imports: what each brought and replaced, exact, in any order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from costoptix.bills.ledger import import_list
from costoptix.models import Organization
from tests.bills.bill import bill, write
from tests.support.bills import TakeIn


def listed(session: Session, acme: Organization, order_by: str) -> list[import_list.ListedImport]:
    return import_list.list_page(
        session, acme, order_by=order_by, by_source=False, limit=9, skip=0
    )  # fmt: skip


def test_sums_are_exact_and_of_one_currency_each(
    take_in: TakeIn, session: Session, acme: Organization, elsewhere: Organization
) -> None:
    take_in(bill("7.000000000000000001"))
    take_in(write([{"BilledCost": "9"}, {"BilledCost": "800", "BillingCurrency": "EUR"}]))
    newest, oldest = listed(session, acme, import_list.NEWEST)
    assert oldest.stored == {"USD": Decimal("7.000000000000000001")}
    assert oldest.replaced == {}
    assert newest.stored == {"EUR": Decimal(800), "USD": Decimal(9)}
    assert newest.replaced == {"USD": Decimal("7.000000000000000001")}
    assert listed(session, acme, "billed_cost") == [oldest, newest]
    assert listed(session, elsewhere, import_list.NEWEST) == []


def test_an_order_is_a_column_or_refused() -> None:
    assert import_list.parse_order("-period") == "-period"
    for wrong in ("", "-", "--period", "tier"):
        with pytest.raises(ValueError, match="must be one of"):
            import_list.parse_order(wrong)
