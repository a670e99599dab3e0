"""Streams that fail after their first bytes: whoever reads them must be able to tell.

With HTTP/1.1 a stream goes out in chunks, and the server leaves the last one out. HTTP/1.0 knows no
chunks: there the end of the connection is the end of the body, and half a file would read like a
whole one. So such a connection is reset.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: what is not sent yet is dropped, and the other side told."""


def init_app(app: Flask) -> None:
    """Wrap the application."""
    app.wsgi_app = ResettingStreams(app.wsgi_app)  # type: ignore[method-assign]


class ResettingStreams:
    """The WSGI application around the application."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        chunks = self._application(environ, start_response)
        connection = environ.get("gunicorn.socket")
        if connection is None or environ.get("SERVER_PROTOCOL") != "HTTP/1.0":
            return chunks  # as it is: a file may be sent by the system
        return _resetting(chunks, connection)


def _resetting(chunks: Iterable[bytes], connection: socket.socket) -> Iterator[bytes]:
    try:
        yield from chunks
    except Exception:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        connection.close()  # by the server, later, it would be an orderly end
        raise
    finally:
        if (close := getattr(chunks, "close", None)) is not None:
            close()
