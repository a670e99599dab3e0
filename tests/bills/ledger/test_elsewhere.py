"""Money that comes twice: from another source, format, billing account or overlapping period."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.bills.ledger import questions, undo
from costoptix.bills.ledger.questions import Decision, Kind
from costoptix.models import Import, Organization
from tests.bills.bill import write
from tests.support.bills import TakeIn

DAYS = [f"2026-03-{day:02}T05:00:00Z" for day in range(1, 11)]


def bill(payer: str, account: str, amount: str = "3", **cells: str) -> bytes:
    rows = [
        {"BillingAccountId": payer, "SubAccountId": account, "BilledCost": amount,
         "ChargePeriodStart": day, **cells}
        for day in DAYS
    ]  # fmt: skip
    return write(rows)


def kind_of(row: Import) -> Kind | None:
    question = questions.question_of(row)
    return None if question is None else question.kind


@pytest.mark.parametrize("source", ["first", "second"])
def test_the_same_amounts_under_another_billing_account_wait(
    take_in: TakeIn, billed, source: str
) -> None:
    take_in(bill("tenancy", "a"), source_name="first")
    row = take_in(bill("contract 7", "b", "3.01"), source_name=source)
    assert kind_of(row) is Kind.OVERLAP
    assert "the source first already bills" in row.message
    assert billed() == 30


def test_other_amounts_of_the_same_days_do_not_wait(take_in: TakeIn, billed) -> None:
    take_in(bill("tenancy", "a"), source_name="first")
    assert take_in(bill("contract 7", "b", "4"), source_name="second").state == "live"
    assert billed() == 70


def test_another_provider_of_the_same_amounts_does_not_wait(take_in: TakeIn) -> None:
    take_in(bill("tenancy", "a"), source_name="first")
    other = bill("contract 7", "b", ProviderName="Oracle")
    assert take_in(other, source_name="second").state == "live"


def test_what_a_person_has_added_is_not_asked_about_again(take_in: TakeIn, billed, decide) -> None:
    take_in(bill("tenancy", "a"), source_name="first")
    decide(take_in(bill("contract 7", "b"), source_name="second"), Decision.ADD)
    assert billed() == 60
    assert take_in(bill("contract 7", "b", "3.1"), source_name="second").state == "live"
    assert billed() == 61


def test_replacing_takes_the_other_bill_out_and_an_undo_brings_it_back(
    take_in: TakeIn, billed, decide, session: Session, acme: Organization, operator: Caller
) -> None:
    take_in(bill("tenancy", "a"), source_name="first")
    row = take_in(bill("contract 7", "b", "3.01"), source_name="second")
    decide(row, Decision.REPLACE)
    assert str(billed()).rstrip("0") == "30.1"
    undo.withdraw(session, acme, operator, row)
    assert billed() == 30


WEEKS = [("2026-03-01", "2026-03-08"), ("2026-03-08", "2026-03-15"), ("2026-03-05", "2026-03-20")]


def weekly(first: str, end: str) -> bytes:
    period = {"BillingPeriodStart": f"{first}T00:00:00Z", "BillingPeriodEnd": f"{end}T00:00:00Z"}
    return write([{"ChargePeriodStart": f"{first}T05:00:00Z", **period}])


@pytest.mark.parametrize(("decision", "total"), [(Decision.ADD, 3), (Decision.REPLACE, 1)])
def test_a_period_that_overlaps_others_waits(
    take_in: TakeIn, billed, decide, decision: Decision, total: int
) -> None:
    for week in WEEKS[:2]:
        assert take_in(weekly(*week), source_name="s").state == "live"
    row = take_in(weekly(*WEEKS[2]), source_name="s")
    assert kind_of(row) is Kind.PERIOD
    assert billed() == 2
    decide(row, decision)
    assert billed() == total
