"""A server runs one version of its code until it is restarted, whatever is put on the disk.

An upgrade replaces the code first, and restarts then: a process that is recycled in between meets a
database that is not migrated yet.
"""

from __future__ import annotations

import os
import shutil
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.faults import processes
from tests.support.server import ROOT, gunicorn

FOLDERS = ("costoptix", "migrations", "templates", "static")
FILES = ("app.py", "config.py", "gunicorn.conf.py")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A copy of the product, as it lies in ``/opt/costoptix``."""
    folder = tmp_path / "code"
    folder.mkdir()
    for name in FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_a_process_that_begins_after_new_code_was_put_in_place_runs_that_of_the_others(
    code: Path, tmp_path: Path
) -> None:
    health = code / "costoptix" / "frame" / "health.py"
    with gunicorn(tmp_path / "instance", code=code) as server:
        assert _answer(server.url) == "up\n"
        text = health.read_text()
        health.write_text(text.replace('return "up\\n"', 'return "newer\\n"'))
        assert health.read_text() != text
        former = processes.children(server.process.pid)
        for process in former:
            os.kill(process, signal.SIGKILL)
        processes.wait_until(lambda: not any(map(processes.is_alive, former)))
        assert {_answer(server.url) for _ in range(20)} == {"up\n"}
        assert not {*former} & {*processes.children(server.process.pid)}


def _answer(url: str) -> str:
    with urllib.request.urlopen(f"{url}/healthz", timeout=60) as answer:
        return str(answer.read().decode())
