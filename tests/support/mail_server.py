"""A mail server on this machine that answers as a test says, and keeps what it was sent."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServerOfTests:
    """``replies`` answer a command by its first word; ``tls`` is offered where it is given."""

    port: int = 0
    tls: ssl.SSLContext | None = None
    replies: dict[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()  # addresses
    is_silent: bool = False
    drips: bool = False
    hangs_at: str = ""
    received: list[tuple[str, bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        """Return what was received, as a client reads it."""
        parsed = [message_from_bytes(raw, policy=policy.default) for _, raw in self.received]
        return [mail for mail in parsed if isinstance(mail, EmailMessage)]


@contextmanager
def open_mail_server(server: MailServerOfTests | None = None) -> Iterator[MailServerOfTests]:
    """Listen on a free port of the loopback."""
    server = server or MailServerOfTests()
    listening = socket.create_server(("127.0.0.1", 0))
    server.port = listening.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with suppress(OSError, ssl.SSLError):
                _Exchange(server, connection).run()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(2)


class _Exchange:
    def __init__(self, server: MailServerOfTests, connection: socket.socket) -> None:
        self._server, self._connection = server, connection
        self._recipient = ""
        self._is_secure = False

    def run(self) -> None:
        try:
            self._talk()
        finally:
            self._connection.close()

    def _talk(self) -> None:
        if self._server.is_silent:
            self._connection.recv(1)
            return
        self._say("220 mail.test ESMTP")
        while command := self._line():
            self._server.commands.append(command)
            if self._answer(command):
                return

    def _answer(self, command: str) -> bool:
        verb = command.split(" ")[0].split(":")[0].upper()
        if verb == self._server.hangs_at:
            self._connection.recv(1)
            return True
        if verb in self._server.replies:
            self._say(self._server.replies[verb])
        elif verb == "EHLO":
            offers = self._server.tls is not None and not self._is_secure
            self._say("250-mail.test\r\n250-STARTTLS" if offers else "250-mail.test")
            self._say("250 AUTH PLAIN")
        elif verb == "STARTTLS" and self._server.tls is not None:
            self._say("220 go ahead")
            self._connection = self._server.tls.wrap_socket(self._connection, server_side=True)
            self._is_secure = True
        elif verb == "RCPT":
            self._recipient = command.partition("<")[2].rstrip(">")
            self._say("550 no such box" if self._recipient in self._server.refused else "250 ok")
        elif verb == "DATA":
            self._say("354 go ahead")
            self._server.received.append((self._recipient, self._data()))
            self._say("250 taken")
        else:
            self._say("235 ok" if verb == "AUTH" else "250 ok")
        return False

    def _say(self, reply: str) -> None:
        data = (reply + "\r\n").encode()
        if not self._server.drips:
            self._connection.sendall(data)
            return
        for byte in data:
            self._connection.sendall(bytes([byte]))
            time.sleep(0.05)

    def _line(self) -> str:
        line = b""
        while not line.endswith(b"\r\n"):
            byte = self._connection.recv(1)
            if not byte:
                return ""
            line += byte
        return line.decode().strip()

    def _data(self) -> bytes:
        data = b""
        while not data.endswith(b"\r\n.\r\n"):
            data += self._connection.recv(65_536)
        return data[:-5]
