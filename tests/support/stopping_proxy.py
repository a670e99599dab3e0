"""A TCP proxy that can fall silent: it goes on taking bytes, and hands none on, without a reset."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class StoppingProxy:
    """Forwards connections to a port of this machine; ``stop`` and ``go_on`` while it does."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._is_forwarding = threading.Event()
        self._is_forwarding.set()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Fall silent: connections stay open, new ones are taken, nothing is handed on."""
        self._is_forwarding.clear()

    def go_on(self) -> None:
        """Hand on what came meanwhile, and all that comes."""
        self._is_forwarding.set()

    def close(self) -> None:
        """End every connection."""
        self.go_on()
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._open.append(near)
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        self._is_forwarding.wait()
        with contextlib.suppress(OSError):
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open.append(far)
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(65_536):
                self._is_forwarding.wait()
                sink.sendall(block)
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def stopping_proxy(target: int) -> Iterator[StoppingProxy]:
    """Run a proxy for the length of a block."""
    proxy = StoppingProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
