"""R12, R24: two web servers and two workers on one PostgreSQL, one lake, and a Redis that fails.

Each box has a data folder of its own, hence its own temporary files; lake and uploads are one.
"""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from costoptix.access import users
from costoptix.access.permissions import Role, command_line
from costoptix.bills.intake import receive
from costoptix.extensions import db
from costoptix.models import Organization
from tests.bills.bill import bill
from tests.frame.test_bodies import FORM, Door
from tests.quota.burst import burst
from tests.quota.conftest import NOON, Seat, on_installation, take_seat
from tests.support import services
from tests.support.cast import PASSWORD
from tests.support.proving import count, tell
from tests.support.server import ROOT, Server, environment_for, gunicorn, run_flask

pytestmark = pytest.mark.sqlite  # it has a PostgreSQL of its own
JSON = "application/json"
SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH"
LIMIT, CALLS = 100, 240
IMPORTS = count(4, 40)
PATIENCE = 240


@dataclass
class Boxes:
    """Two servers, and the same person's seat on each."""

    servers: tuple[Server, Server]
    seats: tuple[Seat, Seat]
    database: str

    def jobs(self) -> list[tuple[Any, ...]]:
        """Return the attempts and the state of each job that is an import."""
        with psycopg.connect(self.database.replace("+psycopg", "")) as connection:
            statement = "SELECT attempts, state FROM jobs WHERE kind = %s"
            return connection.execute(statement, [receive.JOB_KIND]).fetchall()


def _folder(box: Path, shared: Path) -> Path:
    """Make a data folder whose lake and uploads are those of the other box."""
    box.mkdir(mode=0o700)
    for name in ("lake", "uploads"):
        (shared / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        (box / name).symlink_to(shared / name)
    return box


@contextmanager
def _boxes(database: str, folder: Path, tier: str, **more: str) -> Iterator[Boxes]:
    settings = {"DATABASE_URL": database, "SECRET_KEY": SECRET, "WEB_CONCURRENCY": "2"} | more
    folders = [_folder(folder / name, folder / "shared") for name in ("first", "second")]
    migrated = run_flask(environment_for(folders[0], **settings), "db", "upgrade")
    assert migrated.returncode == 0, migrated.stderr
    with ExitStack() as stack:
        first, second = (stack.enter_context(gunicorn(box, **settings)) for box in folders)
        seat = take_seat(first, tier, permission="write")
        yield Boxes((first, second), (seat, Seat(second, seat.organization_id, seat.key)), database)


@contextmanager
def _worker(server: Server) -> Iterator[None]:
    command = [sys.executable, "-m", "flask", "--app", "app", "worker"]
    with (server.log.with_name("worker.log")).open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=server.environment, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def send(seat: Seat, method: str, path: str, body: bytes, kind: str) -> tuple[int, Any]:
    """Send something; return the status and what the answer holds."""
    connection = http.client.HTTPConnection("127.0.0.1", seat.server.port, timeout=60)
    connection.request(method, path, body, {"X-API-Key": seat.key, "Content-Type": kind})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer.get("data")


def billed(seat: Seat) -> Decimal:
    """Ask what everything cost."""
    status, _, answer = seat.get("/api/v1/costs?start_date=2026-03-01&end_date=2026-03-31")
    assert status == 200, answer
    (total,) = answer["data"]["totals"]
    return Decimal(total["billed_cost"])


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.3)


def _make_admin(organization_id: str) -> None:
    organization = db.session.get_one(Organization, organization_id)
    users.create(
        db.session(), organization, command_line(organization_id),
        email="alice@example.com", password=PASSWORD, role=Role.ADMIN,
    )  # fmt: skip


