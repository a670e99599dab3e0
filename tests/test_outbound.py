"""The way out: no address that is not public, no second look-up, no redirect, no endless answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from costoptix import outbound
from costoptix.errors import Invalid
from costoptix.outbound import AddressKind, Deadline, Reach, Unreachable, kind_of
from tests.support.endpoint import Endpoint, open_endpoint, saying

PRIVATE = Reach(private=True)
LOOPBACK_WRITTEN_OTHERWISE = [
    "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1",
    "①②⑦.⓪.⓪.①", "127。0。0。1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
]  # fmt: skip
NEVER = [
    "0", "0.0.0.0", "[::]", "169.254.169.254", "[::ffff:169.254.169.254]", "100.100.100.200",
    "168.63.129.16", "[fd00:ec2::254]", "224.0.0.1", "[ff02::1]", "255.255.255.255", "240.0.0.1",
    "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[::7f00:1]", "[fe80::1]",
    "[2001:0:7f00:1::]", "[fec0::1]", "192.0.2.1", "metadata.google.internal",
]  # fmt: skip


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with open_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What names lead to: each look-up takes the next answer, the last one stays."""
    answers: dict[str, list[list[str]]] = {}
    resolve = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        if host not in answers:
            return resolve(host, port, *rest, **more)
        known = answers[host]
        addresses = known.pop(0) if len(known) > 1 else known[0]
        return [row for address in addresses for row in resolve(address, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers


def post(url: str, reach: Reach = PRIVATE, **more: Any) -> outbound.HttpReply:
    return outbound.send("POST", url, b"{}", {"Content-Type": "application/json"}, reach, **more)


@pytest.mark.parametrize("host", [*LOOPBACK_WRITTEN_OTHERWISE, *NEVER, "10.0.0.1", "192.168.1.1",
    "172.16.0.1", "100.64.0.1", "[fd12::1]"])  # fmt: skip
def test_s52_no_address_that_is_not_public_is_called(host: str) -> None:
    """S52: at save and at delivery, however it is written."""
    for ask in (outbound.check_url, lambda url: post(url, outbound.PUBLIC_ONLY)):
        with pytest.raises(Invalid):
            ask(f"https://{host}/hook")


@pytest.mark.parametrize("host", NEVER)
def test_some_addresses_are_never_called_whatever_is_let(host: str) -> None:
    reach = Reach(private=True, hosts=frozenset({host}), any_port=True)
    with pytest.raises(Invalid):
        post(f"http://{host}/", reach)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
        "https://user@example.com/", "https://user:pw@example.com/", "https://", "https:///path",
        "https://example.com:22/", "https://example.com:0/", "https://example.com:99999/",
        "https://example.com:x/", "//example.com/", "example.com", "", "https://exa mple.com/",
        "https://example.com/\r\nX: y", "https://example.com\\@127.0.0.1/", "https://[::1",
        "https://" + "a" * 300 + ".com/", "https://example.com/" + "a" * 3_000, "https://\x00/",
        "https://a..b/", "javascript:alert(1)", "data:text/plain,x",
    ],
)  # fmt: skip
def test_s52_what_is_no_address_of_ours_is_refused_in_words(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        outbound.check_url(url)
    assert refusal.value.sentence.endswith(".")


def test_public_addresses_are_public() -> None:
    for text in ("93.184.215.14", "2606:2800:21f::1", "::ffff:93.184.215.14", "8.8.8.8"):
        assert kind_of(text) is AddressKind.PUBLIC
    for text in ("::1", "10.1.2.3", "::ffff:10.1.2.3", "127.9.9.9"):
        assert kind_of(text) is AddressKind.PRIVATE


def test_a_name_that_leads_nowhere_yet_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    outbound.check_url("https://hooks.example/x")
    with pytest.raises(Unreachable, match="was not found"):
        post("https://hooks.example/x")


def test_a_look_up_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    hung = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [hung.wait(10)][1:])
    with pytest.raises(Unreachable, match="was not found"):
        post("https://hooks.example/x", seconds=0.05)
    hung.set()


def test_s53_of_a_mixed_answer_no_address_is_called(
    names: dict[str, list[list[str]]], endpoint: Endpoint
) -> None:
    names["mixed.example"] = [["93.184.215.14", "127.0.0.1"]]
    with pytest.raises(Invalid, match="private or reserved"):
        post("https://mixed.example/", outbound.PUBLIC_ONLY)
    assert endpoint.received == []


