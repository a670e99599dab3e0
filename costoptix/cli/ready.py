"""Whether the server that was started answers: asked at ``/healthz``, until it does."""

from __future__ import annotations

import select
import socket
from http.client import HTTPConnection, HTTPException

from config import Config

_PATIENCE_SECONDS = 2.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- read, not bound
"""Addresses that stand for all of a machine, with the one to ask at."""


class HealthCheck:
    """One question at a time, which waits at the port until the server takes it.

    A question that is given up and asked anew would be answered as well, and logged, when the
    server has said long since that it is ready.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._asking: HTTPConnection | None = None

    def is_up(self) -> bool:
        """Tell whether the server has answered that it is up; never waits for it."""
        try:
            if self._asking is None:
                self._asking = self._ask()
            if not select.select([self._asking.sock], [], [], 0)[0]:
                return False
            status = self._asking.getresponse().status
        except (OSError, HTTPException):
            status = None  # nothing listens yet, or it ended meanwhile
        self.close()
        return status == 200

    def close(self) -> None:
        """Let go of the question."""
        if self._asking is not None:
            self._asking.close()
        self._asking = None

    def _ask(self) -> HTTPConnection:
        connection = HTTPConnection(self._config.host, self._config.port)
        connection.sock = _connect(self._config)
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        return connection


def _connect(config: Config) -> socket.socket:
    host = _EVERYWHERE.get(config.host.strip("[]"), config.host.strip("[]"))
    return socket.create_connection((host, config.port), timeout=_PATIENCE_SECONDS)
