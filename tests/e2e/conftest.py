"""A real server and worker, and Debian's Chromium to look at them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.support.server import ROOT, Server, environment_for, gunicorn, run_flask

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


@dataclass(frozen=True)
class Demo:
    """The demo, being served, and how to get in."""

    server: Server
    email: str
    password: str
    key: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Acme Cloud with its 13 months of bills, as the command ``demo`` makes it."""
    data_dir = tmp_path_factory.mktemp("demo") / "instance"
    environment = environment_for(data_dir)
    assert run_flask(environment, "db", "upgrade").returncode == 0
    made = run_flask(environment, "demo")
    assert made.returncode == 0, made.stderr
    facts = dict(line.split(": ", 1) for line in made.stdout.splitlines())
    with installation(data_dir) as server:
        yield Demo(server, facts["email"], facts["password"], facts["key"])


@pytest.fixture(scope="session")
def signed_in(demo: Demo, browser: Browser) -> dict[str, Any]:
    """Return the browser state of the demo's admin after the login form."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{demo.server.url}/login")
    page.locator("input[type=email]").fill(demo.email)
    page.locator("input[type=password]").fill(demo.password)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(lambda url: "/login" not in url)
    state: dict[str, Any] = dict(context.storage_state())
    context.close()
    return state


@contextmanager
def looking(
    browser: Browser, state: dict[str, Any], *, width: int, scripts: bool = True
) -> Iterator[BrowserContext]:
    """Open a signed-in browser of a given width."""
    context = browser.new_context(
        storage_state=state,
        viewport={"width": width, "height": 900},
        java_script_enabled=scripts,
    )
    try:
        yield context
    finally:
        context.close()
