"""The same bytes again: a duplicate of the import that is live already, at every later time."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.bills.ledger import outcomes, undo
from costoptix.errors import Conflict
from costoptix.models import Organization
from tests.bills.bill import ORDINARY, write
from tests.support.bills import TakeIn


def bill(amount: int) -> bytes:
    return write([{"BilledCost": str(amount)}])


def test_r16_a_repeat_of_live_bytes_is_a_duplicate_that_names_the_import_it_repeats(
    take_in: TakeIn,
) -> None:
    first = take_in(bill(7))
    again = take_in(bill(7), name="renamed.csv")
    assert (again.state, again.message) == ("duplicate", outcomes.ALREADY_IMPORTED)
    assert again.repeats_id == first.id


def test_a_duplicate_cannot_be_withdrawn_and_says_which_import_can(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    first = take_in(bill(7), name="march.csv")
    again = take_in(bill(7), name="renamed.csv")
    for action in (undo.withdraw, undo.make_current):
        with pytest.raises(Conflict, match=rf"march\.csv.*{first.id}"):
            action(session, acme, operator, again)
    assert billed() == 7


def test_a_duplicate_stays_one_whatever_becomes_of_the_import_it_repeats(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    first = take_in(bill(7))
    again = take_in(bill(7))
    take_in(bill(8))
    session.refresh(again)
    assert (again.state, again.repeats.state) == ("duplicate", "older")
    undo.withdraw(session, acme, operator, first)
    session.refresh(again)
    assert (again.state, again.repeats.state) == ("duplicate", "withdrawn")
    with pytest.raises(Conflict, match="withdrawn"):
        undo.withdraw(session, acme, operator, again)


def test_bytes_sent_again_after_their_withdrawal_are_imported(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    first = take_in(bill(7))
    second = take_in(bill(7))
    undo.withdraw(session, acme, operator, first)
    third, fourth = take_in(bill(7)), take_in(bill(7))
    assert [row.state for row in (second, third, fourth)] == ["duplicate", "live", "duplicate"]
    assert fourth.repeats_id == third.id
    assert billed() == 7


def test_a_repeat_of_a_bill_without_charges_is_a_duplicate_too(take_in: TakeIn) -> None:
    first = take_in(write([], ORDINARY))
    again = take_in(write([], ORDINARY))
    assert (first.state, again.state, again.repeats_id) == ("live", "duplicate", first.id)


def test_the_same_bytes_for_another_source_are_no_repeat(take_in: TakeIn) -> None:
    take_in(bill(7), source_name="one")
    assert take_in(bill(7), source_name="two").state == "waiting"


def test_the_same_bytes_in_another_encoding_are_another_text(take_in: TakeIn) -> None:
    columns = [*ORDINARY, "SubAccountName"]
    content = write([{"SubAccountName": "Büro"}], columns).decode().encode("cp1252")
    wrong = take_in(content, encoding="mac-roman")
    right = take_in(content, encoding="cp1252")
    again = take_in(content, encoding="windows-1252")
    assert (wrong.state, right.state, again.state) == ("older", "live", "duplicate")
    assert again.repeats_id == right.id
