"""A month that was over and has other sums than before is told of, once for each import."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, queue
from costoptix.bills.ledger import restated
from costoptix.models import Event
from tests.bills.bill import bill
from tests.support.bills import TakeIn

FEBRUARY = {
    "BillingPeriodStart": "2026-02-01", "BillingPeriodEnd": "2026-03-01",
    "ChargePeriodStart": "2026-02-02T05:00:00Z", "ChargePeriodEnd": "2026-02-02T06:00:00Z",
}  # fmt: skip


def tell(session: Session, config: Config) -> list[Event]:
    while claim := queue.claim(session, kinds=[restated.JOB_KIND]):
        restated.run(session, claim, config)
        restated.run(session, claim, config)  # done twice, it changes nothing
        queue.finish(session, claim)
    session.rollback()
    return list(session.scalars(select(Event).where(Event.name == restated.RESTATED)))


def test_a_month_that_was_over_is_told_of_with_its_change(
    take_in: TakeIn, session: Session, config: Config
) -> None:
    clock.configure("2026-03-05T12:00:00Z")
    take_in(bill("7", **FEBRUARY))
    assert tell(session, config) == []
    clock.configure("2026-03-06T12:00:00Z")
    row = take_in(bill("9.5", **FEBRUARY))
    (event,) = tell(session, config)
    assert event.data["periods"] == [
        {"billing_period": "2026-02", "currency": "USD", "change": "2.5"}
    ]
    assert (event.subject_id, event.data["file_name"]) == (row.id, "bill.csv")
    assert event.data["source"]


def test_a_month_that_runs_grows_and_that_is_no_news(
    take_in: TakeIn, session: Session, config: Config
) -> None:
    clock.configure("2026-02-10T12:00:00Z")
    take_in(bill("7", **FEBRUARY))
    clock.configure("2026-03-05T12:00:00Z")
    take_in(bill("9", **FEBRUARY))
    assert tell(session, config) == []


def test_other_bytes_of_the_same_sum_restate_nothing(
    take_in: TakeIn, session: Session, config: Config
) -> None:
    clock.configure("2026-03-05T12:00:00Z")
    take_in(bill("7", **FEBRUARY))
    clock.configure("2026-03-06T12:00:00Z")
    take_in(bill("7", **FEBRUARY, ResourceId="i-2"))
    assert tell(session, config) == []
