"""PostgreSQL, which may fall silent: no thread waits for a server that does not answer.

A server that is gone refuses, and the driver says so. One that hangs, or stands behind a network
that swallows what is sent, says nothing at all, and the driver waits without end: neither the
timeouts that the server keeps nor keepalives help, as long as some machine on the way confirms what
comes. So a connection that hears nothing for a while asks whether the server still lets anybody in.
If so, it works on a long statement or waits for a lock, and is waited for; if not, the connection
is closed and the caller told.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout

SILENT_SECONDS = 1.5
"""How long nothing may be heard of a server before it is asked for a sign of life. With
``connect_timeout`` and what an answer takes, less than the five seconds that a caller waits."""

REMEMBERED_SECONDS = 1.0
"""How long a silent server is not asked again: the ``Retry-After`` of what was refused for it. A
request that meets it tries more than once, at last for the page that says so."""

SETTINGS: Mapping[str, str | int] = {
    "connect_timeout": 2,  # seconds, for each address of the host; the driver's least
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 6_000,  # milliseconds; where nobody on the way confirms what is sent
}
"""What a URL may say otherwise."""


class Server:
    """A PostgreSQL server as one process knows it; it opens connections."""

    def __init__(self, conninfo: str = "", **settings: Any) -> None:
        given = psycopg.conninfo.conninfo_to_dict(conninfo)
        self._conninfo = conninfo
        self._settings = {k: v for k, v in SETTINGS.items() if k not in given} | settings
        self._silent_until = 0.0

    def connect(self) -> ServerConnection:
        """Open a connection.

        Raises:
            psycopg.OperationalError: the server refuses, does not answer, or did not a moment ago.
        """
        self._refuse_while_silent()
        try:
            connection = ServerConnection.connect(self._conninfo, **self._settings)
        except ConnectionTimeout:
            self._silent_until = monotonic() + REMEMBERED_SECONDS
            raise
        connection.server = self
        return connection

    def require_sign_of_life(self) -> None:
        """Return when the server answers, be it with a refusal.

        Raises:
            psycopg.OperationalError: it does not, or did not a moment ago.
        """
        self._refuse_while_silent()
        try:
            psycopg.connect(self._conninfo, **self._settings).close()
        except ConnectionTimeout:
            self._silent_until = monotonic() + REMEMBERED_SECONDS
            raise
        except psycopg.OperationalError:
            return  # it has no place for one more, or is ending: what is open hears of that

    def _refuse_while_silent(self) -> None:
        if monotonic() < self._silent_until:
            raise psycopg.OperationalError("the server did not answer a moment ago")


class ServerConnection(psycopg.Connection[Any]):
    """A connection that does not wait for a silent server."""

    server: Server | None = None  # None while it is being opened, which has a timeout of its own

    def wait(self, gen: PQGen[Any], *arguments: Any, **options: Any) -> Any:
        """Do what the driver asks for, as long as the server is heard of.

        Raises:
            psycopg.OperationalError: it is not; the connection is closed.
        """
        return super().wait(self._listening(gen), *arguments, **options)

    def _listening(self, gen: PQGen[Any]) -> PQGen[Any]:
        """Hand on what the driver waits for, and what came; it looks up several times a second."""
        heard = monotonic()
        try:
            state = next(gen)
            while True:
                ready = yield state
                if ready:
                    heard = monotonic()
                elif self.server is not None and monotonic() - heard > SILENT_SECONDS:
                    self._ask(self.server)
                    heard = monotonic()
                state = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _ask(self, server: Server) -> None:
        try:
            server.require_sign_of_life()
        except psycopg.OperationalError:
            self.close()
            raise
