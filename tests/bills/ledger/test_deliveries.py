"""Which delivery is the newer one, and what is written down of each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import sha256

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock
from costoptix.access.permissions import Caller
from costoptix.bills.ledger import deliveries, undo
from costoptix.bills.read.staged import CategorySum
from costoptix.models import Delivery, Import, Organization
from tests.bills.bill import bill, write
from tests.support.bills import DATA, TakeIn


def delivery_of(session: Session, row: Import) -> Delivery:
    return session.scalars(select(Delivery).where(Delivery.import_id == row.id)).one()


def test_a_delivery_is_as_new_as_its_arrival_where_nothing_else_says(
    take_in: TakeIn, session: Session
) -> None:
    row = take_in(bill("7"))
    assert delivery_of(session, row).delivered_at == row.created_at


def test_each_file_is_written_down_with_its_size_and_its_hash(
    take_in: TakeIn, session: Session, config: Config
) -> None:
    files = delivery_of(session, take_in(bill("7"))).files
    assert files
    for file in files:
        content = (config.lake_dir / file.path).read_bytes()
        assert (file.size_bytes, file.sha256) == (len(content), sha256(content).hexdigest())


def test_a_manifest_s_time_goes_before_the_arrival(take_in: TakeIn, session: Session) -> None:
    row = take_in(bill("7"), options={"delivered_at": "2026-04-01T02:00:00+02:00"})
    assert delivery_of(session, row).delivered_at == datetime(2026, 4, 1, tzinfo=UTC)


def test_rows_that_say_when_they_were_exported_go_before_the_arrival(
    take_in: TakeIn, session: Session
) -> None:
    row = take_in((DATA / "gcp" / "detailed.jsonl").read_bytes(), name="detailed.jsonl")
    made = session.scalars(select(Delivery).where(Delivery.import_id == row.id)).all()
    assert {delivery.delivered_at for delivery in made} == {made[0].exported_last}


def test_bytes_that_came_before_are_as_new_as_they_were_then(
    take_in: TakeIn, session: Session
) -> None:
    first = take_in(bill("7"))
    take_in(bill("8"))
    again = take_in(bill("7"))
    assert again.state == "older"
    assert delivery_of(session, again).delivered_at == delivery_of(session, first).delivered_at


def test_bytes_that_were_taken_back_are_new_when_they_come_again(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller
) -> None:
    first = take_in(bill("7"))
    undo.withdraw(session, acme, operator, first)
    clock.configure("2030-01-01T00:00:00Z")
    again = take_in(bill("7"))
    assert delivery_of(session, again).delivered_at == again.created_at


def test_what_a_delivery_holds_is_kept_with_it_in_the_order_of_the_file(
    take_in: TakeIn, session: Session
) -> None:
    rows = [
        {"BilledCost": "7", "SubAccountId": "222"},
        {"BilledCost": "0.000000000000000001", "SubAccountId": "111"},
        {"BilledCost": "-2", "SubAccountId": "111", "ChargeCategory": "Credit", "ListCost": ""},
    ]
    delivery = delivery_of(session, take_in(write(rows)))
    held = {total.charge_category: total for total in deliveries.sums_of(delivery)}
    assert str(held["Usage"].billed_cost) == "7.000000000000000001"
    assert isinstance(held["Credit"], CategorySum)
    assert (held["Credit"].billed_cost, held["Credit"].list_cost) == (-2, None)
    accounts = deliveries.sub_accounts_of(session, delivery.id)
    assert {account.sub_account_id for account in accounts} == {"111", "222"}
    assert (delivery.first_day, delivery.last_day) == (date(2026, 3, 2), date(2026, 3, 2))
    assert delivery.row_count == 3


def test_every_change_of_what_is_live_renews_the_data_version(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller
) -> None:
    versions = [acme.data_version]
    row = take_in(bill("7"))
    for act in (lambda: take_in(bill("8")), lambda: undo.withdraw(session, acme, operator, row)):
        act()
        session.refresh(acme)
        versions.append(acme.data_version)
    assert len(set(versions)) == len(versions)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ABCDEF12-0000-4000-8000-00000000000A", "abcdef12-0000-4000-8000-00000000000a"),
        ("8611537", "/providers/Microsoft.Billing/billingAccounts/8611537"),
        ("billingAccounts/0123AB-CDEF01-234567", "0123ab-CDEF01-234567"),
    ],
)
def test_a_billing_account_that_is_spelled_anew_is_the_same_scope(
    take_in: TakeIn, billed, before: str, after: str
) -> None:
    assert take_in(bill("7", BillingAccountId=before), source_name="s").state == "live"
    again = take_in(bill("8", BillingAccountId=after), source_name="s")
    assert (again.state, billed()) == ("live", 8)
