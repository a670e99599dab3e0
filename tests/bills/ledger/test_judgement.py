"""Whether a delivery takes money away, or brings it a second time: then it waits."""

from __future__ import annotations

import pytest

from costoptix.bills.ledger import questions
from costoptix.bills.ledger.questions import Decision, Kind
from tests.bills.bill import bill, write
from tests.support.bills import TakeIn

TWO = [{"BilledCost": "7"}, {"BilledCost": "3", "SubAccountId": "222"}]


@pytest.mark.parametrize(
    ("decision", "state", "total"),
    [
        (Decision.REPLACE, "live", 7),
        (Decision.ADD, "live", 17),
        (Decision.DISCARD, "withdrawn", 10),
    ],
)
def test_a_delivery_that_removes_a_sub_account_waits(
    take_in: TakeIn, billed, decide, decision: Decision, state: str, total: int
) -> None:
    take_in(write(TWO))
    row = take_in(write(TWO[:1]))
    assert row.state == "waiting"
    question = questions.question_of(row)
    assert question is not None
    assert question.kind is Kind.REMOVAL
    (effect,) = question.effects
    assert (effect.live, effect.delivered, effect.sub_accounts) == (10, 7, ("222",))
    assert billed() == 10
    decide(row, decision)
    assert row.state == state
    assert billed() == total


def test_a_delivery_that_takes_a_fifth_of_a_month_away_waits(take_in: TakeIn, billed) -> None:
    take_in(bill("100"))
    assert take_in(bill("80")).state == "live"
    assert take_in(bill("63.9")).state == "waiting"
    assert billed() == 80


@pytest.mark.parametrize(
    ("decision", "total"), [(Decision.REPLACE, 8), (Decision.ADD, 15), (Decision.DISCARD, 7)]
)
def test_a_second_source_of_the_same_accounts_waits(
    take_in: TakeIn, billed, decide, decision: Decision, total: int
) -> None:
    take_in(bill("7"), source_name="cur")
    row = take_in(bill("8"), source_name="focus")
    assert row.state == "waiting"
    question = questions.question_of(row)
    assert question is not None
    assert question.kind is Kind.OVERLAP
    assert question.effects[0].source == "cur"
    decide(row, decision)
    assert billed() == total


def test_a_delivery_that_removes_and_doubles_says_both_and_doubles_nothing(
    take_in: TakeIn, billed, decide
) -> None:
    take_in(write(TWO), source_name="cur")
    take_in(bill("5", SubAccountId="333"), source_name="copy")
    moved = [TWO[0], {"BilledCost": "5", "SubAccountId": "333"}]
    row = take_in(write(moved), source_name="cur")
    question = questions.question_of(row)
    assert question is not None
    assert question.kind is Kind.REMOVAL
    assert "the source copy bills already" in question.sentence
    decide(row, Decision.REPLACE)
    assert billed() == 12
