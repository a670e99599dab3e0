"""The watched inbox: taken in when quiet and complete, once, and left as it is."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import Caller
from costoptix.bills.intake import inbox, receive
from costoptix.bills.ledger.undo import withdraw
from costoptix.models import Delivery, Import, InboxItem, Organization
from tests.bills.bill import put, write
from tests.support.bills import work
from tests.support.server import ROOT, environment_for

Scan = Callable[[], int]


@pytest.fixture
def scan(session: Session, config: Config) -> Scan:
    """Look into the inbox as the worker does, without waiting for it to be quiet."""
    return lambda: inbox.scan(session, config, quiet_seconds=-1)


@pytest.fixture
def source(config: Config, acme: Organization) -> Path:
    """The folder of acme's source "aws" in the inbox."""
    folder = config.inbox / "Acme Cloud" / "aws"
    folder.mkdir(parents=True)
    return folder


def bill(*amounts: str, **cells: str) -> bytes:
    return write([{"BilledCost": amount, **cells} for amount in amounts])


def imports(session: Session) -> list[Import]:
    session.rollback()
    return list(session.scalars(select(Import).order_by(Import.created_at)))


def live_rows(session: Session) -> list[int]:
    session.rollback()
    query = select(Delivery.row_count).where(Delivery.is_live)
    return list(session.scalars(query.order_by(Delivery.billing_period)))


def test_a_file_is_imported_into_its_source_and_left_where_it_is(
    session: Session, config: Config, scan: Scan, source: Path
) -> None:
    file = put(source / "march.csv", bill("5"))
    assert scan() == 1
    work(session, config)
    row = imports(session)[0]
    assert (row.state, row.created_by, row.file_name) == ("live", "inbox", "march.csv")
    assert row.source is not None
    assert row.source.name == "aws"
    assert file.exists()


def test_what_was_taken_in_is_not_taken_in_again(scan: Scan, source: Path) -> None:
    """Neither as it is, nor touched, nor under another name."""
    file = put(source / "march.csv", bill("5"))
    assert scan() == 1
    assert scan() == 0
    os.utime(file, (1, 1))
    assert scan() == 0
    file.rename(source / "renamed.csv")
    assert scan() == 0


def test_a_file_that_changed_is_a_newer_delivery(
    session: Session, config: Config, scan: Scan, source: Path
) -> None:
    put(source / "march.csv", bill("5"))
    scan()
    put(source / "march.csv", bill("5", "6"))
    assert scan() == 1
    work(session, config)
    assert [row.state for row in imports(session)] == ["older", "live"]
    assert live_rows(session) == [2]


def test_withdrawn_bytes_do_not_come_back_by_themselves(
    session: Session, config: Config, scan: Scan, source: Path, acme: Organization,
    operator: Caller,
) -> None:  # fmt: skip
    file = put(source / "march.csv", bill("5"))
    scan()
    work(session, config)
    withdraw(session, acme, operator, imports(session)[0])
    os.utime(file, (1, 1))
    assert scan() == 0


def test_nothing_is_taken_in_before_the_folder_is_quiet(
    session: Session, config: Config, source: Path
) -> None:
    """Another file of the same delivery may be on its way still."""
    put(source / "march.csv", bill("5"))
    assert inbox.scan(session, config, quiet_seconds=60) == 0
    assert inbox.scan(session, config, quiet_seconds=-1) == 1


@pytest.mark.parametrize(
    "name", [".march.csv", "march.csv.tmp", "march.csv_.gstmp", ".azDownload-1"]
)
def test_files_on_their_way_are_not_bills(scan: Scan, source: Path, name: str) -> None:
    put(source / name, bill("5"))
    assert scan() == 0


def test_the_files_of_a_folder_are_one_delivery(
    session: Session, config: Config, scan: Scan, source: Path
) -> None:
    for number in (1, 2):
        put(source / "2026-03" / f"{number}" / "part.csv", bill("1", ResourceId=f"i-{number}"))
    assert scan() == 1
    work(session, config)
    assert live_rows(session) == [2]
    put(source / "2026-03" / "part-3.csv", bill("1", ResourceId="i-3"))
    assert scan() == 1
    work(session, config)
    assert live_rows(session) == [3]


def azure(source: Path, run: str, *parts: bytes, submitted: str, rows: int) -> None:
    """A run of an Azure export; its manifest is written by ``manifest``."""
    folder = source / "20260301-20260331" / run
    blobs = []
    for number, part in enumerate(parts):
        put(folder / f"part_{number}.csv", part)
        name = f"exports/20260301-20260331/{run}/part_{number}.csv"
        blobs.append({"blobName": name, "byteCount": len(part)})
    said = {"blobs": blobs, "dataRowCount": rows, "runInfo": {"submittedTime": submitted}}
    put(folder / "manifest.json", json.dumps(said).encode())


