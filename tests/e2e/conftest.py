"""A real server and worker, and Debian's Chromium to look at them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import ROOT, Server, gunicorn

GET_CHROMIUM = "Chromium is missing: apt install chromium"
# Without these Chromium calls home at every start.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Drive the system's Chromium; Playwright's own builds are not fetched."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip(GET_CHROMIUM)
    return {"executable_path": program, "args": QUIET}


@contextmanager
def installation(data_dir: Path, **environment: str) -> Iterator[Server]:
    """Serve an installation with its worker."""
    with gunicorn(data_dir, **environment) as server:
        with (data_dir / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "flask", "--app", "app", "worker"],
                cwd=ROOT, env=server.environment, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            yield server
        finally:
            worker.terminate()
            worker.wait(30)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """An installation on which nobody has been yet."""
    with installation(tmp_path / "instance") as server:
        yield server
