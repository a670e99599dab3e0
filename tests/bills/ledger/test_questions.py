"""What a person is asked of an import, and what becomes of it by the answer."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix import events
from costoptix.access.permissions import Caller
from costoptix.bills.ledger import previews, questions, undo
from costoptix.bills.ledger.questions import Decision
from costoptix.errors import Conflict
from costoptix.models import Import, Organization
from tests.bills.bill import bill, write
from tests.support.bills import TakeIn, work


def _three_sources(take_in: TakeIn, decide) -> Import:
    """Take in one payer by two sources that count both, and by a third that replaces them."""
    take_in(bill("7"), source_name="cur")
    decide(take_in(bill("5"), source_name="copy"), Decision.ADD)
    row = take_in(bill("8"), source_name="focus")
    assert row.state == "waiting"
    decide(row, Decision.REPLACE)
    return row


def test_what_replaces_two_other_sources_counts_alone(take_in: TakeIn, billed, decide) -> None:
    row = _three_sources(take_in, decide)
    assert row.state == "live"
    assert billed() == 8


def test_undoing_what_replaced_other_sources_brings_them_back(
    take_in: TakeIn, billed, decide, session: Session, acme: Organization, operator: Caller
) -> None:
    row = _three_sources(take_in, decide)
    shifts = previews.of_withdrawing(session, row)
    assert sum(shift.change for shift in shifts) == 12 - 8
    undo.withdraw(session, acme, operator, row)
    assert billed() == 12


def test_another_spelling_of_the_billing_account_is_replaced_as_well(
    take_in: TakeIn, billed, decide, session: Session, acme: Organization, operator: Caller
) -> None:
    first = write([{"BilledCost": "7", "BillingAccountId": "/billing/PAYER"}])
    before = take_in(first, source_name="cur")
    row = take_in(bill("8"), source_name="focus")
    assert row.state == "waiting"
    decide(row, Decision.REPLACE)
    session.refresh(before)
    assert (row.state, before.state) == ("live", "older")
    assert billed() == 8
    with pytest.raises(Conflict, match=r"bill\.csv replaces it.* undo that one"):
        undo.make_current(session, acme, operator, before)
    undo.withdraw(session, acme, operator, row)
    session.refresh(before)
    assert before.state == "live"
    assert billed() == 7


def test_what_replaced_stays_so_when_a_newer_delivery_of_its_source_comes(
    take_in: TakeIn, billed, decide
) -> None:
    row = _three_sources(take_in, decide)
    assert row.source is not None
    taken, other = ("copy", "cur") if row.source.name == "copy" else ("cur", "copy")
    assert take_in(bill("9"), source_name=taken).state == "live"
    assert billed() == 9
    assert take_in(bill("6"), source_name=other).state == "waiting"  # counts elsewhere by now


def test_a_decision_may_be_given_beforehand(take_in: TakeIn, billed) -> None:
    take_in(bill("7"), source_name="cur")
    said = {"decision": "add"}
    assert take_in(bill("8"), source_name="focus", options=said).state == "live"
    assert billed() == 15


def test_what_does_not_wait_cannot_be_decided(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller
) -> None:
    with pytest.raises(Conflict, match="does not wait"):
        questions.decide(session, operator, take_in(bill("7")), Decision.REPLACE)


def test_a_question_is_an_event_of_its_import_once(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller, config: Config
) -> None:
    days = [{"ChargePeriodStart": f"2026-03-{day:02}T05:00:00Z"} for day in range(1, 31)]
    take_in(write(days[:15]), source_name="s")
    row = take_in(write(days[15:]), source_name="s")
    (event,) = events.of_subject(session, acme, row.id)
    assert (event.name, event.data["kind"]) == ("import.waiting", "part")
    assert event.data["sentence"] == row.message
    questions.decide(session, operator, row, Decision.ADD)
    work(session, config)
    assert len(events.of_subject(session, acme, row.id)) == 1
