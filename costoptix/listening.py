"""Whether the server can listen where HOST and PORT say, asked before it begins."""

from __future__ import annotations

import errno
import socket
import time

from config import Config
from costoptix.errors import Conflict

PAUSE_SECONDS = 0.5


def require_address(config: Config, patience_seconds: float = 0.0) -> None:
    """Return when the address can be bound; a port in use is waited for, for a while.

    Raises:
        Conflict: it cannot; the sentence names the variable that is wrong.
    """
    deadline = time.monotonic() + patience_seconds
    while (error := _failure_to_bind(config)) is not None:
        if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
            raise Conflict(_sentence(config, error))
        time.sleep(PAUSE_SECONDS)


def _failure_to_bind(config: Config) -> OSError | None:
    """Bind the first address that HOST stands for, as the server does, and let go of it again."""
    try:
        host = config.host.strip("[]")
        addresses = socket.getaddrinfo(host, config.port, 0, socket.SOCK_STREAM, 0)
        family, kind, protocol, _, address = addresses[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:  # of a name that nobody knows, too
        return error
    return None


def _sentence(config: Config, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"HOST: the name {config.host} is not known ({error.strerror})."
    if error.errno == errno.EADDRINUSE:
        return (
            f"Something else listens on port {config.port} of {config.host}: end it, or choose "
            "another port with PORT."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"PORT: this account may not listen on port {config.port}; 1024 or above is for all."
    return f"HOST: {config.host} cannot be listened on ({error.strerror or error})."
