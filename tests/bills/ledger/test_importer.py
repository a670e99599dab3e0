"""What readers see: one delivery per scope, the newest, whole; undone in one instant."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, queue
from costoptix.access.permissions import Caller, Permission, command_line
from costoptix.bills.intake import receive
from costoptix.bills.intake.receive import Sent
from costoptix.bills.ledger import importer, listing, previews, questions, undo
from costoptix.bills.ledger.questions import Decision, Kind
from costoptix.bills.read.load import load
from costoptix.bills.read.staged import Staged
from costoptix.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from costoptix.lake.files import STAGING
from costoptix.models import Delivery, Import, Organization, new_id
from tests.bills.bill import write
from tests.support.bills import SAMPLE, TakeIn, work
from tests.support.proving import count


@pytest.fixture
def decide(session: Session, acme: Organization, operator: Caller, config: Config):
    """Answer a waiting import's question and do what becomes due."""

    def run(row: Import, decision: Decision) -> None:
        questions.decide(session, acme, operator, row, decision)
        work(session, config)
        session.refresh(row)

    return run


def bill(amount: str, **cells: str) -> bytes:
    return write([{"BilledCost": amount, **cells}])


def test_the_sample_is_live_with_its_total(take_in: TakeIn, billed) -> None:
    row = take_in(SAMPLE.read_bytes())
    assert (row.state, row.rows_kept, row.format) == ("live", 1000, "FOCUS 1.0")
    assert row.live_at is not None
    assert billed() == Decimal("20.52022672899")


def test_r16_the_same_bytes_again_change_nothing(
    take_in: TakeIn, billed, session: Session, acme: Organization
) -> None:
    take_in(bill("7"))
    version = acme.data_version
    again = take_in(bill("7"), name="renamed.csv")
    session.refresh(acme)
    assert (again.state, again.message) == ("duplicate", importer.ALREADY_IMPORTED)
    assert acme.data_version == version
    assert billed() == 7


def test_r16_a_corrected_month_replaces_the_month_whole(take_in: TakeIn, billed) -> None:
    first = take_in(write([{"BilledCost": "7"}, {"BilledCost": "2", "ResourceId": "vanishes"}]))
    second = take_in(bill("8"))
    assert billed() == 8
    assert (first.state, second.state) == ("older", "live")


def test_a_file_replaces_only_the_periods_and_accounts_that_it_has(take_in: TakeIn, billed) -> None:
    first = take_in(
        write(
            [
                {"BilledCost": "1"},
                {"BilledCost": "10", "BillingPeriodStart": "2026-02-01"},
                {"BilledCost": "100", "BillingAccountId": "another"},
            ]
        )
    )
    take_in(bill("2"))
    assert billed() == 112
    assert first.state == "live"


def test_sources_do_not_replace_each_other(take_in: TakeIn, billed) -> None:
    take_in(bill("1"), source_name="one")
    take_in(bill("2", BillingAccountId="another"), source_name="two")
    assert billed() == 3


def test_an_older_delivery_that_arrives_late_is_recorded_as_older(
    take_in: TakeIn, billed, session: Session, acme: Organization, config: Config, operator: Caller
) -> None:
    ((late, job),) = receive.receive(
        session, acme, operator, [Sent(io.BytesIO(bill("1")), "late.csv")],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20,
    )  # fmt: skip
    take_in(bill("2"))
    claimed = queue.claim(session, job.id)
    assert claimed is not None
    importer.run(session, claimed, config, read=load)
    session.refresh(late)
    assert late.state == "older"
    assert late.live_at is None
    assert billed() == 2


