"""R8: a bill that needs more memory than there is fails with a reason, and the web lives."""

from __future__ import annotations

import functools
import resource
import subprocess

import pytest
from flask.testing import FlaskClient

from costoptix import bounded, queue, worker
from costoptix.bills.read import child
from tests.faults.month import Month
from tests.support.proving import count, tell


@pytest.mark.parametrize("megabytes", count([120, 940], [*range(100, 2_000, 60)]))
def test_r8_an_import_without_memory_fails_with_a_reason(
    month: Month, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, megabytes: int
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    row, job = month.deliver()
    attempts = 0
    with monkeypatch.context() as patch:
        popen = functools.partial(subprocess.Popen, preexec_fn=limit, stderr=subprocess.DEVNULL)
        patch.setattr(bounded.subprocess, "Popen", popen)
        while job.state in ("due", "running"):
            worker.run_job(month.latest(), month.config, job.id)
            attempts += 1
            month.pass_time(queue.RETRY_AFTER * 2**queue.MAX_ATTEMPTS)
            month.session.refresh(job)
    month.session.refresh(row)
    assert row.state in ("refused", "live")
    assert attempts == 1
    assert (row.error is None) == (row.state == "live") == (megabytes >= child.LEAST_BYTES >> 20)
    assert row.error is None or "memory" in row.error
    assert client.get("/healthz").status_code == 200
    if row.state == "refused":
        month.price -= 1
    assert month.total() == month.worth(month.price)
    tell(f"R8: {megabytes} MB of address space: {row.state}: {row.error}")
