"""The only way out to the network: a name is looked up once, and what it names is connected to.

Whom the application calls is said by people, in addresses of channels. A name that leads to a
private address would have the server speak to its own network, so every address is checked, the
connection goes to the address that was checked (a second look-up may answer another), TLS and
``Host`` go by the name, redirects are answers like any other, and the whole exchange has one
deadline and a bound of what is read.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import IntEnum
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

from costoptix.errors import Invalid

DEADLINE_SECONDS = 20.0
"""How long an exchange may take in all, from the look-up of the name to the last byte."""

LOOK_UP_SECONDS = 5.0
MOST_READ = 64 * 1024
"""So many bytes of an answer's body are read, and as many of its head."""

MAX_URL = 2_000
PORTS = frozenset({443, 8443})
"""Ports of public addresses that may be called."""

_TUNNELS = tuple(
    map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96"))
)
"""IPv6 that carries IPv4 within (NAT64, 6to4, Teredo, compatible): where it ends up, its text does
not say."""

_PRIVATE = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10",
            "::1/128", "fc00::/7",
        ),
    )
)  # fmt: skip
_GLOBAL_V6 = ip_network("2000::/3")
_METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192",
            "fd00:ec2::254", "fd20:ce::254",
        ),
    )
)  # fmt: skip
"""Where clouds give a machine its credentials: AWS, GCP and Azure, Alibaba, Azure, Oracle; AWS and
GCP on IPv6. They are never called. (All of 169.254.0.0/16 and fe80::/10 is refused anyway.)"""

_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data"})


class Unreachable(Exception):
    """Nobody answers there, or not as the protocol says; the sentence says what happened."""


class AddressKind(IntEnum):
    """Which addresses may be called at all."""

    NEVER = 0
    PRIVATE = 1
    PUBLIC = 2


@dataclass(frozen=True)
class Reach:
    """What calls may reach beside public addresses over TLS.

    ``private`` lets them reach private addresses, over plain HTTP and at any port. ``hosts`` are
    the names (``host`` or ``host:port``, in lower case) that may be in private address space;
    ``any_port`` lets public hosts be called at any port, as mail servers are.
    """

    private: bool = False
    hosts: frozenset[str] = frozenset()
    any_port: bool = False

    def lets_private(self, host: str, port: int) -> bool:
        """Tell whether a host may be in private address space."""
        return self.private or bool({host, f"{host}:{port}"} & self.hosts)


PUBLIC_ONLY = Reach()


@dataclass(frozen=True)
class HttpReply:
    """What was answered: ``headers`` by names in lower case, ``body`` up to the bound."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Deadline:
    """The end of an exchange, which ends it: whatever waits for the connection then goes on.

    A time-out of a socket is one of each read: a server that sends a byte a second is never late.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends_at = time.monotonic() + seconds
        self._watched: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        """Begin to count."""
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop: the exchange is over."""
        self._timer.cancel()
        if self._watched is not None:
            self._watched.close()

    @property
    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            Unreachable: none are.
        """
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    @property
    def is_over(self) -> bool:
        """Tell whether the time is up."""
        return time.monotonic() >= self._ends_at

    def passed(self) -> Unreachable:
        """Return the error that says so."""
        return Unreachable(f"It did not answer in full within {self._seconds:g} seconds.")

    def watch(self, connection: socket.socket) -> None:
        """Break this connection off when the time is up, also once TLS is wrapped around it."""
        self._watched = connection.dup()
        if self.is_over:
            self._end()

    def _end(self) -> None:
        if self._watched is not None:
            with suppress(OSError):
                self._watched.shutdown(socket.SHUT_RDWR)


def send(
    method: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    reach: Reach = PUBLIC_ONLY,
    *,
    seconds: float = DEADLINE_SECONDS,
    max_read: int = MOST_READ,
) -> HttpReply:
    """Send one request; return the answer, whatever its status: redirects are not followed.

    Raises:
        Invalid: the address may not be called.
        Unreachable: there was no answer in time, or none that is HTTP.
    """
    parts, host, port = _parts(url, reach)
    with (
        Deadline(seconds) as deadline,
        _said(deadline),
        closing(connect(host, port, reach, deadline)) as connection,
    ):
        is_secure = parts.scheme == "https"
        stream = _secured(connection, host, deadline) if is_secure else connection
        with closing(stream):
            request = (method, _target(parts), body, {"Host": _host_header(parts), **headers})
            return _exchange(stream, request, deadline, max_read)


