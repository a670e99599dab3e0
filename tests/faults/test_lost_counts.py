"""R12: a counter that lost the day's calls lets none through, until midnight or a person's word."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from costoptix.extensions import db
from costoptix.models import AuditEntry
from tests.quota.burst import burst
from tests.quota.conftest import NOON, Seat, on_installation, serve, take_seat
from tests.support import services
from tests.support.proving import count, tell
from tests.support.server import Server

pytestmark = pytest.mark.sqlite  # where calls are counted is said by each test
LIMIT, CALLS = 100, 240
PROCESSES = count("2", "4")
FLUSHES = count((40,), (1, 10, 40, 70, 95, 99, 100, 101, 150, 220))
TOKEN = "m3trics-t0ken-of-the-tests-0123456789"


@dataclass
class Counted:
    """A server whose calls Redis counts, and the port of that."""

    server: Server
    redis_port: int

    def redis(self, *command: str) -> Any:
        """Send a command to Redis."""
        import redis

        with redis.Redis(port=self.redis_port) as client:
            return client.execute_command(*command)

    def metric(self, name: str) -> str:
        """Return a figure of ``/metrics``; empty where it is left out."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        return next((line.split()[1] for line in lines if line.startswith(f"{name} ")), "")


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Counted]:
    """Some processes that count in a Redis of their own, at noon."""
    if services.redis_program() is None:
        pytest.skip(services.GET_REDIS)
    with services.redis(tmp_path) as (url, _), counting_in(url, tmp_path) as server:
        yield Counted(server, port_of(url))


@contextmanager
def counting_in(url: str, folder: Path, **more: str) -> Iterator[Server]:
    settings = {"COSTOPTIX_NOW": NOON, "METRICS_TOKEN": TOKEN, "WEB_CONCURRENCY": PROCESSES} | more
    with serve(folder / "instance", COSTOPTIX_QUOTA_URL=url, **settings) as server:
        yield server


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


def calls(seat: Seat, number: int, after: Callable[[int], None] = id) -> Counter[int]:
    """Call so often, on more connections than one process has threads for."""
    return burst(seat.call, number, at_once=8, after=after)


def assert_exact(seat: Seat) -> None:
    """The whole limit passes, and not one call more."""
    assert calls(seat, CALLS) == Counter({200: LIMIT, 429: CALLS - LIMIT})


def assert_lost(seat: Seat) -> None:
    """Every process refuses, and nothing is counted."""
    assert calls(seat, 40) == Counter({503: 40})
    assert seat.used() == 0


def begin(server: Server) -> None:
    done = server.flask("quota", "begin")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "Those of today that it lost stay uncounted" in done.stderr


@pytest.mark.parametrize("after", FLUSHES)
def test_r12_a_redis_emptied_in_a_burst_lets_nothing_more_through(
    counted: Counted, after: int
) -> None:
    seat = take_seat(counted.server, "starter")

    def flush(answered: int) -> None:
        if answered == after:
            counted.redis("FLUSHALL")

    statuses = calls(seat, CALLS, flush)
    assert statuses[200] <= LIMIT
    assert statuses[503] > 0
    assert set(statuses) <= {200, 429, 503}
    assert_lost(seat)
    tell(f"R12: emptied after {after} calls: {statuses[200]} of {LIMIT} passed, none after it")


def test_the_refusal_says_why_and_until_when(counted: Counted) -> None:
    seat = take_seat(counted.server, "starter")
    assert seat.get()[0] == 200
    counted.redis("FLUSHALL")
    status, headers, body = seat.get()
    assert (status, headers["Retry-After"]) == (503, "300")
    assert body == {
        "success": False,
        "error": "Today's count of calls is lost, so that no call can be let through. Counting "
        "begins anew at 2026-03-11T00:00:00Z, or when the operator has it begin.",
    }
    assert [name for name in headers if name.startswith("X-RateLimit")] == []


def test_a_person_has_the_count_begin(counted: Counted) -> None:
    """The loss is named by doctor and metrics; the command ends it, is logged, and is exact."""
    seat = take_seat(counted.server, "starter")
    assert_exact(seat)
    assert not quota_troubles(counted.server)
    assert counted.metric("costoptix_quota_counts_lost") == "0"
    refused = counted.server.flask("quota", "begin")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "nothing was changed" in refused.stderr
    counted.redis("FLUSHALL")
    assert_lost(seat)
    (trouble,) = quota_troubles(counted.server)
    assert "flask --app app quota begin" in trouble["remedy"]
    assert counted.metric("costoptix_quota_counts_lost") == "1"
    begin(counted.server)
    assert_exact(seat)
    assert not quota_troubles(counted.server)
    assert counted.metric("costoptix_quota_counts_lost") == "0"
    assert on_installation(counted.server, begun_anew) == [
        (f"redis://127.0.0.1:{counted.redis_port}/0", {"day": "2026-03-10"})
    ]


