"""Clients that ask one request after the other, and a server that is restarted under them."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.server import ROOT, environment_for, new_installation, run_flask
from tests.support.services import free_port

CLIENTS = 8
PATHS = ("/healthz", "/static/css/app.css")
PATIENCE = 120
"""Seconds that a client waits for an answer, as nginx does (``proxy_read_timeout``)."""


@dataclass
class Load:
    """So many requests by eight clients at once, and what came of them."""

    port: int
    requests: int
    keep_alive: bool
    outcomes: Counter[str] = field(default_factory=Counter)
    reopened: int = 0
    """Connections that had been idle and were found closed: as HTTP has it, opened anew."""
    longest: float = 0
    """Seconds that the request took which waited longest."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._begun = 0

    def run(self, during: Callable[[], None], times: int) -> None:
        """Ask for all of them; call ``during`` so many times, evenly among the answers."""
        clients = [threading.Thread(target=self._ask_on) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for number in range(times):
            while self.outcomes.total() < self.requests * number // times + CLIENTS:
                time.sleep(0.01)
            during()
        for client in clients:
            client.join()

    def _ask_on(self) -> None:
        connection = None
        while (path := self._next()) is not None:
            begun = time.monotonic()
            if connection is None or not self.keep_alive:
                connection = self._connect()
                outcome = self._ask(connection, path)
            else:
                outcome = self._ask(connection, path)
                if outcome in ("RemoteDisconnected", "BrokenPipeError", "ConnectionResetError"):
                    with self._lock:
                        self.reopened += 1
                    connection = self._connect()
                    outcome = self._ask(connection, path)
            with self._lock:
                self.outcomes[outcome] += 1
                self.longest = max(self.longest, time.monotonic() - begun)
            if outcome != "200" or not self.keep_alive:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _next(self) -> str | None:
        with self._lock:
            if self._begun == self.requests:
                return None
            self._begun += 1
            return PATHS[self._begun % len(PATHS)]

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def _ask(self, connection: http.client.HTTPConnection, path: str) -> str:
        """Return the status as text, or the name of what went wrong."""
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        return str(answer.status) if body else "empty"


class Activated:
    """A gunicorn whose port belongs to somebody else, as ``costoptix-web.socket`` has it."""

    def __init__(self, data_dir: Path, listening: socket.socket, **extra: str) -> None:
        self.port: int = listening.getsockname()[1]
        self._listening = listening
        self._log = data_dir / "server.log"
        self._environment = environment_for(data_dir, PORT=str(self.port), **extra)
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        number = self._listening.fileno()
        command = 'exec 3<&"$0"; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"'
        gunicorn = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:app"]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                ["/bin/bash", "-c", command, str(number), *gunicorn],
                cwd=ROOT, env=self._environment, stdout=log, stderr=log, pass_fds=[number],
            )  # fmt: skip

    def restart(self, *meanwhile: tuple[str, ...]) -> None:
        """Stop it as systemd does, run commands of the application, and start it again."""
        self.stop()
        for command in meanwhile:
            assert run_flask(self._environment, *command).returncode == 0
        self.process = self._start()
        self.wait()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.process.terminate()
        assert self.process.wait(60) == 0

    def wait(self) -> None:
        """Wait until it answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()


@contextmanager
def activated(data_dir: Path, **extra: str) -> Iterator[Activated]:
    """Serve an installation in ``data_dir`` on a port that outlives the server."""
    new_installation(data_dir)
    with socket.create_server(("127.0.0.1", free_port()), backlog=2048) as listening:
        os.set_inheritable(listening.fileno(), True)
        server = Activated(data_dir, listening, **extra)
        try:
            server.wait()
            yield server
        finally:
            if server.process.poll() is None:
                server.stop()