def test_s53_a_name_is_looked_up_once_and_that_address_is_called(
    names: dict[str, list[list[str]]], endpoint: Endpoint
) -> None:
    """A second look-up, as of a client that checks and then connects, would say otherwise."""
    names["rebinding.example"] = [["127.0.0.1"], ["169.254.169.254"]]
    url = f"http://rebinding.example:{endpoint.port}/a%20b?q=é"
    assert post(url).status == 200
    (request,) = endpoint.received
    assert request.path == "/a%20b?q=%C3%A9"
    assert request.headers["host"] == f"rebinding.example:{endpoint.port}"
    with pytest.raises(Invalid):
        post(url)


def test_another_address_is_tried_when_one_refuses(
    names: dict[str, list[list[str]]], endpoint: Endpoint
) -> None:
    names["two.example"] = [["::1", "127.0.0.1"]]
    assert post(f"http://two.example:{endpoint.port}/").status == 200


def test_a_named_host_may_be_private_at_its_port() -> None:
    reach = Reach(hosts=frozenset({"localhost:25"}), any_port=True)
    outbound.check_host("localhost", 25, reach)
    for host, port in (("localhost", 26), ("127.0.0.1", 25)):
        with pytest.raises(Invalid):
            outbound.check_host(host, port, reach)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_s54_a_redirect_is_an_answer_and_is_not_followed(endpoint: Endpoint, status: int) -> None:
    endpoint.speak = saying(status, location="http://169.254.169.254/latest")
    assert post(endpoint.url).status == status
    assert len(endpoint.received) == 1


def test_s54_of_a_huge_answer_only_its_beginning_is_read(endpoint: Endpoint) -> None:
    sent = 0

    def speak(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("Content-Length", str(10 * 1024**3))
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(1 << 16))
            sent += 1 << 16

    endpoint.speak = speak
    reply = post(endpoint.url)
    assert (reply.status, len(reply.body)) == (200, outbound.MOST_READ)
    assert sent < 50 << 20  # what fits into the buffers of both ends


def test_of_a_head_without_end_only_its_beginning_is_read(endpoint: Endpoint) -> None:
    sent = 0

    def speak(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            sent += handler.wfile.write(b"X-Long: %s\r\n" % (b"a" * 60_000))

    endpoint.speak = speak
    reply = post(endpoint.url)
    assert (reply.status, reply.body) == (200, b"")
    assert sum(map(len, reply.headers.values())) <= 3 * outbound.MOST_READ
    assert sent < 50 << 20


@pytest.mark.parametrize("in_body", [True, False])
def test_s54_a_drip_ends_with_the_deadline(endpoint: Endpoint, *, in_body: bool) -> None:
    """Each read is in time, and the whole is not."""

    def speak(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"\r\n" * in_body)
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.01)

    endpoint.speak = speak
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=r"within 0\.1 seconds"):
        post(endpoint.url, seconds=0.1)
    assert time.monotonic() - begun < 5


def test_a_server_that_says_nothing_ends_with_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for scheme in ("http", "https"):
            with pytest.raises(Unreachable, match=r"within|in time"):
                post(f"{scheme}://127.0.0.1:{port}/", seconds=0.1)


def test_whatever_goes_wrong_is_said_in_words(endpoint: Endpoint) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    with pytest.raises(Unreachable, match="refuses the connection"):
        post(f"http://127.0.0.1:{closed}/")
    with pytest.raises(Unreachable, match=r"TLS|broke"):
        post(endpoint.url.replace("http:", "https:"))
    endpoint.speak = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n") and None
    with pytest.raises(Unreachable, match="as HTTP says"):
        post(endpoint.url)


def test_an_answer_that_breaks_off_is_still_an_answer(endpoint: Endpoint) -> None:
    def speak(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(202)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")

    endpoint.speak = speak
    reply = post(endpoint.url)
    assert (reply.status, reply.body) == (202, b"half")


def test_a_header_cannot_be_broken_into_two(endpoint: Endpoint) -> None:
    with pytest.raises(ValueError, match="header"):
        outbound.send("POST", endpoint.url, b"", {"X-A": "b\r\nX-C: d"}, PRIVATE)
    assert endpoint.received == []


def test_a_deadline_breaks_off_a_connection_that_others_wrapped() -> None:
    """A mail client wraps the socket that it was given: what is under it is one and the same."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Deadline(0.1) as deadline,
        outbound.connect("127.0.0.1", server.getsockname()[1], PRIVATE, deadline) as connection,
    ):
        wrapped = socket.socket(fileno=connection.detach())
        wrapped.settimeout(5)
        with wrapped:
            assert wrapped.recv(1) == b""
        assert deadline.is_over
