"""R13 behind the real nginx: a thousand clients that are idle, half-open, or read slowly."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.bills.bill import write as bill
from tests.deploy.proxy import NGINX, proxy
from tests.faults.processes import children, wait_until
from tests.quota.conftest import Seat, take_seat
from tests.support.proving import count, tell
from tests.support.server import gunicorn
from tests.support.services import free_port

pytestmark = [
    pytest.mark.nginx,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]

CLIENTS = count(60, 1_000)
OTHERS = 20
PATIENCE = 10
"""Seconds, in place of 120; the server must be able to show signs of life within them."""
READERS = CLIENTS // 10
ROWS = 1_500
"""Of the file that is read slowly: 300 kB, twice what sockets and nginx's memory hold."""

CSV = "/api/v1/costs?start_date=2026-03-01&end_date=2026-03-31&format=csv&group_by=resource_id"
RECEIVE_BUFFER = 4_096
SEGMENT = 1_400
HANDLES_TO_SPARE = 20
SERVER_MEMORY = 150 << 20
"""Bytes by which the server may grow, whatever the number of clients: it serves them in turn."""
PROXY_MEMORY_PER_CLIENT = 100 << 10


@dataclass
class Stage:
    """A server with a proxy in front of it, and an organization with a bill."""

    seat: Seat
    port: int  # of the proxy
    nginx: int
    folder: Path

    @property
    def url(self) -> str:
        """Return the address of the proxy."""
        return f"http://127.0.0.1:{self.port}"

    def of_server(self) -> list[int]:
        """Return the processes of the server, the first one too."""
        return [self.seat.server.process.pid, *children(self.seat.server.process.pid)]

    def of_proxy(self) -> list[int]:
        """Return the processes of the proxy, the first one too."""
        return [self.nginx, *children(self.nginx)]

    def request(self, *, body: str = "") -> bytes:
        """Write a call of the API for a large file."""
        return (
            f"GET {CSV} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"X-API-Key: {self.seat.key}\r\n\r\n{body}"
        ).encode()

    def files(self) -> set[Path]:
        """Return what lies in the temporary folders of both."""
        kinds = ("client_body", "proxy")
        folders = [self.folder / kind for kind in kinds]
        folders.append(self.folder / "instance" / "tmp")
        return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two processes of two threads each behind the proxy; a bill of many resources is live."""
    folder = tmp_path_factory.mktemp("slow")
    port = free_port()
    settings = {"PUBLIC_URL": f"http://127.0.0.1:{port}", "FORWARDED_HOPS": "1", "THREADS": "2"}
    with (
        gunicorn(folder / "instance", WEB_CONCURRENCY="2", **settings) as server,
        proxy(port, server.port, folder) as nginx,
    ):
        seat = take_seat(server, "enterprise", permission="write")
        file = folder / "march.csv"
        file.write_bytes(bill({"ResourceId": f"resource-{n:060}"} for n in range(ROWS)))
        imported = server.flask("bills", "import", seat.organization_id, str(file))
        assert imported.returncode == 0, imported.stderr + imported.stdout
        yield Stage(seat, port, nginx.pid, folder)


def handles(pids: list[int]) -> int:
    """Count the open files and sockets of processes."""
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)


def waiting_files(stage: Stage) -> int:
    """Count the files in which the proxy keeps what clients have not taken; they have no name."""
    kept = 0
    for pid in stage.of_proxy():
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                kept += str(handle.readlink()).startswith(f"{stage.folder}/proxy/")
    return kept


def memory(pids: list[int]) -> int:
    """Add up the resident memory of processes, in bytes."""
    pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def connect(stage: Stage, clients: ExitStack) -> socket.socket:
    """Open a client with a small buffer and segments as on a network.

    With those of loopback, the system would hold megabytes for a client that takes nothing.
    """
    client = clients.enter_context(closing(socket.socket()))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
    client.settimeout(60)
    client.connect(("127.0.0.1", stage.port))
    return client


def begin_reading(stage: Stage, clients: ExitStack) -> socket.socket:
    """Open a client that asks for the file and has its first bytes."""
    client = connect(stage, clients)
    client.sendall(stage.request())
    assert client.recv(12) == b"HTTP/1.1 200"
    return client


def fill(stage: Stage, clients: ExitStack) -> list[socket.socket]:
    """Open them all: a tenth each never read and read slowly, the others send no request.

    Those come last, for nginx closes them after 15 seconds. Return those that read slowly.
    """
    for _ in range(READERS):
        begin_reading(stage, clients)
    slow = [begin_reading(stage, clients) for _ in range(READERS)]
    wait_until(lambda: waiting_files(stage) == 2 * READERS)
    for number in range(CLIENTS - 2 * READERS):
        client = connect(stage, clients)
        if number % 2:
            client.sendall(stage.request()[:40])
        if number % 8 == 1:
            client.shutdown(socket.SHUT_WR)
    return slow


def serve_others(stage: Stage, slow: list[socket.socket]) -> list[float]:
    """Call twenty times while the slow ones read on; return the seconds of each that was served."""
    seconds = []
    headers = {"X-API-Key": stage.seat.key}
    for number in range(OTHERS):
        for client in slow:
            assert client.recv(4)
        path = ("/healthz", "/login", "/api/v1/auth/info")[number % 3]  # pages know no key
        request = urllib.request.Request(stage.url + path, headers=headers)
        begun = time.monotonic()
        with urllib.request.urlopen(request, timeout=20) as answer:
            if answer.status == 200:
                seconds.append(time.monotonic() - begun)
    return seconds


def test_r13_a_thousand_idle_half_open_and_slow_clients_keep_nobody_waiting(stage: Stage) -> None:
    """R13: 20 of 20 others are served, memory and handles are bounded, all is given back."""
    with urllib.request.urlopen(f"{stage.url}/login", timeout=20) as answer:
        assert answer.status == 200
    server, proxies = stage.of_server(), stage.of_proxy()
    with ExitStack() as one:
        begin_reading(stage, one)  # what the first call loads is not the clients'
    before = memory(server), memory(proxies), handles(server), handles(proxies)
    with ExitStack() as clients:
        slow = fill(stage, clients)
        # all but those that are half-closed
        wait_until(lambda: handles(proxies) - before[3] > CLIENTS * 4 // 5)
        seconds = serve_others(stage, slow)
        assert len(seconds) == OTHERS
        growth = memory(server) - before[0], memory(proxies) - before[1]
        held = handles(server) - before[2], handles(proxies) - before[3]
        with closing(sqlite3.connect(stage.folder / "instance" / "costoptix.db")) as database:
            assert database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    assert growth[0] < SERVER_MEMORY
    assert growth[1] < PROXY_MEMORY_PER_CLIENT * CLIENTS
    assert held[0] <= HANDLES_TO_SPARE
    assert held[1] <= 2 * CLIENTS + HANDLES_TO_SPARE
    wait_until(lambda: handles(server) <= before[2] + HANDLES_TO_SPARE)
    wait_until(lambda: handles(proxies) <= before[3] + HANDLES_TO_SPARE)
    assert stage.files() == set()
    assert (stage.of_server(), stage.of_proxy()) == (server, proxies)
    tell(
        f"R13: {len(seconds)} of {OTHERS} others served beside {CLIENTS} clients, the slowest in "
        f"{max(seconds):.2f} s; server +{growth[0] >> 20} MB and {held[0]} handles, "
        f"proxy +{growth[1] >> 20} MB and {held[1]} handles"
    )


def test_r13_without_a_proxy_a_client_that_takes_nothing_is_let_go(stage: Stage) -> None:
    """R13: each thread has one; when none has taken a byte for `timeout`, others are served."""
    settings = {
        "WEB_CONCURRENCY": "1",
        "THREADS": "1",
        "GUNICORN_CMD_ARGS": f"--timeout {PATIENCE}",
    }
    with gunicorn(stage.folder / "instance", **settings) as server, ExitStack() as clients:
        (worker,) = children(server.process.pid)
        direct = replace(stage, port=server.port)
        reader = connect(direct, clients)
        reader.sendall(direct.request())
        assert reader.recv(12) == b"HTTP/1.1 200"
        with urllib.request.urlopen(f"{direct.url}/healthz", timeout=60) as answer:
            assert answer.status == 200
        assert children(server.process.pid) == [worker]
        sent = b"".join(iter(lambda: reader.recv(65_536), b""))
        assert not sent.endswith(b"0\r\n\r\n")  # who reads on can tell that it was cut
