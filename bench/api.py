"""Measure what a call of the API costs: bare Flask, key, key + quota, stock Flask-Limiter.

    .venv/bin/python bench/api.py [--seconds 2] [--rounds 5] [--in-process]

Every variant runs under the shipped gunicorn settings; rounds are interleaved, so that a busy
machine troubles all alike. Printed per variant: calls a second, and the server's CPU time a
call, which other processes on the machine distort less. ``--in-process`` calls the applications
one after the other without a server and prints the CPU time only: on a machine so busy that the
server's processes hold each other up, that still says what our own work costs.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from flask import Flask
from flask_limiter import ApplicationLimit, Limiter
from flask_migrate import upgrade
from limits.storage import Storage
from werkzeug.test import EnvironBuilder, run_wsgi_app

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.compared import compare  # noqa: E402 - as below
from config import Config  # noqa: E402 - the project is not installed, it is run in place
from costoptix import create_app  # noqa: E402
from costoptix.access import api_keys  # noqa: E402
from costoptix.access.permissions import Permission, command_line  # noqa: E402
from costoptix.api import guard  # noqa: E402
from costoptix.extensions import db  # noqa: E402
from costoptix.models import Organization  # noqa: E402

HEAD = re.compile(rb"HTTP/1\.1 200 .*?content-length: (\d+).*?\r\n\r\n", re.DOTALL | re.IGNORECASE)
CONNECTIONS = 8  # as many as the shipped settings have threads
VARIANTS = {
    "hello": "bare Flask, no database",
    "with_key": "/health with key, not counted",
    "with_quota": "/health with key, counted (ours)",
    "with_stock_quota": "/health with key, counted by stock Flask-Limiter in memory",
}

# The applications, by variant ----------------------------------------------------------------


def hello() -> Flask:
    """Answer as little as Flask can."""
    app = Flask(__name__)
    app.add_url_rule("/api/v1/health", "health", lambda: {"status": "ok"})
    return app


def with_quota() -> Flask:
    """Serve the application as it is."""
    return create_app(Config.from_environ())


def with_key() -> Flask:
    """Serve the application with its limiter switched off."""
    app = create_app(Config.from_environ())
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False
    return app


def with_stock_quota() -> Flask:
    """Serve the application with the library's own window, storage and headers."""
    guard._limiter = _stock_limiter
    guard._storage_of = _stock_storage
    return create_app(Config.from_environ())


def _stock_limiter(_config: Config) -> Limiter:
    limit = ApplicationLimit(
        limit_provider=guard._limit, key_function=guard._organization_id, scope="api-v1"
    )
    return Limiter(
        key_func=guard._organization_id,
        application_limits=[limit],
        strategy="fixed-window",
        storage_uri="memory://",
        headers_enabled=True,
    )


def _stock_storage(limiter: Limiter, _app: Flask, _config: Config) -> Storage:
    return limiter.storage


# The measuring -------------------------------------------------------------------------------


@dataclass
class Measured:
    """One variant's rounds."""

    calls_per_second: list[float] = field(default_factory=list)
    cpu_per_call: list[float] = field(default_factory=list)  # microseconds


def make_installation(folder: Path) -> str:
    """Make a database with one organization of the highest limit there is; return a key."""
    app = create_app(Config.from_environ({"COSTOPTIX_DATA_DIR": str(folder)}))
    with app.app_context():
        upgrade()
        organization = Organization(name="bench", tier="enterprise")
        db.session.add(organization)
        db.session.commit()
        draft = api_keys.KeyDraft(name="bench", permission=Permission.READ)
        text = api_keys.create(db.session(), organization, command_line(organization.id), draft)[1]
        db.engine.dispose()
    return text


