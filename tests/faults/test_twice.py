"""R16: a month that comes twice at once, under another name, and corrected counts once."""

from __future__ import annotations

from sqlalchemy import func, select

from costoptix.models import Delivery, Import, Job
from tests.faults import processes
from tests.faults.month import Month
from tests.support.proving import count, tell


def test_r16_the_same_month_twice_at_once_is_asked_about_and_counts_once(month: Month) -> None:
    """Of the copies of a month that waits one is live after the answer; others changed nothing."""
    month.is_asked_about = True
    for _ in range(count(1, 10)):
        month.price += 1
        for name in ("month.csv", "month (1).csv", "renamed.csv"):
            month.pass_time()
            month.send(name)
        _work_twice_at_once(month)
        month.answer()
        _work_twice_at_once(month)
        assert month.total() == month.worth(month.price)
        live = select(func.sum(Delivery.row_count)).where(Delivery.is_live)
        assert month.latest().scalar(live) == month.rows
        month.check_swept()


def _work_twice_at_once(month: Month) -> None:
    workers = [processes.start(processes.work, month.environment) for _ in range(2)]
    for each in workers:
        processes.finish(each)


def test_r16_the_same_month_twice_at_once_and_renamed_counts_once(month: Month) -> None:
    """Two workers at a time; then the corrected month replaces both."""
    tries = count(1, 20)
    for _ in range(tries):
        month.price += 1
        for name in ("month.csv", "month (1).csv", "renamed.csv"):
            month.pass_time()
            month.send(name)
        _work_twice_at_once(month)
        assert month.total() == month.worth(month.price)
        session = month.latest()
        assert {job.state for job in session.scalars(select(Job))} == {"done"}
        assert set(session.scalars(select(Import.state))) <= {"live", "older", "duplicate"}
        live = select(func.sum(Delivery.row_count)).where(Delivery.is_live)
        assert session.scalar(live) == month.rows
        month.check_swept()
    tell(f"R16: {tries} months sent three times, read by two workers at once: each counted once")
