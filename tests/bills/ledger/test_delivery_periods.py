"""Billing periods as they are: months, weeks and others each replace only themselves."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.bills.ledger import listing, previews, undo
from costoptix.bills.ledger.delivery_periods import of_period, overlapping
from costoptix.models import Delivery, Import, Organization
from costoptix.periods import BillingPeriod
from tests.bills.bill import bill, write
from tests.support.bills import TakeIn

WEEKS = [date(2026, 3, 2) + timedelta(weeks=n) for n in range(4)]


def week(first: date, amount: str) -> bytes:
    return bill(
        amount,
        BillingPeriodStart=f"{first}T00:00:00Z",
        BillingPeriodEnd=f"{first + timedelta(days=6)}T23:59:59Z",
        ChargePeriodStart=f"{first}T05:00:00Z",
        ChargePeriodEnd=f"{first}T06:00:00Z",
    )


def periods(session: Session, row: Import) -> list[str]:
    return [period.billing_period.text for period in listing.periods(session, row)]


def test_four_weeks_of_a_month_are_all_live(take_in: TakeIn, session: Session, billed) -> None:
    rows = [take_in(week(first, "10.25")) for first in WEEKS]
    assert [row.state for row in rows] == ["live"] * 4
    assert billed() == 41
    assert [periods(session, row) for row in rows] == [
        ["2026-03-02/2026-03-08"], ["2026-03-09/2026-03-15"],
        ["2026-03-16/2026-03-22"], ["2026-03-23/2026-03-29"],
    ]  # fmt: skip
    assert len({row.source_id for row in rows}) == 1


def test_a_week_told_again_replaces_that_week_alone(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller, billed
) -> None:
    first, second = (take_in(week(first, "10")) for first in WEEKS[:2])
    again = take_in(week(WEEKS[1], "9.5"))
    session.refresh(second)
    assert (first.state, second.state, again.state) == ("live", "older", "live")
    assert billed() == 19.5
    (shift,) = previews.of_withdrawing(session, again)
    assert (shift.billing_period.text, shift.before, shift.after) == (
        "2026-03-09/2026-03-15", 9.5, 10,
    )  # fmt: skip
    undo.withdraw(session, acme, operator, again)
    assert billed() == 20


def test_what_was_live_before_is_that_of_the_same_week(take_in: TakeIn, session: Session) -> None:
    take_in(week(WEEKS[0], "10"))
    take_in(week(WEEKS[1], "20"))
    again = take_in(week(WEEKS[1], "19"))
    before = {line.metric: line.sum_before for line in listing.reconciliation(session, again)}
    assert before["billed_cost"] == 20


def test_an_end_written_in_another_way_is_the_same_period(take_in: TakeIn, billed) -> None:
    for n, end in enumerate(("2026-04-01", "2026-03-31", "2026-03-31T23:59:59Z", "")):
        take_in(bill(f"{7 + n}", BillingPeriodEnd=end))
    assert billed() == 10


def test_a_file_of_several_kinds_of_periods_has_each_by_itself(
    take_in: TakeIn, session: Session, billed
) -> None:
    february = {"BillingPeriodStart": "2024-02-01", "BillingPeriodEnd": "2024-02-29T23:59:59Z"}
    both = {"BillingPeriodStart": "2024-01-01", "BillingPeriodEnd": "2024-03-01"}
    row = take_in(
        write(
            [february, both, {"BillingPeriodStart": "2023-12-31T12:00:00Z", "BillingPeriodEnd": ""}]
        )
    )
    assert periods(session, row) == ["2024-01", "2024-01-01/2024-02-29", "2024-02"]
    assert billed() == 3


def test_deliveries_are_found_by_their_period_and_by_its_days(
    take_in: TakeIn, session: Session
) -> None:
    for first in WEEKS[:2]:
        take_in(week(first, "1"))
    april_only = {"BillingPeriodStart": "2026-04-01", "BillingPeriodEnd": "2026-05-01"}
    take_in(bill("1", ChargePeriodStart="2026-04-02T05:00:00Z", **april_only))

    def found(*conditions: object) -> list[str]:
        query = select(Delivery).where(*conditions).order_by(Delivery.billing_period)
        return [delivery.period.text for delivery in session.scalars(query)]

    first, second, april = "2026-03-02/2026-03-08", "2026-03-09/2026-03-15", "2026-04"
    for text in (first, second, april):
        assert found(*of_period(BillingPeriod.parse(text))) == [text]
    assert found(*of_period(BillingPeriod.parse("2026-03"))) == []
    assert found(*overlapping(date(2026, 3, 8), date(2026, 3, 9))) == [first, second]
    assert found(*overlapping(date(2026, 3, 16), date(2026, 3, 31))) == []
    assert found(*overlapping(date(2026, 3, 15), date(2026, 4, 1))) == [second, april]
    assert found(*overlapping(date(2026, 4, 30), date(2026, 4, 30))) == [april]
    assert found(*overlapping(date(2026, 5, 1), date(2026, 6, 1))) == []