def test_withdrawing_brings_back_what_was_live_before(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    first = take_in(bill("7"))
    second = take_in(bill("8"))
    version = acme.data_version
    undo.withdraw(session, acme, operator, second)
    session.refresh(first)
    session.refresh(acme)
    assert (first.state, second.state) == ("live", "withdrawn")
    assert acme.data_version != version
    assert billed() == 7


def test_withdrawing_the_only_delivery_leaves_nothing_and_its_bytes_may_come_back(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    row = take_in(bill("7"))
    undo.withdraw(session, acme, operator, row)
    assert billed() == 0
    with pytest.raises(Conflict, match="withdrawn"):
        undo.withdraw(session, acme, operator, row)
    assert take_in(bill("7")).message is None
    assert billed() == 7


def test_a_reader_may_not_send_or_withdraw(
    take_in: TakeIn, session: Session, acme: Organization, config: Config
) -> None:
    reader = Caller(acme.id, Permission.READ, "a key", api_key_id=new_id())
    with pytest.raises(Forbidden):
        receive.receive(
            session, acme, reader, [Sent(io.BytesIO(b"a"), "a")],
            uploads_dir=config.uploads_dir, max_bytes=10,
        )  # fmt: skip
    with pytest.raises(Forbidden):
        undo.withdraw(session, acme, reader, take_in(bill("7")))


def test_a_stranger_sees_no_import(
    take_in: TakeIn, session: Session, elsewhere: Organization
) -> None:
    row = take_in(bill("7"))
    assert listing.list_imports(session, elsewhere, limit=9) == []
    with pytest.raises(NotFound):
        listing.get(session, elsewhere, row.id)


def test_a_refused_file_says_why_and_leaves_no_file(
    take_in: TakeIn, config: Config, billed
) -> None:
    row = take_in(b"%PDF-1.7")
    assert row.state == "refused"
    assert row.error is not None
    assert "PDF" in row.error
    assert list(config.uploads_dir.iterdir()) == []
    assert list((config.lake_dir / STAGING).iterdir()) == []
    assert billed() == 0


def test_what_a_delivery_is_for_is_worked_out_outside_the_write_lock(
    take_in: TakeIn, session: Session
) -> None:
    take_in(bill("100"))
    within: list[str] = []

    def note(connection: Connection, _cursor, statement: str, *_rest) -> None:
        if is_writing(connection):
            within.append(statement)

    event.listen(session.get_bind(), "before_cursor_execute", note)
    try:
        assert take_in(bill("99")).state == "live"
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", note)
    assert any("INSERT INTO deliveries" in statement for statement in within)
    compared = ("FROM delivery_sub_accounts", "FROM delivery_sums", "JOIN delivery_sub_accounts")
    assert [each for each in within if any(table in each for table in compared)] == []


@pytest.fixture
def when_worked_out(session: Session, acme: Organization):
    """Do something right after the data version was read from which a delivery is worked out."""
    listeners = []

    def register(action: Callable[[], object], times: int = 1) -> None:
        left, is_nested = [times], [False]

        def note(connection: Connection, _cursor, statement: str, *_rest) -> None:
            is_version = statement.startswith("SELECT organizations.data_version")
            if is_version and left[0] and not is_nested[0] and not is_writing(connection):
                left[0], is_nested[0] = left[0] - 1, True
                action()
                is_nested[0] = False

        event.listen(session.get_bind(), "after_cursor_execute", note)
        listeners.append(note)

    yield register
    for note in listeners:
        event.remove(session.get_bind(), "after_cursor_execute", note)


def is_writing(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("costoptix_immediate"))


@pytest.fixture
def others_import(session: Session, acme: Organization, operator: Caller, config: Config):
    """Import a file as another worker does meanwhile."""

    def run(content: bytes, source_name: str) -> None:
        with Session(session.get_bind(), expire_on_commit=False) as other:
            ((_row, job),) = receive.receive(
                other, other.get_one(Organization, acme_id), operator,
                [Sent(io.BytesIO(content), "b.csv")], uploads_dir=config.uploads_dir,
                max_bytes=1 << 20, source_name=source_name,
            )  # fmt: skip
            claim = queue.claim(other, job.id)
            assert claim is not None
            importer.run(other, claim, config, read=load)

    acme_id = acme.id
    return run


def test_what_changed_while_a_delivery_was_worked_out_is_taken_into_account(
    take_in: TakeIn, billed, when_worked_out, others_import
) -> None:
    """Both bring the same sub-account of the same month, in two sources: one of them is asked."""
    when_worked_out(lambda: others_import(bill("7"), "theirs"))
    row = take_in(bill("8"), source_name="ours")
    assert (row.state, billed()) == ("waiting", 7)
    assert row.options["question"]["kind"] == Kind.OVERLAP


def test_what_was_placed_for_a_delivery_that_must_wait_after_all_is_kept(
    take_in: TakeIn, billed, when_worked_out, others_import, config: Config, session: Session,
    acme: Organization, operator: Caller,
) -> None:  # fmt: skip
    when_worked_out(lambda: others_import(bill("7"), "theirs"))
    row = take_in(bill("8"), source_name="ours")
    assert len(list(config.lake_dir.glob("*/billing_period=*/delivery=*"))) == 1
    assert [path.name for path in (config.lake_dir / STAGING).iterdir()] == [row.id]
    questions.decide(session, acme, operator, row, Decision.ADD)
    claim = queue.claim(session)
    while claim is not None and "import_id" not in claim.payload:
        claim = queue.claim(session)
    assert claim is not None
    importer.run(session, claim, config, read=never_read)
    assert billed() == 15


def never_read(*_arguments: object) -> Staged:
    raise AssertionError("the upload is read again")


def test_a_delivery_goes_live_although_data_change_all_the_time(
    take_in: TakeIn, billed, when_worked_out, others_import
) -> None:
    numbers = iter(range(100))

    def deliver() -> None:
        number = next(numbers)
        content = bill("1", SubAccountId=f"other-{number}", BillingAccountId=f"other-{number}")
        others_import(content, f"theirs {number}")

    when_worked_out(deliver, times=100)
    assert take_in(bill("8"), source_name="ours").state == "live"
    assert billed() == 8 + importer.TRIES_UNLOCKED


def test_more_than_5_percent_rejected_waits_for_a_person(
    take_in: TakeIn, billed, config: Config, decide
) -> None:
    row = take_in(write([{}] * 18 + [{"BilledCost": "NaN"}]))
    assert row.state == "waiting"
    assert (row.rows_read, row.rows_rejected) == (19, 1)
    (found,) = listing.rejected(config.lake_dir, row)
    assert (found.line, found.column, found.value) == (20, "BilledCost", "NaN")
    assert billed() == 0
    decide(row, Decision.REPLACE)
    assert row.state == "live"
    assert billed() == 18


def test_an_empty_bill_is_taken_note_of(take_in: TakeIn) -> None:
    row = take_in(write([]))
    assert (row.state, row.message, row.rows_read) == ("live", importer.NO_CHARGES, 0)


def test_an_import_that_stalls_past_its_lease_goes_live_by_one_worker_alone(
    session: Session, acme: Organization, config: Config, operator: Caller, billed, tmp_path: Path
) -> None:
    ((row, job),) = receive.receive(
        session, acme, operator, [Sent(io.BytesIO(bill("7")), "a.csv")],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20,
    )  # fmt: skip
    stalled = queue.claim(session, job.id)
    assert stalled is not None

    def read_slowly(*arguments: Any) -> Staged:
        staged = load(*arguments)
        moment = tmp_path / "now"
        moment.write_text((clock.utc_now() + queue.LEASE + timedelta(seconds=1)).isoformat())
        clock.configure(f"@{moment}")
        with Session(session.get_bind()) as other:
            taken_over = queue.claim(other, job.id)
            assert taken_over is not None
            importer.run(other, taken_over, config, read=load)
            assert queue.finish(other, taken_over)
        return staged

    with pytest.raises(queue.LeaseLost):
        importer.run(session, stalled, config, read=read_slowly)
    assert not queue.finish(session, stalled)
    session.refresh(row)
    assert (row.state, row.rows_kept) == ("live", 1)
    assert billed() == 7
    assert len(session.scalars(select(Delivery)).all()) == 1
    assert listing.sums(session, row)["USD"]["billed_cost"] == 7


def test_s44_the_name_that_was_sent_is_never_a_path(
    session: Session, acme: Organization, config: Config, operator: Caller
) -> None:
    for name in (
        "../../etc/passwd",
        "..\\..\\x.csv",
        "a\0b.csv",
        "日本.csv",
        "x" * 500,
        "\u202egnp.csv",
        "",
    ):
        ((row, _job),) = receive.receive(
            session, acme, operator, [Sent(io.BytesIO(b"a"), name)],
            uploads_dir=config.uploads_dir, max_bytes=10,
        )  # fmt: skip
        assert (config.uploads_dir / row.stored_name / "0").read_bytes() == b"a"
        assert len(row.stored_name) == 36
        assert row.file_name.isprintable()
        assert "/" not in row.file_name
        assert 1 <= len(row.file_name) <= 400


def test_a_file_that_is_too_large_leaves_nothing(
    session: Session, acme: Organization, config: Config, operator: Caller
) -> None:
    with pytest.raises(TooLarge):
        receive.receive(
            session, acme, operator, [Sent(io.BytesIO(b"a" * 11), "a")],
            uploads_dir=config.uploads_dir, max_bytes=10,
        )  # fmt: skip
    assert list(config.uploads_dir.iterdir()) == []
    assert session.scalars(select(Import)).all() == []


@pytest.mark.parametrize("said", [{"currency": "usd"}, {"currency": "$"}, {"source_name": " "}])
def test_what_the_sender_says_is_checked(
    session: Session, acme: Organization, config: Config, operator: Caller, said: dict[str, str]
) -> None:
    with pytest.raises(Invalid):
        receive.receive(
            session, acme, operator, [Sent(io.BytesIO(b"a"), "a")],
            uploads_dir=config.uploads_dir, max_bytes=10, **said,
        )  # fmt: skip


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
        questions.decide(session, acme, operator, take_in(bill("7")), Decision.REPLACE)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.permutations(range(4)))
def test_any_order_of_the_same_deliveries_ends_in_the_same_totals(
    session: Session, config: Config, order: list[int]
) -> None:
    owner = Organization(name=new_id(), tier="enterprise")
    session.add(owner)
    session.commit()
    for number in order:
        when = f"2026-03-{number + 1:02}T00:00:00Z"
        ((_row, job),) = receive.receive(
            session, owner, command_line(owner.id),
            [Sent(io.BytesIO(bill(str(100 + number))), "a.csv")],
            uploads_dir=config.uploads_dir, max_bytes=1 << 20, options={"delivered_at": when},
        )  # fmt: skip
        claimed = queue.claim(session, job.id)
        assert claimed is not None
        importer.run(session, claimed, config, read=load)
    live = session.scalars(
        select(Delivery).where(Delivery.organization_id == owner.id, Delivery.is_live)
    ).all()
    assert [delivery.sub_accounts[0].billed_cost for delivery in live] == [Decimal(103)]


AMOUNTS = st.dictionaries(
    st.tuples(st.sampled_from(("payer", "other")), st.sampled_from(("03", "04"))),
    st.integers(-1000, 1000), min_size=1,
)  # fmt: skip
"""What a delivery bills, by billing account and month."""


@settings(
    max_examples=count(4, 60), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.lists(AMOUNTS, min_size=2, max_size=4, unique_by=repr), st.data())
def test_undoing_what_was_added_last_is_the_identity(
    session: Session, config: Config, sent: list[dict[tuple[str, str], int]], data: st.DataObject
) -> None:
    """Whatever came before, and in whichever order what came after is taken back."""
    owner = Organization(name=new_id(), tier="enterprise")
    session.add(owner)
    session.commit()
    take_in = partial(_take_in, session, config, owner)
    take_in(sent[0])
    before = _live(session, owner)
    added = [take_in(amounts) for amounts in sent[1:]]
    for row in data.draw(st.permutations(added)):
        undo.withdraw(session, owner, command_line(owner.id), row)
    assert _live(session, owner) == before


def _take_in(
    session: Session, config: Config, owner: Organization, amounts: dict[tuple[str, str], int]
) -> Import:
    rows = (
        {
            "BillingAccountId": account, "BilledCost": str(amount),
            "BillingPeriodStart": f"2026-{month}-01T00:00:00Z",
            "ChargePeriodStart": f"2026-{month}-02T00:00:00Z",
        }
        for (account, month), amount in amounts.items()
    )  # fmt: skip
    sent = receive.Sent(io.BytesIO(write(rows)), "a.csv")
    ((row, job),) = receive.receive(
        session, owner, command_line(owner.id), [sent],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20, options={"decision": "replace"},
    )  # fmt: skip
    claimed = queue.claim(session, job.id)
    assert claimed is not None
    importer.run(session, claimed, config, read=load)
    queue.finish(session, claimed)
    return row


def _live(session: Session, owner: Organization) -> set[tuple[object, ...]]:
    session.expire_all()
    live = select(Delivery).where(Delivery.organization_id == owner.id, Delivery.is_live)
    return {
        (each.id, each.billing_account_id, each.billing_period, each.row_count)
        for each in session.scalars(live)
    }


def test_the_reconciliation_says_what_was_there_before(take_in: TakeIn, session: Session) -> None:
    first, second = take_in(bill("100")), take_in(bill("90"))
    (before,) = [
        line for line in listing.reconciliation(session, first) if line.metric == "billed_cost"
    ]
    (after,) = [
        line for line in listing.reconciliation(session, second) if line.metric == "billed_cost"
    ]
    assert (before.sum_before, before.sum_stored) == (None, 100)
    assert (after.sum_before, after.sum_stored) == (100, 90)
