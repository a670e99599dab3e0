"""What readers see: one delivery per scope, the newest, whole; undone in one instant."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import bounded, clock, queue
from costoptix.access.permissions import Caller, command_line
from costoptix.bills.intake import receive
from costoptix.bills.intake.receive import Sent
from costoptix.bills.ledger import giving_up, importer, listing, outcomes
from costoptix.bills.ledger.questions import Decision
from costoptix.bills.read.load import load
from costoptix.bills.read.staged import Staged
from costoptix.bounded import ChildDied
from costoptix.errors import NoSpace
from costoptix.lake.files import STAGING
from costoptix.models import Delivery, Import, Organization, new_id
from tests.bills.bill import bill, write
from tests.support.bills import SAMPLE, TakeIn

FEBRUARY = {
    "BillingPeriodStart": "2026-02-01", "BillingPeriodEnd": "2026-03-01",
    "ChargePeriodStart": "2026-02-02T05:00:00Z", "ChargePeriodEnd": "2026-02-02T06:00:00Z",
}  # fmt: skip


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
    assert (again.state, again.message) == ("duplicate", outcomes.ALREADY_IMPORTED)
    assert acme.data_version == version
    assert billed() == 7


def test_r16_a_corrected_month_replaces_the_month_whole(take_in: TakeIn, billed) -> None:
    first = take_in(write([{"BilledCost": "7"}, {"BilledCost": "2", "ResourceId": "vanishes"}]))
    second = take_in(bill("8"), options={"decision": "replace"})
    assert billed() == 8
    assert (first.state, second.state) == ("older", "live")


def test_a_file_replaces_only_the_periods_and_accounts_that_it_has(take_in: TakeIn, billed) -> None:
    first = take_in(
        write(
            [
                {"BilledCost": "1"},
                {"BilledCost": "10", **FEBRUARY},
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
    assert (row.state, row.message, row.rows_read) == ("live", outcomes.NO_CHARGES, 0)


def test_a_file_of_which_no_row_can_be_read_is_not_called_empty(take_in: TakeIn, decide) -> None:
    row = take_in(write([{"BilledCost": "NaN"}] * 2))
    decide(row, Decision.IMPORT_ANYWAY)
    assert (row.state, row.message, row.rows_rejected) == ("live", outcomes.NONE_READ, 2)


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


def test_notes_of_what_was_read_stay_with_the_import(
    session: Session, acme: Organization, config: Config, operator: Caller
) -> None:
    ((row, job),) = receive.receive(
        session, acme, operator, [Sent(io.BytesIO(bill("7")), "bill.csv")],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20,
    )  # fmt: skip
    claimed = queue.claim(session, job.id)
    assert claimed is not None

    def read(*said: Any) -> Staged:
        return load(*said).model_copy(update={"notes": ("One.", "Two.")})

    importer.run(session, claimed, config, read=read)
    session.refresh(row)
    assert (row.state, row.notes) == ("live", ["One.", "Two."])


Fail = Callable[[Exception], Import]


@pytest.fixture
def fail(session: Session, acme: Organization, config: Config, operator: Caller) -> Fail:
    """Import a bill whose reading fails, once."""

    def run(error: Exception) -> Import:
        ((row, job),) = receive.receive(
            session, acme, operator, [Sent(io.BytesIO(bill("7")), "bill.csv")],
            uploads_dir=config.uploads_dir, max_bytes=1 << 20,
        )  # fmt: skip
        claimed = queue.claim(session, job.id)
        assert claimed is not None

        def read(*_said: Any) -> Staged:
            raise error

        importer.run(session, claimed, config, read=read)
        session.refresh(row)
        return row

    return run


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ChildDied("Its process crashed with SIGSEGV."), "crashed with SIGSEGV"),
        (ChildDied(bounded.TOO_MUCH_MEMORY), "more memory"),
        (OSError(errno.EROFS, "Read-only file system", "/lake"), "Read-only file system (/lake)"),
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied"),
    ],
)
def test_what_no_second_try_can_help_is_refused_at_once_with_its_reason(
    fail: Fail, config: Config, error: Exception, words: str
) -> None:
    row = fail(error)
    assert row.state == "refused"
    assert words in row.error
    assert not list(config.uploads_dir.iterdir())


@pytest.mark.parametrize(
    "error",
    [ChildDied("It was killed.", may_pass=True), OSError(errno.EIO, "I/O error"), NoSpace("full")],
)
def test_what_may_pass_is_tried_again(fail: Fail, error: Exception) -> None:
    with pytest.raises(type(error)):
        fail(error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ChildDied("It was killed.", may_pass=True), "It was killed. It was tried 5 times."),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (NoSpace("There is no space left to read the file."), "no space left"),
        (ValueError("odd\nthing"), "ValueError: odd."),
    ],
)
def test_what_is_given_up_says_why(
    session: Session, acme: Organization, config: Config, operator: Caller, error: Exception,
    words: str,
) -> None:  # fmt: skip
    ((row, job),) = receive.receive(
        session, acme, operator, [Sent(io.BytesIO(bill("7")), "bill.csv")],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20,
    )  # fmt: skip
    claimed = queue.claim(session, job.id)
    assert claimed is not None
    giving_up.give_up(session, claimed, error)
    session.refresh(row)
    assert row.state == "refused"
    assert words in row.error
