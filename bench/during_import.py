"""Measure what callers notice of an import: python -m bench.during_import [ROWS] [FOLDER].

A real installation in a temporary folder: gunicorn with the shipped settings, one worker, a
billing history of 200,000 charges. Callers ask ``GET /costs`` ten times a second, each time
something that no cache has, and make an API key twice a second. First with the worker idle, then
while it imports another bill of ROWS charges (500,000), beside the first until it is live.
Goals: p95 of ``/costs`` during the import at most 1.5 × idle, no call fails, no key waits longer
than a second.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

from bench.api import ROOT, serve
from bench.compared import compare
from bench.generate import FIRST_DAY, LAST_DAY, generate
from config import Config
from costoptix import create_app
from costoptix.access import api_keys
from costoptix.access.permissions import Permission, command_line
from costoptix.extensions import db
from costoptix.models import Organization

HISTORY_ROWS = 200_000
IDLE_SECONDS = 60.0
LIMITS = 900
"""So many limits are asked for in turn: above 1,000 none is allowed."""

READERS, SECONDS_BETWEEN_READS, SECONDS_BETWEEN_WRITES = 2, 0.2, 0.5
LONGEST_IMPORT_SECONDS = 600.0
"""A busy machine may need longer: then the calls of so long are what is printed."""

GROUPS = ("service_name", "sub_account_id", "region_id", "tag:team")


@dataclass
class Calls:
    """What the calls of one phase took, and what failed."""

    reads: list[float] = field(default_factory=list)  # milliseconds
    writes: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Caller:
    """An API key on one connection that stays open."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"X-API-Key": key, "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> object:
        """Return ``data`` of the answer.

        Raises:
            RuntimeError: the answer is no success.
        """
        self._connection.request(
            method, f"/api/v1{path}", body=body, headers=self._headers | headers
        )
        response = self._connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:200]!r}")
        return json.loads(text)["data"]


def questions(number: int) -> Iterator[str]:
    """Yield questions of which no two are the same."""
    for turn in count():
        first = FIRST_DAY + timedelta(days=(turn * READERS + number) % 300)
        group = GROUPS[turn % len(GROUPS)]
        last = LAST_DAY - timedelta(days=turn // LIMITS)
        limit = 50 + turn % LIMITS
        yield f"/costs?start_date={first}&end_date={last}&group_by={group}&limit={limit}"


def until(is_over: Callable[[], bool], port: int, key: str) -> Calls:
    """Call steadily until the phase is over."""
    calls = Calls()
    threads = [
        threading.Thread(target=_read, args=(is_over, Caller(port, key), calls, number))
        for number in range(READERS)
    ]
    threads.append(threading.Thread(target=_write, args=(is_over, Caller(port, key), calls)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return calls


_turns = [questions(number) for number in range(READERS)]


def _read(is_over: Callable[[], bool], caller: Caller, calls: Calls, number: int) -> None:
    while not is_over():
        question = next(_turns[number])
        _timed(lambda asked=question: caller.call("GET", asked), calls.reads, calls.failures)
        time.sleep(SECONDS_BETWEEN_READS)


def _write(is_over: Callable[[], bool], caller: Caller, calls: Calls) -> None:
    body = json.dumps({"name": "bench", "permission": "read"}).encode()
    while not is_over():
        _timed(lambda: caller.call("POST", "/keys", body), calls.writes, calls.failures)
        time.sleep(SECONDS_BETWEEN_WRITES)


def _timed(call: Callable[[], object], taken: list[float], failures: list[str]) -> None:
    begin = time.perf_counter()
    try:
        call()
    except (OSError, RuntimeError) as error:
        failures.append(str(error))
    taken.append((time.perf_counter() - begin) * 1000)


def idle(port: int, key: str) -> Calls:
    """Call while nothing is imported."""
    deadline = time.monotonic() + IDLE_SECONDS
    return until(lambda: time.monotonic() > deadline, port, key)


def during(port: int, key: str, bill: Path) -> tuple[Calls, float]:
    """Send a bill, and call until it is live; the seconds too."""
    caller = Caller(port, key)
    begin = time.monotonic()
    sent = caller.call(
        "POST", "/imports?source=another", bill.read_bytes(),
        **{"Content-Type": "application/gzip"},
    )  # fmt: skip
    assert isinstance(sent, dict)
    ended = threading.Event()

    def watch() -> None:
        while time.monotonic() - begin < LONGEST_IMPORT_SECONDS:
            found = caller.call("GET", f"/imports/{sent['id']}")
            assert isinstance(found, dict)
            if found["state"] not in ("received", "running"):
                break
            time.sleep(0.5)
        print(f"the import is {found['state']}")
        ended.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    calls = until(ended.is_set, port, key)
    watcher.join()
    return calls, time.monotonic() - begin


def make_installation(folder: Path, history: Path) -> str:
    """Make the database, an organization and its history; return an admin key."""
    environment = os.environ | {"COSTOPTIX_DATA_DIR": str(folder)}
    flask = [sys.executable, "-m", "flask", "--app", "app"]
    subprocess.run([*flask, "db", "upgrade"], cwd=ROOT, env=environment, check=True)
    app = create_app(Config.from_environ({"COSTOPTIX_DATA_DIR": str(folder)}))
    with app.app_context():
        organization = Organization(name="bench", tier="enterprise")
        db.session.add(organization)
        db.session.commit()
        draft = api_keys.KeyDraft(name="bench", permission=Permission.ADMIN)
        key = api_keys.create(db.session(), organization, command_line(organization.id), draft)[1]
        db.engine.dispose()
    bring = [*flask, "bills", "import", "bench", str(history)]
    subprocess.run(bring, cwd=ROOT, env=environment, check=True)
    return key


@contextmanager
def working(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", "worker"],
        cwd=ROOT, env=os.environ | {"COSTOPTIX_DATA_DIR": str(folder)},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def p95(taken: Sequence[float]) -> float:
    """Return the time that one call in twenty exceeds."""
    return statistics.quantiles(taken, n=20)[-1]


def report(name: str, calls: Calls) -> None:
    """Print a phase."""
    print(
        f"{name:8} /costs {len(calls.reads):5} calls, p50 {statistics.median(calls.reads):6.1f}"
        f", p95 {p95(calls.reads):6.1f} ms   key made {len(calls.writes):4} times,"
        f" p95 {p95(calls.writes):6.1f}, longest {max(calls.writes):6.1f} ms"
        f"   failed {len(calls.failures)} {calls.failures[:3] or ''}"
    )


def main(arguments: Sequence[str]) -> None:
    """Run the phases and print them."""
    rows = int(arguments[0]) if arguments else 500_000
    parent = arguments[1] if len(arguments) > 1 else None
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = Path(name)
        history, bill = folder / "history.csv.gz", folder / "bill.csv.gz"
        generate(history, HISTORY_ROWS)
        generate(bill, rows, seed=11)
        key = make_installation(folder / "data", history)
        with working(folder / "data"), serve("with_quota", folder / "data") as (port, _master):
            time.sleep(5)
            idle(port, key)  # to warm up
            before = idle(port, key)
            busy, seconds = during(port, key, bill)
    print(f"{rows:,} charges imported in {seconds:.0f} s, beside the calls")
    for phase, calls in (("idle", before), ("during", busy)):
        report(phase, calls)
    ratio = p95(busy.reads) / p95(before.reads)
    what = "/costs while a bill is imported, p95"
    compare(what, p95(busy.reads), p95(before.reads), "idle", "ms")
    print(f"p95 of /costs during / idle: {ratio:.2f} (goal 1.5)")


if __name__ == "__main__":
    main(sys.argv[1:])
