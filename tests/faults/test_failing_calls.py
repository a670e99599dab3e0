"""R7: each call that can fail fails once: file system calls, then statements of the database.

The k-th call of an import fails, for k = 1, 2 … until one goes through without a failure.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from costoptix import jobs, queue, worker
from costoptix.bills.intake import receive
from costoptix.bills.ledger import importer
from costoptix.bills.read import load
from costoptix.errors import NoSpace
from costoptix.queue import Claim
from tests.faults.month import Month
from tests.support.proving import count, tell

CALLS = ("fsync", "mkdir", "rename", "replace", "open")


class Failing:
    """Lets the k-th of some calls fail; counts them."""

    def __init__(self, number: int, error: Callable[[], Exception]) -> None:
        self._left = number
        self._error = error
        self.has_failed = False

    def __call__(self, *_: object, **__: object) -> None:
        self._left -= 1
        if self._left == 0:
            self.has_failed = True
            raise self._error()


@contextmanager
def failing_files(failing: Failing) -> Iterator[None]:
    """Have it called before each call of the file system."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, _before(getattr(os, name), failing))
        yield


def _before(call: Callable[..., Any], failing: Failing) -> Callable[..., Any]:
    def checked(*arguments: Any, **named: Any) -> Any:
        failing()
        return call(*arguments, **named)

    return checked


@contextmanager
def failing_statements(month: Month, failing: Failing) -> Iterator[None]:
    """Have it called before each statement that is sent to the database."""
    engine = month.session.get_bind()
    event.listen(engine, "before_cursor_execute", failing)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", failing)


def _full_database() -> Exception:
    return OperationalError("INSERT", {}, Exception("database or disk is full"))


@pytest.fixture(autouse=True)
def _read_here(judged_here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read bills and judge in this process, where calls can be made to fail."""

    def run(session: Any, claim: Claim, config: Any) -> None:
        importer.run(session, claim, config, read=load.load)

    monkeypatch.setitem(
        jobs.KINDS, receive.JOB_KIND, replace(jobs.KINDS[receive.JOB_KIND], run=run)
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
def test_r7_receiving_leaves_nothing_when_a_call_fails(month: Month, number: int) -> None:
    uploads = month.config.uploads_dir
    expected = NoSpace if number == errno.ENOSPC else OSError
    month.price = 1
    for k in range(1, 100):
        failing = Failing(k, lambda: OSError(number, os.strerror(number)))
        try:
            with failing_files(failing):
                month.send()
        except expected:
            assert not list(uploads.glob("*"))
        if not failing.has_failed:
            break
    assert k > 3
    _work(month)
    month.check_settled()
    tell(f"R7 receiving, {errno.errorcode[number]}: {k - 1} calls failed in turn")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
def test_r7_an_import_holds_when_a_call_of_the_file_system_fails(month: Month, number: int) -> None:
    def failing(k: int) -> Failing:
        return Failing(k, lambda: OSError(number, os.strerror(number)))

    failed = _fail_in_turn(month, failing, failing_files, step=count(19, 1))
    tell(f"R7 import, {errno.errorcode[number]}: {failed} calls failed in turn")


@pytest.mark.parametrize("is_answered", [False, True][: count(1, 2)])
def test_r7_a_question_holds_when_a_call_of_the_file_system_fails(
    month: Month, is_answered: bool
) -> None:
    """The import waits, or goes live after the answer, as though no call had failed."""
    month.is_asked_about = True

    def failing(k: int) -> Failing:
        return Failing(k, lambda: OSError(errno.EIO, os.strerror(errno.EIO)))

    failed = _fail_in_turn(
        month, failing, failing_files, step=count(19, 1), is_answered=is_answered
    )
    stage = "after the answer" if is_answered else "before the question"
    tell(f"R7 import, EIO {stage}: {failed} calls failed in turn")


def test_r7_an_import_holds_when_a_statement_fails(month: Month) -> None:
    failed = _fail_in_turn(
        month, lambda k: Failing(k, _full_database),
        lambda failing: failing_statements(month, failing), step=count(29, 1),
    )  # fmt: skip
    tell(f"R7 import, database full: {failed} statements failed in turn")


def _fail_in_turn(
    month: Month,
    failing: Callable[[int], Failing],
    within: Callable[[Failing], Any],
    *,
    step: int,
    is_answered: bool = False,
) -> int:
    """Import with the k-th call failing, until none does; return how many failed.

    ``is_answered``: the calls are those after a person's answer.
    """
    month.rows = 30
    month.deliver()
    _work(month)
    for failed, k in enumerate(range(1, 2_000, step)):
        row, job = month.deliver()
        if is_answered:
            worker.run_job(month.latest(), month.config, job.id)
            assert month.answer()
            job = receive.job_of(month.latest(), row)
        call = failing(k)
        with within(call):
            try:
                worker.run_job(month.latest(), month.config, job.id)
            except OperationalError:
                month.session.rollback()
        month.check_whole()
        month.pass_time()
        _work(month)
        if month.answer():
            _work(month)
        month.check_settled()
        if not call.has_failed:
            return failed
    raise AssertionError("some call fails always")


def _work(month: Month) -> None:
    """Do what is due."""
    session = month.latest()
    while (job := queue.claim(session)) is not None:
        worker._do(session, job, month.config)
        session = month.latest()
