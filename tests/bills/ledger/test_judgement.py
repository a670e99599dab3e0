"""Whether a delivery takes money away, or brings it a second time: then it waits."""

from __future__ import annotations

import io
import zipfile

import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import Caller
from costoptix.bills.ledger import questions, undo
from costoptix.bills.ledger.questions import Decision, Kind
from costoptix.errors import Conflict
from costoptix.models import Organization
from tests.bills.bill import ORDINARY, bill, write
from tests.support.bills import TakeIn, work

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


def version(amount: str) -> bytes:
    return write([{"BilledCost": amount, "ResourceId": f"i-{number}"} for number in range(4)])


def packed(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, file in files.items():
            archive.writestr(f"{name}.csv", file)
    return content.getvalue()


@pytest.mark.parametrize(
    ("decision", "total"), [(Decision.REPLACE, 8), (Decision.ADD, 12), (Decision.DISCARD, 0)]
)
def test_two_versions_of_a_month_in_one_drop_wait(
    take_in: TakeIn, billed, decide, decision: Decision, total: int
) -> None:
    row = take_in(packed(v1=version("1"), v2=version("2")))
    question = questions.question_of(row)
    assert question is not None
    assert question.kind is Kind.VERSIONS
    assert "v1.csv and v2.csv" in question.sentence
    decide(row, decision)
    assert billed() == total


def test_files_of_one_drop_with_other_charges_are_one_delivery(take_in: TakeIn, billed) -> None:
    rows = [{"ResourceId": f"i-{number}"} for number in range(8)]
    wider = write([row | {"x_More": "y"} for row in rows[4:]], [*ORDINARY, "x_More"])
    assert take_in(packed(a=write(rows[:4]), b=wider)).state == "live"
    assert billed() == 8


def test_an_added_part_is_undone_by_itself_and_told_again_by_itself(
    take_in: TakeIn, billed, decide, session: Session, acme: Organization, operator: Caller
) -> None:
    first, second = (
        [{"ChargePeriodStart": f"2026-03-{day:02}T05:00:00Z"} for day in days]
        for days in (range(1, 16), range(16, 31))
    )
    take_in(write(first), source_name="s")
    added = take_in(write(second), source_name="s")
    decide(added, Decision.ADD)
    assert billed() == 30
    corrected = take_in(write([row | {"BilledCost": "2"} for row in first]), source_name="s")
    assert (corrected.state, billed()) == ("live", 45)
    undo.withdraw(session, acme, operator, added)
    assert billed() == 30
    undo.withdraw(session, acme, operator, corrected)
    assert billed() == 15


def test_an_answer_is_remembered_for_what_was_seen(
    take_in: TakeIn, billed, session: Session, operator: Caller, config: Config
) -> None:
    days = [{"ChargePeriodStart": f"2026-03-{day:02}T05:00:00Z"} for day in range(1, 31)]
    take_in(write(days[:10]), source_name="s")
    second = take_in(write(days[10:20]), source_name="s")
    questions.decide(session, operator, second, Decision.ADD, remember=True)
    work(session, config)
    assert take_in(write(days[20:]), source_name="s").state == "live"
    assert billed() == 30
    assert take_in(write(days[27:]), source_name="s").state == "waiting"


def test_a_dry_run_says_what_would_be_and_changes_nothing(
    take_in: TakeIn, billed, session: Session
) -> None:
    take_in(write(TWO), source_name="s")
    row = take_in(write(TWO[:1]), source_name="s", options={"dry_run": True})
    outlook = questions.outlook_of(row)
    assert outlook is not None
    assert (row.state, outlook.state, billed()) == ("checked", "waiting", 10)
    assert outlook.question is not None
    assert outlook.question.kind is Kind.REMOVAL
    again = take_in(write(TWO), source_name="s", options={"dry_run": True})
    assert questions.outlook_of(again) == questions.DryRun("duplicate", None)
    new = take_in(write([*TWO, {}]), source_name="s", options={"dry_run": True})
    assert questions.outlook_of(new) == questions.DryRun("live", None)
    assert billed() == 10


def test_the_same_file_sent_again_with_an_answer_answers_the_one_that_waits(
    take_in: TakeIn, billed, session: Session, config: Config
) -> None:
    take_in(write(TWO), source_name="s")
    waiting = take_in(write(TWO[:1]), source_name="s")
    again = take_in(write(TWO[:1]), source_name="s", options={"decision": "replace"})
    work(session, config)
    session.refresh(waiting)
    assert (waiting.state, again.state, again.repeats_id) == ("live", "duplicate", waiting.id)
    assert billed() == 7


def test_an_answer_to_an_import_that_is_discarded_meanwhile_is_a_conflict(
    take_in: TakeIn, session: Session, operator: Caller
) -> None:
    take_in(write(TWO), source_name="s")
    waiting = take_in(write(TWO[:1]), source_name="s")
    questions.decide(session, operator, waiting, Decision.DISCARD)
    with pytest.raises(Conflict, match="does not wait"):
        questions.decide(session, operator, waiting, Decision.REPLACE)


def test_shards_are_likely_parts_and_a_remembered_answer_adds_the_next_ones(
    take_in: TakeIn, billed, session: Session, operator: Caller, config: Config
) -> None:
    shards = [write([{"ResourceId": f"i-{n}-{shard}"} for n in range(9)]) for shard in range(4)]
    take_in(shards[0], source_name="s")
    row = take_in(shards[1], source_name="s")
    question = questions.question_of(row)
    assert question is not None
    assert question.answers[0] is Decision.ADD
    questions.decide(session, operator, row, Decision.ADD, remember=True)
    work(session, config)
    assert [take_in(shard, source_name="s").state for shard in shards[2:]] == ["live", "live"]
    assert billed() == 36
    assert take_in(shards[3] + b"\n", source_name="s").state == "live"
    assert billed() == 36
