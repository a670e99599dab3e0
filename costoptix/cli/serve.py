"""``serve``: web and background worker under one process tree."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from config import Config
from costoptix import listening, startup
from costoptix.cli import demo, ready
from costoptix.cli.console import refusals_on_one_line, step
from costoptix.demo import coming
from costoptix.extensions import db

GRACE_SECONDS = 35
"""More than gunicorn's own graceful time, so that requests in flight are answered."""
RESTART_PAUSE_SECONDS = 1.0


def register(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(serve)


@click.command()
@click.option("--demo", "with_demo", is_flag=True, help='bring in "Acme Cloud" before')
@with_appcontext
def serve(with_demo: bool) -> None:
    """Migrate the database, then run the web server and one worker until Ctrl-C.

    Says when the server answers. The demo is open with its last three months: the worker imports
    those before.
    """
    config: Config = current_app.config["COSTOPTIX"]
    commands = {
        "web": [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:app"],
        "worker": [sys.executable, "-m", "flask", "--app", "app", "worker"],
    }
    upgrade = [sys.executable, "-m", "flask", "--app", "app", "db", "upgrade"]
    with step("Preparing the database"):
        if code := subprocess.run(upgrade, check=False).returncode:  # noqa: S603 - our own command
            raise SystemExit(code)  # it has said why
    _check(config)
    if with_demo:
        _open_demo(config)
    db.engine.dispose()  # no connection may cross the fork
    click.echo("Starting the server and a worker …")
    raise SystemExit(Supervisor(commands, config).run())


@refusals_on_one_line
def _check(config: Config) -> None:
    """End here where every child would, again and again."""
    startup.require_secret_key(db.engine, config)
    listening.require_address(config)


@refusals_on_one_line
def _open_demo(config: Config) -> None:
    """Import the demo's last months, and leave the others to the worker."""
    session = db.session()
    organization = demo.open_company(session, config)
    demo.bring(session, config, organization, coming.RECENT_MONTHS, err=False)
    coming.make_rest_due(session, organization)
    db.session.remove()


class Supervisor:
    """Keeps its children running; one that ends is started anew, a signal ends them all."""

    def __init__(self, commands: dict[str, list[str]], config: Config) -> None:
        self._commands = commands
        self._url = config.public_url
        self._check: ready.HealthCheck | None = ready.HealthCheck(config)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = False

    def run(self) -> int:
        """Run until SIGINT or SIGTERM; return 0 when every child ended in time, else 1."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        for name in self._commands:
            self._start(name)
        while not self._stopping:
            time.sleep(0.2)
            self._restart_ended()
            self._say_when_ready()
        return self._end_children()

    def _start(self, name: str) -> None:
        # A session of its own: a Ctrl-C in the terminal reaches only us, and we end the
        # children in order, once.
        self._children[name] = subprocess.Popen(  # noqa: S603 -- our own two commands
            self._commands[name],
            start_new_session=True,
            preexec_fn=_die_with_parent(),  # noqa: PLW1509 -- we have one thread
        )

    def _restart_ended(self) -> None:
        for name, child in self._children.items():
            code = child.poll()
            if code is not None and not self._stopping:
                click.echo(f"{name} ended with code {code}; starting it again.", err=True)
                time.sleep(RESTART_PAUSE_SECONDS)
                self._start(name)

    def _say_when_ready(self) -> None:
        if self._check is not None and self._check.is_up():
            self._check = None
            click.echo(f"Cost Optix is ready: {self._url}")

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _end_children(self) -> int:
        for child in self._children.values():
            child.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self._children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                return 1
        return 0


def _die_with_parent() -> Callable[[], None] | None:
    """Have Linux end the child when we are killed -9, so that no port stays taken."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # only here: nothing else of the application needs it

    libc = ctypes.CDLL(None)
    pr_set_pdeathsig = 1

    def set_death_signal() -> None:
        libc.prctl(pr_set_pdeathsig, signal.SIGTERM)

    return set_death_signal