def page(server: Server, path: str, cookie: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", path, headers={"Cookie": cookie})
    status = connection.getresponse().status
    connection.close()
    return status


def test_r24_two_boxes_are_one_installation(postgresql_database: str, tmp_path: Path) -> None:
    """A session holds on both, each import is done once, undo is seen at once by the other."""
    with _boxes(postgresql_database, tmp_path, "enterprise") as boxes:
        first, second = boxes.seats
        on_installation(first.server, partial(_make_admin, first.organization_id))
        _sessions_hold_on_both(boxes)
        with _worker(boxes.servers[0]), _worker(boxes.servers[1]):
            with ThreadPoolExecutor(4) as threads:
                imports = list(threads.map(partial(_send_bill, boxes), range(IMPORTS)))
            wait_until(lambda: {state for _, state in boxes.jobs()} == {"done"})
            assert sorted(boxes.jobs()) == [(1, "done")] * IMPORTS
            assert {_state(second, one) for one in imports} == {"live"}
            assert billed(first) == billed(second) == IMPORTS
            less = _send_bill(boxes, 0, "0.25")
            wait_until(lambda: _state(second, less) == "waiting")
            decision = b'{"decision": "replace"}'
            decided, _ = send(second, "POST", f"/api/v1/imports/{less}/decide", decision, JSON)
            assert decided in (200, 202)
            wait_until(lambda: _state(first, less) == "live")
            assert billed(first) == billed(second) == IMPORTS - Decimal("0.75")
            withdrawn, _ = send(first, "DELETE", f"/api/v1/imports/{less}", b"", JSON)
            assert withdrawn == 200
            assert billed(second) == billed(first) == IMPORTS
    tell(f"R24: {IMPORTS} imports sent to two servers, two workers: each done once")


def _sessions_hold_on_both(boxes: Boxes) -> None:
    door = Door(boxes.seats[0])
    fields = f"csrf_token={door.token()}&email=alice@example.com&password={PASSWORD}".encode()
    assert door.send("/login", fields, FORM, f"Content-Length: {len(fields)}") == 302
    cookie = "; ".join(f"{name}={value}" for name, value in door.cookies.items())
    assert [page(server, "/imports", cookie) for server in boxes.servers] == [200, 200]
    other = Door(boxes.seats[1], dict(door.cookies))
    fields = f"csrf_token={other.token()}".encode()
    assert other.send("/logout", fields, FORM, f"Content-Length: {len(fields)}") == 302
    assert [page(server, "/imports", cookie) for server in boxes.servers] == [302, 302]


def _send_bill(boxes: Boxes, number: int, amount: str = "1") -> str:
    """Send a bill of a billing account and source of its own, to one box or the other."""
    content = bill(
        amount, EffectiveCost=amount, BillingAccountId=f"payer {number}", SubAccountId=f"11{number}"
    )
    path = f"/api/v1/imports?source=s{number}"
    status, answer = send(boxes.seats[number % 2], "POST", path, content, "text/csv")
    assert status == 202, answer
    return str(answer["id"])


def _state(seat: Seat, import_id: str) -> str:
    return str(seat.get(f"/api/v1/imports/{import_id}")[2]["data"]["state"])


def both(boxes: Boxes, calls: int) -> Counter[int]:
    """Call both servers at once."""
    with ThreadPoolExecutor(2) as threads:
        return sum(threads.map(lambda seat: burst(seat.call, calls), boxes.seats), Counter())


def test_r12_the_quota_is_exact_over_two_boxes(postgresql_database: str, tmp_path: Path) -> None:
    with _boxes(postgresql_database, tmp_path, "starter", COSTOPTIX_NOW=NOON) as boxes:
        assert both(boxes, CALLS) == Counter({200: LIMIT, 429: 2 * CALLS - LIMIT})
        assert boxes.seats[1].used() == LIMIT


def test_r12_a_redis_that_is_gone_hung_or_emptied_lets_nothing_through(
    postgresql_database: str, tmp_path: Path
) -> None:
    """Exact over both; gone, hung or emptied: 503, on both until a person has the count begin."""
    if services.redis_program() is None:
        pytest.skip(services.GET_REDIS)
    with services.redis(tmp_path) as (url, redis):
        more = {"COSTOPTIX_QUOTA_URL": url, "COSTOPTIX_NOW": NOON}
        with _boxes(postgresql_database, tmp_path, "starter", **more) as boxes:
            assert both(boxes, CALLS) == Counter({200: LIMIT, 429: 2 * CALLS - LIMIT})
            redis.send_signal(signal.SIGSTOP)
            assert set(both(boxes, 8)) == {503}
            redis.send_signal(signal.SIGCONT)
            assert both(boxes, 8) == Counter({429: 16})
            port = int(url.rpartition(":")[2].partition("/")[0])
            _flush(port)
            assert both(boxes, 8) == Counter({503: 16})
            assert boxes.servers[1].flask("quota", "begin").returncode == 0
            assert both(boxes, CALLS) == Counter({200: LIMIT, 429: 2 * CALLS - LIMIT})
            redis.kill()
            redis.wait(10)
            assert both(boxes, 8) == Counter({503: 16})


def _flush(port: int) -> None:
    import redis

    with redis.Redis(port=port) as client:
        client.flushall()
