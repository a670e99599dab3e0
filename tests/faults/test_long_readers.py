"""R10: who reads for long, and what reads of ours last as long as a slow client does."""

from __future__ import annotations

import contextvars
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import cycle, islice

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, worker
from costoptix.access import audit
from costoptix.access.permissions import Caller
from costoptix.database import WAL_KEPT_BYTES, writing
from costoptix.extensions import db
from costoptix.frame import gauges
from tests.api.conftest import Api
from tests.bills.bill import write as bill
from tests.faults.conftest import MakeKey
from tests.faults.processes import wait_until
from tests.support.bills import TakeIn
from tests.support.pages import Browser
from tests.support.proving import count, tell

pytestmark = pytest.mark.sqlite

HELD_SECONDS = count(0, 150)
BLOBS = count(200, 3_000)
BLOB_BYTES = 200_000
ENTRIES = 1_100
"""More than the audit log's file is made of at two readings."""

STREAMS = (
    "/costs.csv", "/quarterly.csv", "/tags/<tag_key:key>/untagged.csv", "/settings/audit.csv",
    "/imports/<import_id>/rejections.csv",
)  # fmt: skip
"""Every page that sends a file."""
API_STREAMS = (
    "/api/v1/costs?format=csv&group_by=resource_id", "/api/v1/costs/export?file=csv.gz",
    "/api/v1/costs/export?file=parquet",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _march(app: Flask) -> None:
    clock.configure("2026-03-20T12:00:00Z")


@pytest.fixture
def connect(config: Config) -> Callable[[], sqlite3.Connection]:
    """Connect to the database as another program does, without any setting of ours."""
    path = config.data_dir / "costoptix.db"
    return lambda: sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def log_bytes(config: Config) -> int:
    """Return the size of the write-ahead log, as /metrics shows it and the shipped alert asks."""
    family = next(family for family in gauges.of_disk(config) if "wal" in family.name)
    return int(float(family.lines[0].split()[-1]))


def budgets(app: Flask, key: str) -> Iterator[int]:
    """Make one budget after the other by the API; yields each answer's status."""
    api = Api(app.test_client(), key)
    for number in range(1_000_000):
        draft = {"name": f"b{number}", "amount": "10", "currency": "USD", "period": "monthly"}
        yield api("POST", "/budgets", json=draft).status_code


def test_r10_the_log_that_a_long_reader_holds_up_shrinks_once_it_is_gone(
    app: Flask, config: Config, make_key: MakeKey, connect: Callable[[], sqlite3.Connection]
) -> None:
    """R10: for minutes in `make prove`; writes go on meanwhile, and the next ones end it."""
    calls = budgets(app, make_key("write"))
    with closing(connect()) as reader, closing(connect()) as other:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM budgets").fetchone()
        other.execute("CREATE TABLE blobs (b)")
        begun, written = time.monotonic(), 0
        while written < BLOBS or time.monotonic() - begun < HELD_SECONDS:
            if written < BLOBS:
                other.execute("INSERT INTO blobs VALUES (zeroblob(?))", [BLOB_BYTES])
            assert written % 20 or next(calls) == 201
            written += 1
        held_up = log_bytes(config)
        assert held_up > BLOBS * BLOB_BYTES
        assert reader.execute("SELECT count(*) FROM budgets").fetchone() == before
        reader.execute("COMMIT")
    assert [next(calls) for _ in range(3)] == [201] * 3
    assert log_bytes(config) <= WAL_KEPT_BYTES
    tell(f"R10: a log of {held_up >> 20} MB after {time.monotonic() - begun:.0f} s, 16 MB or less")


def read_without_a_pause(
    connect: Callable[[], sqlite3.Connection], is_over: threading.Event
) -> None:
    """Read by two connections, each of which begins before the other ends."""
    with closing(connect()) as one, closing(connect()) as another:
        for reader, before in cycle(((one, another), (another, one))):
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM jobs").fetchone()
            if before.in_transaction:
                before.execute("COMMIT")
            if is_over.wait(0.005):
                return


def test_r10_readers_that_overlap_for_ever_do_not_let_the_log_grow(
    app: Flask, config: Config, connect: Callable[[], sqlite3.Connection]
) -> None:
    """R10: there is no moment without a reader, and writes go on: the worker empties the log."""
    grown, is_grown, is_over = 2 * WAL_KEPT_BYTES, threading.Event(), threading.Event()

    def write() -> None:
        with closing(connect()) as other:
            other.execute("CREATE TABLE blobs (b)")
            while not is_over.is_set():
                other.execute("INSERT INTO blobs VALUES (zeroblob(?))", [BLOB_BYTES])
                is_over.wait(0.1 if is_grown.is_set() else 0)

    def is_emptied() -> bool:
        worker.run(lambda: Session(engine), config, once=True)
        return log_bytes(config) < WAL_KEPT_BYTES

    with app.app_context():
        engine = db.engine
    threads = [
        threading.Thread(target=read_without_a_pause, args=(connect, is_over)),
        threading.Thread(target=write),
    ]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: log_bytes(config) > grown)
        is_grown.set()
        wait_until(is_emptied, seconds=10)
    finally:
        is_over.set()
        for thread in threads:
            thread.join(30)


def test_r10_no_stream_of_ours_holds_a_transaction_while_its_client_is_slow(
    app: Flask, alice_browser: Browser, admin: Caller, session: Session, make_key: MakeKey,
    take_in: TakeIn, connect: Callable[[], sqlite3.Connection],
) -> None:  # fmt: skip
    """R10: every page and operation that sends a file, each read to its second block and no more.

    With a transaction of anybody's, the log cannot be emptied.
    """
    rows = [{"BilledCost": str(n), "ResourceId": f"i-{n}"} for n in range(1_500)]
    brought = take_in(bill([*rows, {"BilledCost": "much"}]))
    for _ in range(ENTRIES // 100):
        with writing(session):
            for _ in range(100):
                audit.record(session, admin, "costs.exported", subject="costs.csv")
    assert {str(rule) for rule in app.url_map.iter_rules() if str(rule).endswith(".csv")} == {
        *STREAMS
    }
    headers = {"X-API-Key": make_key("read")}
    import_id = brought.id
    session.rollback()  # the test's own
    for path in STREAMS:
        address = path.replace("<tag_key:key>", "team").replace("<import_id>", import_id)
        contextvars.Context().run(check_while_it_streams, alice_browser.client, address, connect)
    for path in API_STREAMS:
        client = app.test_client()
        contextvars.Context().run(check_while_it_streams, client, path, connect, headers=headers)


def check_while_it_streams(
    client: FlaskClient, path: str, connect: Callable[[], sqlite3.Connection], **options: object
) -> None:
    """Read two blocks of an answer, and check that the log can be emptied then."""
    answer = client.get(path, **options)
    assert answer.status_code == 200, path
    assert list(islice(answer.response, 2)), path
    with closing(connect()) as other:
        other.execute("CREATE TABLE IF NOT EXISTS blobs (b)")
        other.execute("INSERT INTO blobs VALUES (1)")
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, path
    answer.close()
