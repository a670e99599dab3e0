"""A file of which many rows cannot be read, and what a source remembers of the answer."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import Caller
from costoptix.bills.ledger import questions
from costoptix.bills.ledger.questions import Decision, Kind
from costoptix.models import Import
from tests.bills.bill import write
from tests.support.bills import TakeIn, work


def bad(number: int) -> bytes:
    rows = [{"ResourceId": f"i-{number}-{row}"} for row in range(9)]
    return write([*rows, {"BilledCost": f"much {number}"}])


def answered(
    session: Session, operator: Caller, config: Config, row: Import, decision: Decision
) -> str:
    questions.decide(session, operator, row, decision, remember=True)
    work(session, config)
    session.refresh(row)
    return row.state


def test_the_first_row_that_cannot_be_read_is_named(take_in: TakeIn) -> None:
    row = take_in(bad(1), source_name="s")
    question = questions.question_of(row)
    assert question is not None
    assert question.kind is Kind.REJECTED
    assert question.sentence.startswith("1 of 10 rows cannot be read, more than 5%")
    assert "The first is line 11: BilledCost “much 1”" in question.sentence


@pytest.mark.parametrize(
    ("decision", "state"), [(Decision.IMPORT_ANYWAY, "live"), (Decision.DISCARD, "withdrawn")]
)
def test_an_answer_is_remembered_with_the_source(
    take_in: TakeIn, session: Session, operator: Caller, config: Config,
    decision: Decision, state: str,
) -> None:  # fmt: skip
    take_in(write([{"ResourceId": "i-1-0"}]), source_name="s")
    row = take_in(bad(1), source_name="s")
    assert answered(session, operator, config, row, decision) == state
    again = take_in(bad(1) + b"\n", source_name="s")
    assert again.state == state
    assert take_in(bad(3), source_name="another").state == "waiting"


def test_what_was_not_asked_is_not_remembered(take_in: TakeIn, session: Session) -> None:
    every_kind = {"remember": [kind.value for kind in Kind], "decision": "add"}
    row = take_in(write([{}]), source_name="s", options=every_kind)
    assert row.source is not None
    assert row.source.settings == {}
    assert take_in(bad(1), source_name="s").state == "waiting"


def test_a_bill_that_is_discarded_once_and_for_all_is_discarded_by_itself(
    take_in: TakeIn, billed, session: Session, operator: Caller, config: Config
) -> None:
    """Oracle writes a cost report and one in FOCUS side by side."""
    take_in(write([{"BilledCost": "7"}]), source_name="report")
    row = take_in(write([{"BilledCost": "7.01"}]), source_name="focus")
    assert answered(session, operator, config, row, Decision.DISCARD) == "withdrawn"
    assert take_in(write([{"BilledCost": "7.02"}]), source_name="focus").state == "withdrawn"
    assert billed() == 7