def connect(host: str, port: int, reach: Reach, deadline: Deadline) -> socket.socket:
    """Open a connection to an address that was checked; the deadline watches it.

    Raises:
        Invalid: the host may not be called: one of its addresses is private, or worse.
        Unreachable: it has no address, or none of them answers.
    """
    addresses = _allowed(
        _look_up(host, port, min(LOOK_UP_SECONDS, deadline.left)), host, port, reach
    )
    failure: OSError | None = None
    for number, address in enumerate(addresses, start=1):
        share = deadline.left / (len(addresses) - number + 1)
        try:
            connection = socket.create_connection((address, port), timeout=share)
        except OSError as error:
            failure = error
            continue
        deadline.watch(connection)
        connection.settimeout(deadline.left)
        return connection
    raise Unreachable(in_words(failure))


def check_url(url: str, reach: Reach = PUBLIC_ONLY) -> None:
    """Let pass an address that may be called, as far as is known now.

    A name that leads nowhere at the moment passes: what it leads to is asked at each call.

    Raises:
        Invalid: it may not be called; the sentence says why.
    """
    _, host, port = _parts(url, reach)
    check_host(host, port, reach)


def check_host(host: str, port: int, reach: Reach = PUBLIC_ONLY) -> None:
    """Let pass a host that may be called, as ``check_url`` does.

    Raises:
        Invalid: it may not be called; the sentence says why.
    """
    with suppress(Unreachable):
        _allowed(_look_up(host, port, LOOK_UP_SECONDS), host, port, reach)


