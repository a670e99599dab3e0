"""Many calls at once, over connections that stay open; what was answered, and how often."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import repeat

LOST = 0
"""In place of a status: the connection broke before an answer came."""

_HEAD = re.compile(rb"HTTP/1\.1 (\d{3}).*?content-length: (\d+).*?\r\n\r\n", re.DOTALL | re.I)


class Caller:
    """Calls one path of one server, from any number of threads; plain sockets, to be quick."""

    def __init__(self, port: int, key: str | None, path: str = "/api/v1/auth/info") -> None:
        key_line = "" if key is None else f"X-API-Key: {key}\r\n"
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{key_line}\r\n".encode()
        self._port = port
        self._local = threading.local()
        self._open: list[socket.socket] = []

    def __call__(self) -> int:
        """Call once; return the status, or ``LOST``."""
        try:
            connection = self._connection()
            connection.sendall(self._request)
            return self._answer(connection)
        except OSError:
            self._local.connection = None
            return LOST

    def close(self) -> None:
        """Close every connection."""
        while self._open:
            self._open.pop().close()
        self._local = threading.local()

    def _connection(self) -> socket.socket:
        connection: socket.socket | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", self._port), timeout=30)
            self._local.connection = connection
            self._open.append(connection)
        return connection

    def _answer(self, connection: socket.socket) -> int:
        received = b""
        while (head := _HEAD.match(received)) is None or len(received) < head.end() + int(head[2]):
            chunk = connection.recv(65536)
            if not chunk:
                raise ConnectionError("closed before the answer was whole")
            received += chunk
        if b"connection: close" in head[0].lower():
            self._local.connection = None
        return int(head[1])


def burst(
    call: Caller, calls: int, *, at_once: int = 32, after: Callable[[int], None] = id
) -> Counter[int]:
    """Call ``calls`` times, ``at_once`` at a time; ``after`` is told how many were answered."""
    statuses: Counter[int] = Counter()
    with closing(call), ThreadPoolExecutor(at_once) as pool:
        for status in pool.map(lambda _: call(), repeat(None, calls)):
            statuses[status] += 1
            after(statuses.total() - statuses[LOST])
    return statuses
