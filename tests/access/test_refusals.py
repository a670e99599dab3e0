"""Refused calls are tallied in memory and written together; none is lost when the process ends."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date

import pytest

from costoptix.access import refusals
from costoptix.access.refusals import Refusals, RefusalTally

DAY = date(2026, 3, 10)


def test_what_comes_together_is_written_at_once() -> None:
    written: list[Refusals] = []
    tally = RefusalTally(written.append)
    for organization in ("a", "b", "a"):
        tally.add(organization, DAY)
    assert written == []
    tally.flush()
    tally.flush()
    assert written == [Counter({("a", DAY): 2, ("b", DAY): 1})]


def test_it_is_written_by_itself_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "FLUSH_SECONDS", 0.01)
    was_written = threading.Event()
    tally = RefusalTally(lambda _pending: was_written.set())
    tally.add("a", DAY)
    assert was_written.wait(10)


def test_calls_of_many_threads_are_all_counted() -> None:
    written: list[Refusals] = []
    tally = RefusalTally(written.append)
    threads = [
        threading.Thread(target=lambda: [tally.add("a", DAY) for _ in range(500)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.flush()
    assert sum(pending["a", DAY] for pending in written) == 4_000


def test_a_storage_that_is_gone_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_pending: Refusals) -> None:
        raise ConnectionError

    tally = RefusalTally(fail)
    tally.add("a", DAY)
    tally.flush()
    assert "could not be written" in caplog.text