def kind_of(text: str) -> AddressKind:
    """Return who may call an IP address, however it is written."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in network for network in _PRIVATE) and address not in _METADATA:
        return AddressKind.PRIVATE
    return AddressKind.NEVER if _is_never_called(address) else AddressKind.PUBLIC


def _is_never_called(address: IPv4Address | IPv6Address) -> bool:
    if address in _METADATA or address.is_multicast or not address.is_global:
        return True
    is_v6 = isinstance(address, IPv6Address)
    return is_v6 and (address not in _GLOBAL_V6 or any(address in tunnel for tunnel in _TUNNELS))


# The address -------------------------------------------------------------------------------


def _parts(url: str, reach: Reach) -> tuple[SplitResult, str, int]:
    """Return the parts of an address, its host as it is looked up, and its port."""
    if len(url) > MAX_URL:
        raise Invalid(f"An address has at most {MAX_URL} characters.")
    if not url.isprintable() or " " in url or "\\" in url:
        raise Invalid("An address has no blanks, backslashes or control characters.")
    try:
        parts = urlsplit(url)
        host, port = _ascii_host(parts.hostname or ""), parts.port
    except ValueError:  # also of a host that is none
        raise Invalid("This is not an address: https://host/path is one.") from None
    schemes = ("https", "http") if reach.private else ("https",)
    if parts.scheme not in schemes or not host:
        raise Invalid(
            f"An address begins with {' or '.join(f'{s}://' for s in schemes)} and a host."
        )
    if "@" in parts.netloc:
        raise Invalid("An address holds no user name or password before its host.")
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    _check_port(host, port, reach)
    return parts, host, port


def _check_port(host: str, port: int, reach: Reach) -> None:
    is_free = reach.any_port or reach.lets_private(host, port)
    if not 0 < port < 65536 or not (is_free or port in PORTS):
        ports = " or ".join(map(str, sorted(PORTS)))
        raise Invalid(f"The port {port} may not be called; {ports} may.")


def _ascii_host(host: str) -> str:
    """Return a host as it is looked up.

    Raises:
        ValueError: it is no host: a part is empty or too long.
    """
    return host.removesuffix(".").encode("idna").decode().lower()


def _host_header(parts: SplitResult) -> str:
    host = _ascii_host(parts.hostname or "")
    name = f"[{host}]" if ":" in host else host
    return name if parts.port is None else f"{name}:{parts.port}"


def _target(parts: SplitResult) -> str:
    """Return path and query as they are sent: what is no ASCII is quoted, all else stays."""
    text = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return "".join(c if c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in text)


def _look_up(host: str, port: int, seconds: float) -> list[str]:
    """Return the addresses of a host, from a thread: the system's own patience is far longer.

    Raises:
        Invalid: it is a name of metadata, wherever that leads.
        Unreachable: it has none.
    """
    if host in _METADATA_NAMES:
        raise _refused(host)
    with suppress(ValueError):
        return [str(ip_address(host))]
    addresses: list[str] = []
    failures: list[Exception] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses.extend(dict.fromkeys(str(row[4][0]) for row in rows))
        except (OSError, UnicodeError) as error:
            failures.append(error)

    thread = threading.Thread(target=ask, name="look-up", daemon=True)
    thread.start()
    thread.join(seconds)
    if failures or not addresses:
        raise Unreachable(f"The host {host[:100]} was not found.")
    return list(addresses)


def _allowed(addresses: list[str], host: str, port: int, reach: Reach) -> list[str]:
    """Return the addresses, if all may be called: of a mixed answer none is.

    Raises:
        Invalid: one may not.
    """
    least = AddressKind.PRIVATE if reach.lets_private(host, port) else AddressKind.PUBLIC
    if any(kind_of(address) < least for address in addresses):
        raise _refused(host)
    return addresses


def _refused(host: str) -> Invalid:
    return Invalid(f"{host[:100]} may not be called: it leads into a private or reserved network.")


# The exchange ------------------------------------------------------------------------------


def _secured(connection: socket.socket, host: str, deadline: Deadline) -> ssl.SSLSocket:
    stream = ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    stream.settimeout(deadline.left)
    return stream


def _exchange(
    stream: socket.socket,
    request: tuple[str, str, bytes, Mapping[str, str]],
    deadline: Deadline,
    max_read: int,
) -> HttpReply:
    connection = HTTPConnection("", 0)  # it is connected already, and the request names its host
    connection.sock = _Bounded(stream, MOST_READ + 2 * max_read)
    connection.request(*request)
    response = connection.getresponse()
    body = b""
    with suppress(HTTPException):  # it ended early, or its framing is all that it sent
        while len(body) < max_read and (more := response.read1(max_read - len(body))):
            body += more
    if deadline.is_over:
        raise deadline.passed()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return HttpReply(response.status, body, headers)


class _Bounded:
    """A connection of which no more than so many bytes are read, head and body together."""

    def __init__(self, stream: socket.socket, most: int) -> None:
        self._stream, self._most = stream, most

    def sendall(self, data: bytes) -> None:
        self._stream.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_BoundedReader(self._stream, self._most))

    def close(self) -> None:
        """Leave the stream open: the answer is still to be read, and whoever opened it closes."""


class _BoundedReader(io.RawIOBase):
    def __init__(self, stream: socket.socket, left: int) -> None:
        self._stream, self._left = stream, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._stream.recv_into(memoryview(buffer)[: self._left]) if self._left else 0
        self._left -= count
        return count


@contextmanager
def _said(deadline: Deadline) -> Iterator[None]:
    """Say in words what breaks an exchange off."""
    try:
        yield
    except (OSError, HTTPException) as error:
        raise (deadline.passed() if deadline.is_over else Unreachable(in_words(error))) from None


def in_words(error: Exception | None) -> str:
    """Say what broke a connection off, or kept it from coming about."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"Its certificate is not good: {error.verify_message}."
        case ssl.SSLError():
            return "It does not speak TLS, or not as we do."
        case TimeoutError():
            return "It did not answer in time."
        case ConnectionRefusedError():
            return "It refuses the connection."
        case HTTPException():
            return "It did not answer as HTTP says."
        case OSError(strerror=str() as reason):
            return f"The connection failed: {reason[:100]}."
        case _:
            return "It broke the connection off."
