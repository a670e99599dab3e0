"""What a delivery is for is worked out once, outside the lock, and holds when it is written."""

from __future__ import annotations

import io
from collections.abc import Callable
from threading import Thread

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session

from config import Config
from costoptix import queue
from costoptix.access.permissions import Caller
from costoptix.bills.intake import receive
from costoptix.bills.intake.receive import Sent
from costoptix.bills.ledger import importer, questions
from costoptix.bills.ledger.questions import Decision, Kind
from costoptix.bills.read.load import load
from costoptix.bills.read.staged import Staged
from costoptix.database import writing
from costoptix.lake.files import STAGING
from costoptix.lake.live import renew_data_version
from costoptix.models import Import, Organization
from tests.bills.bill import bill
from tests.support.bills import TakeIn


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
        with Session(engine, expire_on_commit=False) as other:
            ((_row, job),) = receive.receive(
                other, other.get_one(Organization, acme_id), operator,
                [Sent(io.BytesIO(content), "b.csv")], uploads_dir=config.uploads_dir,
                max_bytes=1 << 20, source_name=source_name,
            )  # fmt: skip
            claim = queue.claim(other, job.id)
            assert claim is not None
            importer.run(other, claim, config, read=load)

    acme_id, engine = acme.id, session.get_bind()
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
    questions.decide(session, operator, row, Decision.ADD)
    claim = queue.claim(session)
    while claim is not None and "import_id" not in claim.payload:
        claim = queue.claim(session)
    assert claim is not None
    importer.run(session, claim, config, read=never_read)
    assert billed() == 15


def never_read(*_arguments: object) -> Staged:
    raise AssertionError("the upload is read again")


def test_while_one_delivery_goes_live_no_other_of_the_organization_does(
    take_in: TakeIn, billed, session: Session, acme: Organization, others_import
) -> None:
    """The other one is compared anew: a delivery has made the data what they are now."""
    take_in(bill("7"), source_name="ours")
    other = Thread(target=others_import, args=(bill("8"), "theirs"))
    with writing(session):
        renew_data_version(session, acme.id)
        other.start()
        other.join(2)
        states = select(Import.state).where(Import.file_name == "b.csv")
        assert session.scalars(states).all() in ([], ["received"], ["running"])
    other.join(20)
    assert session.scalars(states).all() == ["waiting"]
    assert billed() == 7


def test_a_delivery_goes_live_although_data_change_all_the_time(
    take_in: TakeIn, billed, when_worked_out, others_import
) -> None:
    numbers = iter(range(100))

    def deliver() -> None:
        number = next(numbers)
        content = bill("1", SubAccountId=f"other-{number}", BillingAccountId=f"other-{number}")
        others_import(content, f"theirs {number}")

    when_worked_out(deliver, times=importer.TRIES - 1)
    assert take_in(bill("8"), source_name="ours").state == "live"
    assert billed() == 8 + importer.TRIES - 1
