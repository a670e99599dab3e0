"""R28: a lake that cannot be written to is said at once, and no file of live months is lost."""

from __future__ import annotations

import subprocess

import pytest

from costoptix import worker
from tests.faults.disk import small_disk
from tests.faults.month import Month


@pytest.mark.sqlite
def test_r6_an_import_into_a_lake_that_is_read_only_says_so_at_its_first_try(month: Month) -> None:
    lake = month.config.lake_dir
    with small_disk(lake, 8):
        row, job = month.deliver()
        subprocess.run(["mount", "-o", "remount,ro", str(lake)], check=True)
        worker.run_job(month.latest(), month.config, job.id)
        month.session.refresh(row)
        assert row.state == "refused"
        assert "Read-only file system" in row.error
        subprocess.run(["mount", "-o", "remount,rw", str(lake)], check=True)
        _, job = month.send()
        worker.run_job(month.latest(), month.config, job.id)
        assert month.total() == month.worth(month.price)