def test_a_manifest_makes_its_files_one_delivery_of_its_own_time(
    session: Session, config: Config, scan: Scan, source: Path
) -> None:
    """An older run that arrives later is older."""
    azure(source, "b", bill("1"), bill("2"), submitted="2026-03-09T00:00:00Z", rows=2)
    assert scan() == 1
    azure(source, "a", bill("7"), submitted="2026-03-08T00:00:00Z", rows=1)
    assert scan() == 1
    work(session, config)
    assert [row.state for row in imports(session)] == ["live", "older"]
    assert live_rows(session) == [2]


def test_a_manifest_waits_for_all_of_its_files(scan: Scan, source: Path) -> None:
    azure(source, "a", bill("1"), bill("2"), submitted="2026-03-08T00:00:00Z", rows=2)
    missing = source / "20260301-20260331" / "a" / "part_1.csv"
    content = missing.read_bytes()
    missing.unlink()
    assert scan() == 0
    missing.write_bytes(content[:-3])
    assert scan() == 0
    missing.write_bytes(content)
    assert scan() == 1


def test_beside_manifests_other_files_are_left_alone(scan: Scan, source: Path) -> None:
    """A part of an earlier delivery, left behind, would replace the month."""
    azure(source, "a", bill("1"), submitted="2026-03-08T00:00:00Z", rows=1)
    put(source / "20260301-20260331" / "a" / "part_9.csv", bill("9"))
    put(source / "stray.csv", bill("9"))
    assert scan() == 1


def test_rows_that_a_manifest_promised_must_be_there(
    session: Session, config: Config, scan: Scan, source: Path
) -> None:
    azure(source, "a", bill("1"), submitted="2026-03-08T00:00:00Z", rows=2)
    scan()
    work(session, config)
    row = imports(session)[0]
    assert row.state == "refused"
    assert "2 rows" in (row.error or "")


def test_a_manifest_that_is_written_twice_is_one_delivery(scan: Scan, source: Path) -> None:
    key = "bills/cur/20260301-20260401/7f3c/cur-1.csv"
    said = json.dumps({"assemblyId": "7f3c", "reportKeys": [key]}).encode()
    put(source / "20260301-20260401" / "7f3c" / "cur-1.csv", bill("1"))
    put(source / "20260301-20260401" / "cur-Manifest.json", said)
    put(source / "20260301-20260401" / "7f3c" / "cur-Manifest.json", said)
    assert scan() == 1


def test_sources_and_organizations_are_told_apart(
    session: Session, scan: Scan, source: Path, elsewhere: Organization, config: Config
) -> None:
    """The same bytes in two sources are two imports; an unknown organization's are none."""
    put(source / "march.csv", bill("5"))
    put(source.parent / "other" / "march.csv", bill("5"))
    put(config.inbox / elsewhere.id / "aws" / "march.csv", bill("5"))
    put(config.inbox / "Nobody" / "aws" / "march.csv", bill("5"))
    put(config.inbox / "Acme Cloud" / "not-in-a-source.csv", bill("5"))
    assert scan() == 3
    found = {(row.organization_id, row.source_name) for row in imports(session)}
    assert len(found) == 3


def test_a_file_that_is_too_large_is_tried_once(
    session: Session, config: Config, source: Path
) -> None:
    put(source / "march.csv", bill("5") + b"\n" * (2 << 20))
    small = dataclasses.replace(config, max_upload_bytes=1 << 20)
    assert inbox.scan(session, small, quiet_seconds=-1) == 0
    item = session.scalars(select(InboxItem)).one()
    assert item.error == "The file is larger than 1 MB."
    assert imports(session) == []
    assert list(config.uploads_dir.iterdir()) == []


def test_of_two_workers_one_takes_a_drop_in(
    session: Session, config: Config, scan: Scan, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(source / "march.csv", bill("5"))
    original = receive.receive

    def slow(*args: object, **said: object) -> object:
        monkeypatch.setattr(receive, "receive", original)
        assert scan() == 1  # another worker, while this one copies
        return original(*args, **said)

    monkeypatch.setattr(receive, "receive", slow)
    assert scan() == 0
    assert len(imports(session)) == 1
    assert len(list(config.uploads_dir.iterdir())) == 1


def test_r1_a_worker_that_is_killed_takes_each_file_in_once(
    session: Session, config: Config, source: Path
) -> None:
    for number in range(12):
        put(source / f"{number}.csv", bill(f"{number}", BillingAccountId=f"payer-{number}"))
    program = (
        "from app import app\n"
        "from costoptix.bills.intake import inbox\n"
        "from costoptix.extensions import db\n"
        "with app.app_context():\n"
        "    inbox.scan(db.session(), app.config['COSTOPTIX'], quiet_seconds=-1)\n"
    )
    environment = environment_for(config.data_dir, DATABASE_URL=config.database_url)
    for wait in (0.0, 0.002, None):
        process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment)
        try:
            if wait is None:
                assert process.wait(60) == 0
            else:
                _wait_for_items(session, process, wait)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    taken = [row.file_name for row in imports(session)]
    assert sorted(taken) == sorted(f"{number}.csv" for number in range(12))


def _wait_for_items(session: Session, process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait until the process has begun to take files in, and a little longer."""
    before = len(imports(session))
    end = time.monotonic() + 30
    while len(imports(session)) == before and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    time.sleep(seconds)