@contextmanager
def serve(variant: str, folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """Run one variant under gunicorn; yields its port and master process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"COSTOPTIX_DATA_DIR": str(folder), "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", f"bench.api:{variant}()"],
        cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield port, psutil.Process(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def wait_until_ready(port: int, request: bytes) -> None:
    """Call until the server answers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(request)
                read_answer(connection)
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers on port {port}")


def read_answer(connection: socket.socket) -> None:
    """Read one whole answer, which must be a success."""
    received = b""
    while (head := HEAD.match(received)) is None or len(received) < head.end() + int(head[1]):
        chunk = connection.recv(65536)
        if not chunk or not (received + chunk).startswith(b"HTTP/1.1 200"):
            raise RuntimeError(received + chunk)
        received += chunk


def load(port: int, request: bytes, seconds: float) -> int:
    """Call over ``CONNECTIONS`` open connections for that time; return the number of answers."""
    counts = [0] * CONNECTIONS
    deadline = time.monotonic() + seconds

    def call(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            while time.monotonic() < deadline:
                connection.sendall(request)
                read_answer(connection)
                counts[number] += 1

    threads = [threading.Thread(target=call, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def cpu_seconds(master: psutil.Process) -> float:
    """Return the CPU time of the server's processes so far."""
    times = [process.cpu_times() for process in (master, *master.children())]
    return sum(each.user + each.system for each in times)


def measure(seconds: float, rounds: int) -> dict[str, Measured]:
    """Run all variants side by side and load one at a time, round by round."""
    measured = {variant: Measured() for variant in VARIANTS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        key = make_installation(folder)
        request = (
            f"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {key}\r\n\r\n".encode()
        )
        servers = {each: stack.enter_context(serve(each, folder)) for each in VARIANTS}
        for port, _ in servers.values():
            wait_until_ready(port, request)
            load(port, request, seconds / 2)
        for _ in range(rounds):
            for variant, (port, master) in servers.items():
                before, started = cpu_seconds(master), time.monotonic()
                calls = load(port, request, seconds)
                result = measured[variant]
                result.calls_per_second.append(calls / (time.monotonic() - started))
                result.cpu_per_call.append((cpu_seconds(master) - before) / calls * 1e6)
    return measured


def in_process(rounds: int, calls: int = 300) -> None:
    """Print the CPU time of a call of each variant, without a server: the median round."""
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        key = make_installation(Path(folder))
        os.environ["COSTOPTIX_DATA_DIR"] = folder
        # The stock limiter comes last: it changes how applications are made.
        makers = (hello, with_key, with_quota, with_stock_quota)
        apps = [make() for make in makers]
        logging.getLogger("costoptix").handlers[0].setStream(nowhere)
        taken: list[list[float]] = [[] for _ in apps]
        for _ in range(rounds + 1):
            for app, times in zip(apps, taken, strict=True):
                times.append(_cpu_of_calls(app, key, calls) / calls * 1e6)
    for words, times in zip(VARIANTS.values(), taken, strict=True):
        print(f"{statistics.median(times[1:]):7.0f} µs CPU  {words}")


def _cpu_of_calls(app: Flask, key: str, calls: int) -> float:
    environ = EnvironBuilder("/api/v1/health", headers={"X-API-Key": key}).get_environ()
    begin = time.process_time()
    for _ in range(calls):
        body, status, _headers = run_wsgi_app(app, environ.copy())
        assert status == "200 OK", b"".join(body)
    return time.process_time() - begin


def main() -> None:
    """Print the table and the two ratios that were promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--in-process", action="store_true")
    options = parser.parse_args()
    if options.in_process:
        in_process(options.rounds)
        return
    measured = measure(options.seconds, options.rounds)
    rates = {k: statistics.median(m.calls_per_second) for k, m in measured.items()}
    costs = {k: statistics.median(m.cpu_per_call) for k, m in measured.items()}
    for variant, words in VARIANTS.items():
        print(f"{rates[variant]:8.0f} calls/s {costs[variant]:7.0f} µs CPU  {words}")
    for base, goal in (("with_stock_quota", 0.9), ("hello", 0.5)):
        rate = rates["with_quota"] / rates[base]
        cost = costs[base] / costs["with_quota"]
        print(f"ours / {base}: {rate:.2f} by rate, {cost:.2f} by CPU (goal {goal})")
        beside = VARIANTS[base]
        compare("a call with quota, rate", rates["with_quota"], rates[base], beside, "calls/s")
        compare("the same, CPU of a call", costs["with_quota"], costs[base], beside, "µs")


if __name__ == "__main__":
    main()
