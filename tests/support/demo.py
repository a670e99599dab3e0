"""Acme Cloud, made by the command ``demo`` and served with a worker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.support.server import ROOT, Server, environment_for, gunicorn, run_flask


@dataclass(frozen=True)
class DemoFacts:
    """A demo that is not served: where it is, and how to get in."""

    data_dir: Path
    email: str
    password: str
    key: str


@dataclass(frozen=True)
class Demo:
    """The demo, being served, and how to get in."""

    server: Server
    email: str
    password: str
    key: str


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


def make_demo(data_dir: Path) -> DemoFacts:
    """Make the demo in ``data_dir`` as a person would, by commands."""
    environment = environment_for(data_dir)
    for arguments in (("db", "upgrade"), ("demo",)):
        done = run_flask(environment, *arguments)
        assert done.returncode == 0, done.stderr
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    return DemoFacts(data_dir, said["email"], said["password"], said["key"])


@contextmanager
def served(facts: DemoFacts) -> Iterator[Demo]:
    """Serve a demo."""
    with installation(facts.data_dir) as server:
        yield Demo(server, facts.email, facts.password, facts.key)


def sign_in(browser: Browser, demo: Demo) -> dict[str, Any]:
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