def test_midnight_begins_the_count_without_a_person(tmp_path: Path) -> None:
    if services.redis_program() is None:
        pytest.skip(services.GET_REDIS)
    now = tmp_path / "now"
    now.write_text("2026-03-10T23:59:50Z")
    with (
        services.redis(tmp_path) as (url, _),
        counting_in(url, tmp_path, COSTOPTIX_NOW=f"@{now}") as server,
    ):
        seat = take_seat(server, "starter")
        assert seat.get()[0] == 200
        Counted(server, port_of(url)).redis("FLUSHALL")
        status, headers, _ = seat.get()
        assert status == 503
        assert 1 <= int(headers["Retry-After"]) <= 10
        then = tmp_path / "then"
        then.write_text("2026-03-11T00:00:01Z")
        then.replace(now)
        assert_exact(seat)


def test_a_server_that_starts_anew_knows_of_the_loss(counted: Counted, tmp_path: Path) -> None:
    """Evicted as good as emptied: counts and mark are one key, of which no part can go alone."""
    seat = take_seat(counted.server, "starter")
    assert_exact(seat)
    assert counted.redis("DEL", "costoptix:quota:2026-03-10") == 1
    counted.server.kill()
    url = counted.server.environment["COSTOPTIX_QUOTA_URL"]
    with counting_in(url, tmp_path) as seat.server:
        assert_lost(seat)


def test_another_redis_that_is_chosen_just_works(counted: Counted, tmp_path: Path) -> None:
    seat = take_seat(counted.server, "starter")
    assert_exact(seat)
    counted.server.kill()
    (tmp_path / "other").mkdir()
    with (
        services.redis(tmp_path / "other") as (url, _),
        counting_in(url, tmp_path) as seat.server,
    ):
        assert_exact(seat)


def test_a_redis_that_restarts_without_its_data_lets_nothing_through(tmp_path: Path) -> None:
    if services.redis_program() is None:
        pytest.skip(services.GET_REDIS)
    with services.redis(tmp_path) as (url, process), counting_in(url, tmp_path) as server:
        seat = take_seat(server, "starter")
        assert_exact(seat)
        process.kill()
        process.wait(10)
        assert Counted(server, port_of(url)).metric("costoptix_quota_up") == "0"
        with services.redis(tmp_path, port_of(url)):
            assert_lost(seat)


def test_a_redis_that_restarts_with_its_data_goes_on_and_with_an_older_copy_does_not(
    tmp_path: Path,
) -> None:
    """An older copy is noticed by a process that saw a higher count: here by the only one."""
    if services.redis_program() is None:
        pytest.skip(services.GET_REDIS)
    one = {"WEB_CONCURRENCY": "1"}
    with services.redis(tmp_path) as (url, process), counting_in(url, tmp_path, **one) as server:
        seat = take_seat(server, "starter")
        assert calls(seat, 30) == Counter({200: 30})
        Counted(server, port_of(url)).redis("SAVE")
        process.kill()
        process.wait(10)
        with services.redis(tmp_path, port_of(url)) as (_, process):
            assert calls(seat, 40) == Counter({200: 40})
            process.kill()
            process.wait(10)
        with services.redis(tmp_path, port_of(url)):
            assert calls(seat, 40) == Counter({503: 40})
            assert seat.used() == 30
            begin(server)
            assert calls(seat, CALLS)[200] == LIMIT - 30


def test_a_sqlite_counter_that_is_removed_or_made_anew_lets_nothing_through(tmp_path: Path) -> None:
    """At once while serving, after a command has made the file anew, and after a restart."""
    file = tmp_path / "quota.db"
    with counting_in(f"sqlite:///{file}", tmp_path) as server:
        seat = take_seat(server, "starter")
        assert_exact(seat)
        for name in ("quota.db", "quota.db-wal", "quota.db-shm"):
            file.with_name(name).unlink(missing_ok=True)
        assert calls(seat, 40) == Counter({503: 40})
        assert quota_troubles(server)  # the command makes the file, which is new
        assert file.exists()
        assert_lost(seat)
    with counting_in(f"sqlite:///{file}", tmp_path) as seat.server:
        assert_lost(seat)
        begin(seat.server)
        assert_exact(seat)


def test_counts_that_postgresql_lost_let_nothing_through(
    postgresql_database: str, tmp_path: Path
) -> None:
    with counting_in(postgresql_database, tmp_path) as server:
        seat = take_seat(server, "starter")
        assert_exact(seat)
        url = postgresql_database.replace("+psycopg", "")
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            connection.execute("TRUNCATE quota.days, quota.key_days, quota.marks")
        assert_lost(seat)
        begin(server)
        assert_exact(seat)


def quota_troubles(server: Server) -> list[dict[str, str]]:
    """Return what doctor finds wrong with the quota."""
    done = server.flask("doctor", "--json", "--quick")
    (check,) = [one for one in json.loads(done.stdout)["checks"] if one["check"] == "quota"]
    troubles: list[dict[str, str]] = check["troubles"]
    return troubles


def begun_anew() -> list[tuple[str, Any]]:
    """Return what the audit log has of counts that began anew."""
    entries = db.session.scalars(
        select(AuditEntry).where(
            AuditEntry.action == "quota.begun_anew", AuditEntry.organization_id == ""
        )
    )
    return [(entry.subject, entry.after) for entry in entries]
