"""A real server and worker, and a browser to look at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.support.browser import chromium
from tests.support.cast import PASSWORD
from tests.support.demo import Demo, installation, make_demo, served, sign_in
from tests.support.server import Server


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Drive the system's Chromium."""
    try:
        return chromium()
    except LookupError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """An installation on which nobody has been yet."""
    with installation(tmp_path / "instance") as server:
        yield server


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Acme Cloud with its 13 months of bills."""
    with served(make_demo(tmp_path_factory.mktemp("demo") / "instance")) as demo:
        yield demo


@pytest.fixture(scope="session")
def signed_in(demo: Demo, browser: Browser) -> dict[str, Any]:
    """The browser state of the demo's admin."""
    return sign_in(browser, demo)


@pytest.fixture(scope="session")
def member(demo: Demo, browser: Browser) -> dict[str, Any]:
    """The browser state of a member of the demo's organization."""
    email = "member@acme.example"
    made = demo.server.flask(
        "users", "create", "Acme Cloud", email, "--password-stdin", stdin=PASSWORD
    )
    assert made.returncode == 0, made.stderr
    return sign_in(browser, Demo(demo.server, email, PASSWORD, ""))


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
