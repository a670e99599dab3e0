"""S45: bodies that lie about their length, come in chunks or in ten thousand parts, on a server."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from tests.quota.conftest import Seat, take_seat
from tests.support.server import gunicorn

LIMIT = 1 << 20


@pytest.fixture(scope="module")
def seat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """An organization on a server that takes files of up to one megabyte."""
    folder = tmp_path_factory.mktemp("bodies") / "instance"
    with gunicorn(folder, WEB_CONCURRENCY="1", MAX_UPLOAD_MB="1") as server:
        yield take_seat(server, "enterprise", permission="write")


def answer_to(seat: Seat, head: str, body: bytes, *, then_close: bool = False) -> tuple[int, str]:
    """Send a request as it is written here; return the status and the sentence of the answer."""
    lines = f"POST /api/v1/imports HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {seat.key}\r\n{head}"
    with socket.create_connection(("127.0.0.1", seat.server.port), timeout=60) as connection:
        connection.sendall(lines.encode() + b"\r\n\r\n" + body)
        if then_close:
            connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection)
        response.begin()
        document = json.loads(response.read())
    assert document.keys() == {"success", "error"}
    return response.status, document["error"]


def chunked(content: bytes, size: int = 65_536) -> bytes:
    """Write a body in chunks."""
    parts = (content[start : start + size] for start in range(0, len(content), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def assert_nothing_kept(seat: Seat) -> None:
    status, _, body = seat.get("/api/v1/imports")
    assert (status, body["data"]) == (200, [])


CSV = "Content-Type: text/csv\r\n"


def test_s45_a_length_over_the_limit_is_refused_unread(seat: Seat) -> None:
    status, sentence = answer_to(seat, f"{CSV}Content-Length: {5 << 30}", b"")
    assert status == 413
    assert sentence
    assert_nothing_kept(seat)


def test_s45_a_body_in_chunks_is_counted(seat: Seat) -> None:
    status, _ = answer_to(
        seat, f"{CSV}Transfer-Encoding: chunked\r\nConnection: close", chunked(b"x" * (LIMIT + 1))
    )
    assert status == 413
    assert_nothing_kept(seat)


def test_s45_a_body_that_is_shorter_than_its_length_is_not_kept(seat: Seat) -> None:
    status, sentence = answer_to(seat, f"{CSV}Content-Length: 1000", b"BilledCost", then_close=True)
    assert (status, "incomplete" in sentence) == (400, True)
    assert_nothing_kept(seat)


def test_s45_chunks_without_an_end_are_not_kept(seat: Seat) -> None:
    with socket.create_connection(("127.0.0.1", seat.server.port), timeout=60) as connection:
        head = f"POST /api/v1/imports HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {seat.key}\r\n"
        head += f"{CSV}Transfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode() + b"a\r\nBilledCost\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert not connection.recv(65_536).startswith(b"HTTP/1.1 2")
    assert_nothing_kept(seat)


def test_s45_a_body_has_one_length(seat: Seat) -> None:
    """S64: a length beside chunks, or two lengths, could hide a request in the body."""
    for head in ("Content-Length: 4\r\nTransfer-Encoding: chunked", "Content-Length: 4\r\n" * 2):
        request = f"POST /api/v1/imports HTTP/1.1\r\nHost: 127.0.0.1\r\n{CSV}{head}\r\n\r\n0\r\n"
        with socket.create_connection(("127.0.0.1", seat.server.port), timeout=60) as connection:
            connection.sendall(request.encode())
            assert connection.recv(65_536).startswith((b"HTTP/1.1 400", b"HTTP/1.1 401"))
    assert_nothing_kept(seat)


def test_s45_a_form_of_ten_thousand_parts_is_refused(seat: Seat) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
    body = part * 10_000 + b"--x--\r\n"
    head = f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}"
    status, sentence = answer_to(seat, head, body)
    assert (status, "1,000 parts" in sentence) == (413, True)
    assert_nothing_kept(seat)


PART = b"--x\r\nContent-Disposition: form-data; %b\r\n\r\nb\r\n"
BROKEN = {
    "a line break in the name": PART % b'name="fi\r\nle"; filename="a"' + b"--x--\r\n",
    "a part without a name": PART % b"filename=a" + b"--x--\r\n",
    "a part without an end": PART % b'name="file"; filename="a"',
    "a name that is not UTF-8": PART % b'name="file"; filename="a\xff"' + b"--x--\r\n",
    "no form at all": b"BilledCost",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_s45_a_form_that_cannot_be_read_is_told_so(seat: Seat, body: bytes) -> None:
    """S45: not that it were too large, nor that it held no file."""
    head = f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}"
    status, sentence = answer_to(seat, head, body)
    assert (status, "cannot be read" in sentence) == (400, True)
    assert_nothing_kept(seat)


def test_s45_a_file_name_of_two_lines_is_none(seat: Seat) -> None:
    body = PART % b'name="file"; filename="a\nb"' + b"--x--\r\n"
    head = f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}"
    status, sentence = answer_to(seat, head, body)
    assert (status, "exactly one file" in sentence) == (400, True)


def test_s45_a_long_field_is_told_so(seat: Seat) -> None:
    body = PART % b'name="a"' + b"b" * 600_000 + b"\r\n--x--\r\n"
    head = f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}"
    status, sentence = answer_to(seat, head, body)
    assert (status, "500,000 bytes" in sentence) == (413, True)


@pytest.mark.parametrize(
    "head",
    [
        "GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2",
        "GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked, identity",
        "GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key : {key}",
        "GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\nX-API-Key: {key}",
        "GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX_API_Key: {key}",
        "GET /api/v1/" + "x" * 9_000 + " HTTP/1.1\r\nHost: 127.0.0.1",
    ],
    ids=["two lengths", "odd encoding", "blank in a name", "bare line feed", "underscores", "long"],
)
def test_s64_a_request_of_two_readings_is_refused(seat: Seat, head: str) -> None:
    """S64: what two servers could read differently; a header is not another one's spelling."""
    with socket.create_connection(("127.0.0.1", seat.server.port), timeout=60) as connection:
        connection.sendall(head.replace("{key}", seat.key).encode() + b"\r\n\r\n")
        status = connection.recv(65_536).split(b" ", 2)[1]
    assert status in (b"400", b"401", b"414", b"501")
