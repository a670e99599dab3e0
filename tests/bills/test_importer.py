"""What readers see: one delivery per scope, the newest, whole; undone in one instant."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, queue
from costoptix.access.permissions import Caller, Permission
from costoptix.bills import deliveries, importer, imports, receive
from costoptix.bills.load import load
from costoptix.costs import report
from costoptix.costs.query import CostQuery
from costoptix.costs.store import CostStore
from costoptix.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from costoptix.models import Delivery, Import, Organization, new_id
from tests.bills.bill import write
from tests.bills.conftest import SAMPLE, TakeIn


@pytest.fixture
def billed(session: Session, acme: Organization, config: Config):
    """Ask what readers see: the billed total of all time, in USD."""
    store = CostStore(config.lake_dir, config.temp_dir)

    def ask() -> Decimal:
        session.rollback()
        pairs = [("start_date", "2023-01-01"), ("end_date", "2026-12-31")]
        query = CostQuery.from_params(pairs, clock.utc_today())
        totals = report.run(session, acme, query, store).totals
        return sum((total.billed_cost for total in totals), Decimal(0))

    return ask


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
    again = take_in(bill("7"), "renamed.csv")
    session.refresh(acme)
    assert (again.state, again.message) == ("live", importer.ALREADY_IMPORTED)
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
    take_in(bill("2"), source_name="two")
    assert billed() == 3


def test_an_older_delivery_that_arrives_late_is_recorded_as_older(
    take_in: TakeIn, billed, session: Session, acme: Organization, config: Config, operator: Caller
) -> None:
    late, job = receive.receive_with_job(
        session, acme, operator, io.BytesIO(bill("1")), "late.csv",
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
    deliveries.withdraw(session, acme, operator, second)
    session.refresh(first)
    session.refresh(acme)
    assert (first.state, second.state) == ("live", "withdrawn")
    assert acme.data_version != version
    assert billed() == 7


def test_withdrawing_the_only_delivery_leaves_nothing_and_its_bytes_may_come_back(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    row = take_in(bill("7"))
    deliveries.withdraw(session, acme, operator, row)
    assert billed() == 0
    with pytest.raises(Conflict, match="withdrawn"):
        deliveries.withdraw(session, acme, operator, row)
    assert take_in(bill("7")).message is None
    assert billed() == 7


def test_a_reader_may_not_send_or_withdraw(
    take_in: TakeIn, session: Session, acme: Organization, config: Config
) -> None:
    reader = Caller(acme.id, Permission.READ, "a key", api_key_id=new_id())
    with pytest.raises(Forbidden):
        receive.receive(
            session, acme, reader, io.BytesIO(b"a"), "a",
            uploads_dir=config.uploads_dir, max_bytes=10,
        )  # fmt: skip
    with pytest.raises(Forbidden):
        deliveries.withdraw(session, acme, reader, take_in(bill("7")))


def test_a_stranger_sees_no_import(
    take_in: TakeIn, session: Session, elsewhere: Organization
) -> None:
    row = take_in(bill("7"))
    assert imports.list_imports(session, elsewhere) == []
    with pytest.raises(NotFound):
        imports.get(session, elsewhere, row.id)


def test_a_refused_file_says_why_and_leaves_no_file(
    take_in: TakeIn, config: Config, billed
) -> None:
    row = take_in(b"%PDF-1.7")
    assert row.state == "refused"
    assert row.error is not None
    assert "PDF" in row.error
    assert list(config.uploads_dir.iterdir()) == []
    assert list((config.lake_dir / importer.STAGING).iterdir()) == []
    assert billed() == 0


def test_more_than_5_percent_rejected_needs_a_person(take_in: TakeIn, billed, config) -> None:
    content = write([{}] * 18 + [{"BilledCost": "NaN"}])
    row = take_in(content)
    assert row.state == "refused"
    assert (row.rows_read, row.rows_rejected) == (19, 1)
    (found,) = imports.rejected(config.lake_dir, row)
    assert (found.line, found.column, found.value) == (20, "BilledCost", "NaN")
    assert billed() == 0
    assert take_in(content, options={"accept_rejected": True}).state == "live"
    assert billed() == 18


def test_an_empty_bill_is_taken_note_of(take_in: TakeIn) -> None:
    row = take_in(write([]))
    assert (row.state, row.message, row.rows_read) == ("live", importer.NO_CHARGES, 0)


def test_a_worker_that_lost_its_lease_changes_nothing(
    session: Session, acme: Organization, config: Config, operator: Caller, billed, tmp_path: Path
) -> None:
    row, job = receive.receive_with_job(
        session, acme, operator, io.BytesIO(bill("7")), "a.csv",
        uploads_dir=config.uploads_dir, max_bytes=1 << 20,
    )  # fmt: skip
    slow = queue.claim(session, job.id)
    assert slow is not None
    session.expunge(slow)
    moment = tmp_path / "now"
    moment.write_text((clock.utc_now() + queue.LEASE + timedelta(seconds=1)).isoformat())
    clock.configure(f"@{moment}")
    quick = queue.claim(session, job.id)
    assert quick is not None
    with pytest.raises(importer.LeaseLost):
        importer.run(session, slow, config, read=load)
    importer.run(session, quick, config, read=load)
    session.refresh(row)
    assert row.state == "live"
    assert billed() == 7
    assert len(session.scalars(select(Delivery)).all()) == 1


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
        row = receive.receive(
            session, acme, operator, io.BytesIO(b"a"), name,
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
            session, acme, operator, io.BytesIO(b"a" * 11), "a",
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
            session, acme, operator, io.BytesIO(b"a"), "a",
            uploads_dir=config.uploads_dir, max_bytes=10, **said,
        )  # fmt: skip
