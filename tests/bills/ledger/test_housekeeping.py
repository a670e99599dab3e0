"""What is kept of each month, and for how long."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock
from costoptix.access.permissions import Caller
from costoptix.bills.ledger import housekeeping, undo
from costoptix.extensions import db
from costoptix.lake.files import delivery_folder
from costoptix.models import Delivery, Organization
from costoptix.periods import BillingPeriod
from tests.bills.bill import write
from tests.support.bills import TakeIn
from tests.support.fetched import counted
from tests.support.many import PERIOD, many_deliveries


def bill(amount: int | str) -> bytes:
    return write([{"BilledCost": str(amount)}])


def google(cost: int, exported_on: int) -> bytes:
    """A table of one row, exported on a day of March."""
    columns = {
        "billing_account_id": "01AB", "service.description": "Compute Engine", "sku.id": "2E27",
        "usage_start_time": "2026-03-02 07:00:00 UTC", "usage_end_time": "2026-03-02 08:00:00 UTC",
        "project.id": "shop", "cost": str(cost), "currency": "USD", "credits": "[]",
        "invoice.month": "202603", "export_time": f"2026-03-{exported_on:02d} 00:00:00 UTC",
    }  # fmt: skip
    return f"{','.join(columns)}\n{','.join(columns.values())}\n".encode()


def test_an_undo_brings_back_what_was_live_before_however_often_the_month_was_undone(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    """Withdrawn deliveries are newer than the live one, and take none of the places kept."""
    take_in(bill(7))
    first = take_in(bill(8))
    for amount in range(100, 100 + housekeeping.HISTORY_KEPT):
        undo.withdraw(session, acme, operator, take_in(bill(amount)))
    housekeeping.prune_history(session)
    assert billed() == 8
    undo.withdraw(session, acme, operator, first)
    assert billed() == 7


def test_what_was_withdrawn_is_forgotten_by_its_age(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller
) -> None:
    clock.configure("2026-01-10T12:00:00+00:00")
    long_ago = take_in(bill(1))
    undo.withdraw(session, acme, operator, long_ago)
    clock.configure("2026-02-08T12:00:00+00:00")
    housekeeping.prune_history(session)
    assert _kept(session) == {"withdrawn": 1}
    clock.configure("2026-02-10T12:00:00+00:00")
    housekeeping.prune_history(session)
    assert _kept(session) == {}


def test_what_a_delivery_was_added_to_is_kept_as_long_as_an_undo_would_need_it(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    """Google's exports of a growing table: each adds to those before it, until one is whole."""
    for number in range(1, 10):
        take_in(google(number, exported_on=number))
    whole = take_in(google(46, exported_on=9), options={"decision": "replace"})
    assert billed() == 46
    housekeeping.prune_history(session)
    undo.withdraw(session, acme, operator, whole)
    assert billed() == 45


def _kept(session: Session) -> dict[str, int]:
    counted = select(Delivery.state, func.count()).group_by(Delivery.state)
    return dict(session.execute(counted).all())


@pytest.mark.sqlite  # rows are counted by sqlite3's own hook
def test_housekeeping_looks_at_each_long_month_once_and_deletes_a_few_rows_at_a_time(
    session: Session, acme: Organization, config: Config
) -> None:
    """The write lock is not held while it looks: ``lock_watch`` sees to that."""
    many_deliveries(session, acme, scopes=150, each=10)
    month = BillingPeriod.month(PERIOD)
    for number in range(1_200):
        (config.lake_dir / delivery_folder(acme.id, month, f"gone-{number}")).mkdir(parents=True)
    with counted(db.engine) as fetched:
        assert housekeeping.prune_history(session) == 600
        assert housekeeping.sweep(session, config) == 0
    assert fetched.rows < 3_500  # 150 scopes, 1,500 deliveries once, 600 that go
    writes = [text for text in fetched.statements if text.startswith("DELETE")]
    assert len(writes) == 3
    asked = [text for text in fetched.statements if "deliveries.id IN" in text]
    assert len(asked) - len(writes) <= 4
