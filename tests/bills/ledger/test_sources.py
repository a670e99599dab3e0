"""Which source an upload without one belongs to, and what is asked when two cover the same."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.bills.ledger import outcomes, questions, undo
from costoptix.bills.ledger.outcomes import REPLACED
from costoptix.bills.ledger.questions import Decision, Kind
from costoptix.models import Import, Organization
from tests.bills.bill import ORDINARY, bill, write
from tests.support.bills import TakeIn


def name_of(row: Import) -> str:
    assert row.source is not None
    return row.source.name


def test_the_first_upload_is_named_by_its_format(take_in: TakeIn) -> None:
    assert name_of(take_in(bill("1"))) == "focus"


def test_a_file_that_shares_an_account_belongs_to_the_same_source(take_in: TakeIn) -> None:
    take_in(bill("1"), source_name="ours")
    more = write([{}, {"SubAccountId": "222"}])
    assert name_of(take_in(more)) == "ours"


def test_another_billing_account_is_another_source(take_in: TakeIn) -> None:
    take_in(bill("1"))
    assert name_of(take_in(bill("2", BillingAccountId="second"))) == "focus second"


def test_other_accounts_of_a_payer_in_a_month_that_is_live_are_another_source(
    take_in: TakeIn, billed
) -> None:
    take_in(bill("1"))
    other = take_in(bill("2", SubAccountId="222"))
    assert (name_of(other), other.state) == ("focus payer", "live")
    assert billed() == 3


def test_a_new_month_of_other_accounts_belongs_to_the_payer_s_source(take_in: TakeIn) -> None:
    take_in(bill("1"))
    month = {"BillingPeriodStart": "2026-04-01", "ChargePeriodStart": "2026-04-02"}
    assert name_of(take_in(bill("2", SubAccountId="222", **month))) == "focus"


def test_a_source_whose_bills_were_all_taken_back_is_used_anew(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller
) -> None:
    undo.withdraw(session, acme, operator, take_in(bill("1")))
    assert name_of(take_in(bill("2", BillingAccountId="second"))) == "focus"


def test_the_currency_said_once_is_remembered_with_the_source(take_in: TakeIn) -> None:
    columns = [name for name in ORDINARY if name != "BillingCurrency"]
    assert take_in(write([{}], columns)).state == "refused"
    assert take_in(write([{}], columns), currency="CHF").state == "live"
    newer = take_in(write([{"BilledCost": "2"}], columns))
    assert (newer.state, newer.error) == ("live", None)


def test_a_second_source_waits_also_when_its_delivery_is_the_older_one(
    take_in: TakeIn, billed
) -> None:
    take_in(bill("7"), source_name="cur")
    said = {"delivered_at": "2026-03-02T00:00:00Z"}
    row = take_in(bill("8"), source_name="focus", options=said)
    question = questions.question_of(row)
    assert question is not None
    assert question.kind is Kind.OVERLAP
    assert billed() == 7


def test_a_second_source_is_found_where_its_ids_are_written_otherwise(take_in: TakeIn) -> None:
    azure = {"ProviderName": "Microsoft", "SubAccountId": "ABC", "BillingAccountId": "123"}
    take_in(write([azure]), source_name="details")
    azure |= {"SubAccountId": "/subscriptions/abc", "BillingAccountId": "/billingAccounts/123"}
    assert take_in(write([azure]), source_name="focus").state == "waiting"


def test_what_was_added_beside_is_refreshed_without_asking_again(take_in: TakeIn, billed) -> None:
    take_in(bill("7"), source_name="cur")
    take_in(bill("8"), source_name="focus", options={"decision": "add"})
    assert take_in(bill("9"), source_name="focus").state == "live"
    assert billed() == 16


def test_bytes_that_were_replaced_are_older_when_they_come_again(take_in: TakeIn, billed) -> None:
    take_in(bill("7"))
    take_in(bill("8"))
    again = take_in(bill("7"), name="again.csv")
    assert (again.state, again.message) == ("older", REPLACED)
    assert billed() == 8


def test_a_person_may_say_that_replaced_bytes_shall_replace(take_in: TakeIn, billed) -> None:
    take_in(bill("7"))
    take_in(bill("8"))
    assert take_in(bill("7"), options={"decision": Decision.REPLACE.value}).state == "live"
    assert billed() == 7


def test_already_imported_is_said_of_live_bytes_alone(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller, billed
) -> None:
    row = take_in(bill("7"))
    assert take_in(bill("7")).message == outcomes.ALREADY_IMPORTED
    undo.withdraw(session, acme, operator, row)
    back = take_in(bill("7"))
    assert (back.state, back.message) == ("live", None)
    assert billed() == Decimal(7)
