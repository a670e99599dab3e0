"""``serve`` as a person sees it in a terminal: the real processes."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.server import ROOT, environment_for, run_flask
from tests.support.services import free_port

pytestmark = pytest.mark.sqlite

SAID = r"""Preparing the database … [\d.]+ s
Starting the server and a worker …
Cost Optix is ready: (http://127\.0\.0\.1:\d+)
"""


@contextmanager
def serving(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the command until the block ends."""
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", "serve"],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True,
        ) as process,
    ):  # fmt: skip
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0, log.read_text()


def test_serve_says_what_it_does_and_that_it_is_ready_when_it_answers(
    tmp_path: Path, migrated: str
) -> None:
    (tmp_path / "instance").mkdir()
    shutil.copyfile(migrated, tmp_path / "instance" / "costoptix.db")
    environment = environment_for(tmp_path / "instance", PORT=str(free_port()))
    with serving(environment, tmp_path / "log") as process:
        assert process.stdout is not None
        said = "".join(next(process.stdout) for _ in range(3))
        ready = re.fullmatch(SAID, said)
        assert ready is not None, said + (tmp_path / "log").read_text()
        with urllib.request.urlopen(f"{ready[1]}/healthz", timeout=10) as page:
            assert page.status == 200
        # What answers there now is not what a second one would have started.
        second = run_flask(environment, "serve")
        assert second.returncode == 1
        assert f"port {environment['PORT']} of 127.0.0.1" in second.stderr
        assert second.stderr.count("\n") == 1
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
