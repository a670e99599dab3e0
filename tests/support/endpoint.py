"""An HTTP endpoint on this machine that answers as a test says, and keeps what it was sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


Speak = Callable[[BaseHTTPRequestHandler], None]
"""Answers one request, in whatever way."""


def saying(status: int, body: bytes = b"", **headers: str) -> Speak:
    """Answer with a status, a body and headers (``retry_after`` is ``Retry-After``)."""

    def speak(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return speak


@dataclass
class Endpoint:
    """What was received; ``speak`` says how the next request is answered."""

    port: int = 0
    speak: Speak = field(default_factory=lambda: saying(200, b"ok"))
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def open_endpoint() -> Iterator[Endpoint]:
    """Listen on a free port of the loopback."""
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            endpoint.received.append(Received(self.path, headers, self.rfile.read(length)))
            try:
                endpoint.speak(self)
            except OSError:  # the caller has gone
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
