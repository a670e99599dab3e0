"""R12: a PostgreSQL that falls silent, which is worse than one that is gone."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from costoptix.access import users
from costoptix.access.permissions import Role, command_line
from costoptix.extensions import db
from costoptix.models import Organization
from tests.quota.conftest import Seat, on_installation, take_seat
from tests.support.cast import PASSWORD
from tests.support.server import Server, environment_for, gunicorn, run_flask
from tests.support.stopping_proxy import StoppingProxy, stopping_proxy

LONGEST = 5.0
PATHS = ("/api/v1/auth/info", "/api/v1/imports", "/imports", "/healthz")


@dataclass
class Silenced:
    """A server whose database stands behind a proxy, and who calls it."""

    server: Server
    proxy: StoppingProxy
    seat: Seat
    cookie: str

    def ask(self, path: str) -> tuple[int, str | None, float]:
        """Call once; return the status, Retry-After and how long it took."""
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        connection.request("GET", path, headers={"X-API-Key": self.seat.key, "Cookie": self.cookie})
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status, response.headers["Retry-After"], time.monotonic() - began

    def ask_all(self, paths: tuple[str, ...]) -> list[tuple[int, str | None, float]]:
        """Call all at once."""
        with ThreadPoolExecutor(len(paths)) as threads:
            return list(threads.map(self.ask, paths))


@pytest.fixture
def silenced(postgresql_database: str, tmp_path: Path) -> Iterator[Silenced]:
    with stopping_proxy(urlsplit(postgresql_database).port or 0) as proxy:
        port = str(urlsplit(postgresql_database).port)
        url = postgresql_database.replace(f":{port}/", f":{proxy.port}/")
        environment = environment_for(tmp_path / "instance", DATABASE_URL=url)
        assert run_flask(environment, "db", "upgrade").returncode == 0
        settings = {"DATABASE_URL": url, "WEB_CONCURRENCY": "1", "THREADS": "4"}
        with gunicorn(tmp_path / "instance", **settings) as server:
            seat = take_seat(server, "enterprise")
            on_installation(server, partial(_make_admin, seat.organization_id))
            try:
                yield Silenced(server, proxy, seat, _sign_in(server))
            finally:
                proxy.go_on()


def _make_admin(organization_id: str) -> None:
    organization = db.session.get_one(Organization, organization_id)
    users.create(
        db.session(), organization, command_line(organization_id),
        email="alice@example.com", password=PASSWORD, role=Role.ADMIN,
    )  # fmt: skip


def _sign_in(server: Server) -> str:
    from tests.frame.test_bodies import FORM, Door

    door = Door(Seat(server, "", ""))
    fields = f"csrf_token={door.token()}&email=alice@example.com&password={PASSWORD}".encode()
    assert door.send("/login", fields, FORM, f"Content-Length: {len(fields)}") == 302
    return "; ".join(f"{name}={value}" for name, value in door.cookies.items())


@pytest.mark.sqlite  # it has a server of its own
def test_r12_a_silent_postgresql_is_503_within_five_seconds_and_forgotten_when_it_answers(
    silenced: Silenced,
) -> None:
    """For calls whose connections were open, for new ones, and for more than there are threads."""
    assert [status for status, *_ in silenced.ask_all(PATHS)] == [200] * 4
    silenced.proxy.stop()
    for _ in range(3):
        for status, retry_after, seconds in silenced.ask_all(PATHS):
            assert (status, retry_after) == (503, "1")
            assert seconds < LONGEST
    silenced.proxy.go_on()
    time.sleep(1.1)  # what Retry-After says
    for _ in range(2):
        assert [status for status, *_ in silenced.ask_all(PATHS)] == [200] * 4
