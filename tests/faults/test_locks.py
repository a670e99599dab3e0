"""R9, R14: who holds SQLite's lock, or leaves in the middle of an answer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from config import Config
from costoptix import database
from tests.api.conftest import Api
from tests.bills.bill import write as bill
from tests.faults.conftest import MakeKey
from tests.support.bills import TakeIn
from tests.support.pages import Browser
from tests.support.proving import count

pytestmark = pytest.mark.sqlite
HELD_SECONDS = count(0.3, 2)


@pytest.fixture
def other(config: Config) -> Any:
    """A connection of another program to the same database."""
    path = config.data_dir / "costoptix.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        yield other


def write(app: Flask, key: str) -> Any:
    """Make a budget by the API: the answer."""
    draft = {"name": "b", "amount": "10", "currency": "USD", "period": "monthly"}
    return Api(app.test_client(), key)("POST", "/budgets", json=draft)


def test_r9_a_writer_waits_for_a_lock_that_is_held_for_a_while(
    app: Flask, make_key: MakeKey, other: sqlite3.Connection
) -> None:
    """R9: 2 seconds in `make prove`; readers are not even slowed down."""
    key = make_key("write")
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(HELD_SECONDS, other.execute, ["COMMIT"])
    release.start()
    assert write(app, key).status_code == 201
    release.join()


def test_r9_a_lock_that_is_held_for_long_is_503_with_retry_after_and_nothing_is_written(
    make_app: Callable[..., Flask], make_key: MakeKey, other: sqlite3.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """R9: beyond the patience of ten seconds (a tenth here); reading goes on meanwhile."""
    key = make_key("write")
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", count(100, database.BUSY_TIMEOUT_MS))
    app = make_app()
    assert Api(app.test_client(), key)("GET", "/health").status_code == 200  # begins the day
    other.execute("BEGIN IMMEDIATE")
    refused = write(app, key)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert Api(app.test_client(), key)("GET", "/budgets").json["data"] == []
    other.execute("COMMIT")
    assert write(app, key).status_code == 201


def test_r14_a_client_that_leaves_in_the_middle_leaves_no_transaction_behind(
    alice_browser: Browser, take_in: TakeIn, config: Config, session: Session,
    other: sqlite3.Connection,
) -> None:  # fmt: skip
    """R14: a reader that stayed would keep the write-ahead log from being taken in."""
    take_in(bill([{"BilledCost": str(n)} for n in range(50)]))
    answer = alice_browser.stream("/costs.csv?granularity=daily")
    assert answer.status_code == 200
    next(iter(answer.response))
    answer.close()
    session.rollback()  # the test's own
    assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    assert not [path for path in Path(config.temp_dir).rglob("*") if path.is_file()]
