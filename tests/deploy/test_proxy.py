"""S45 through ``deploy/nginx.conf``: patience with slow clients, and the same limits."""

from __future__ import annotations

import http.client
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.deploy.proxy import NGINX, proxy
from tests.quota.conftest import Seat, take_seat
from tests.support.server import gunicorn
from tests.support.services import free_port

LIMIT = 1 << 20
SLOW_CLIENTS = 40

pytestmark = [
    pytest.mark.nginx,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the proxy writes."""
    return tmp_path_factory.mktemp("proxy")


@pytest.fixture(scope="module")
def proxied(logs: Path) -> Iterator[tuple[Seat, str]]:
    """An organization on a server of two threads, and the address of the proxy in front of it."""
    folder = logs
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    extra = {"PUBLIC_URL": url, "FORWARDED_HOPS": "1", "MAX_UPLOAD_MB": "1", "THREADS": "2"}
    with (
        gunicorn(folder / "instance", WEB_CONCURRENCY="1", **extra) as server,
        proxy(port, server.port, folder),
    ):
        yield take_seat(server, "enterprise", permission="write"), url


def send(url: str, seat: Seat, host: str, body: bytes) -> int:
    """Send a file to the API; return the status."""
    headers = {"X-API-Key": seat.key, "Content-Type": "text/csv", "Host": host}
    request = urllib.request.Request(f"{url}/api/v1/imports", body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_s45_slow_bodies_hold_nobody_up(proxied: tuple[Seat, str]) -> None:
    """Twenty times as many clients as the server has threads send a byte and then no more."""
    seat, url = proxied
    port = int(url.rpartition(":")[2])
    head = (
        f"POST /api/v1/imports HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-API-Key: {seat.key}\r\n"
        "Content-Type: text/csv\r\nContent-Length: 1000\r\n\r\nB"
    )
    with ExitStack() as clients:
        for _ in range(SLOW_CLIENTS):
            client = socket.create_connection(("127.0.0.1", port), timeout=30)
            clients.enter_context(client).sendall(head.encode())
        begin = time.monotonic()
        for path in ("/healthz", "/login"):
            with urllib.request.urlopen(url + path, timeout=20) as answer:
                assert answer.status == 200
        assert time.monotonic() - begin < 15  # the proxy gives up on a slow body after 30
    status, _, body = seat.get("/api/v1/imports")
    assert (status, body["data"]) == (200, [])


def test_r13_forty_dripping_clients_keep_nobody_waiting(proxied: tuple[Seat, str]) -> None:
    """R13: twenty of twenty others are served while heads and bodies come byte by byte."""
    seat, url = proxied
    port = int(url.rpartition(":")[2])
    head = f"GET /login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Drip: "
    body = (
        f"POST /api/v1/imports HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-API-Key: {seat.key}\r\n"
        "Content-Type: text/csv\r\nContent-Length: 100000\r\n\r\n"
    )
    with ExitStack() as clients:
        dripping = []
        for number in range(SLOW_CLIENTS):
            client = socket.create_connection(("127.0.0.1", port), timeout=30)
            clients.enter_context(client).sendall((head, body)[number % 2].encode())
            dripping.append(client)
        served = 0
        for number in range(20):
            for client in dripping:
                client.sendall(b"x")
            with urllib.request.urlopen(url + ("/healthz", "/login")[number % 2], timeout=20) as a:
                served += a.status == 200
    assert served == 20


def ask_without_tls(logs: Path, path: str) -> tuple[int, str | None, bytes]:
    """Return status, Location and body of the port that has no TLS."""
    port = re.search(r"listen 127.0.0.1:(\d+);", (logs / "nginx.conf").read_text())
    assert port is not None
    connection = http.client.HTTPConnection("127.0.0.1", int(port[1]), timeout=20)
    connection.request("GET", path, headers={"Host": "cost.example.com"})
    answer = connection.getresponse()
    with closing(connection):
        return answer.status, answer.headers["Location"], answer.read()


@pytest.mark.usefixtures("proxied")
def test_whoever_comes_without_tls_is_sent_to_it(logs: Path) -> None:
    status, location, _ = ask_without_tls(logs, "/costs?range=mtd")
    assert (status, location) == (308, "https://cost.example.com/costs?range=mtd")


@pytest.mark.usefixtures("proxied")
def test_a_certificate_is_renewed_through_the_port_without_tls(logs: Path) -> None:
    challenges = logs / ".well-known" / "acme-challenge"
    challenges.mkdir(parents=True)
    (challenges / "token").write_text("answer")
    assert ask_without_tls(logs, "/.well-known/acme-challenge/token") == (200, None, b"answer")


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 202), (LIMIT + 1, 413)])
def test_s45_proxy_and_application_have_the_same_limit(
    proxied: tuple[Seat, str], size: int, status: int
) -> None:
    seat, url = proxied
    body, host = b"x" * size, url.removeprefix("http://")
    assert send(url, seat, host, body) == status
    assert send(seat.server.url, seat, host, body) == status


def test_s9_a_key_in_a_query_or_path_stays_out_of_the_logs(
    proxied: tuple[Seat, str], logs: Path
) -> None:
    """S9: what the application refuses has passed the proxy before; so have invitations."""
    seat, url = proxied
    for path in (f"/api/v1/health?api_key={seat.key}", f"/{seat.key}", f"/invite/{seat.key[3:]}"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url + path, headers={"Referer": path}))
        refused.value.close()
    assert send(url, seat, url.removeprefix("http://"), b"x" * (LIMIT + 1)) == 413
    written = "".join(path.read_text() for path in logs.glob("*.log"))
    assert "GET /api/v1/health 400" in written
    assert "GET /invite/*** 404" in written
    assert "GET *** 404" in written
    assert seat.key[3:] not in written
