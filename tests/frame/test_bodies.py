"""S45: a body is read whole or refused, whatever it says of its length, through the real server."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from costoptix.access import users
from costoptix.access.permissions import Role, command_line
from costoptix.extensions import db
from costoptix.models import Organization
from tests.quota.conftest import Seat, on_installation, take_seat
from tests.support.cast import PASSWORD
from tests.support.server import gunicorn

JSON_LIMIT = 1_000_000
UPLOAD_LIMIT = FORM_LIMIT = 1 << 20
CHUNKED = "Transfer-Encoding: chunked"
JSON, CSV = "Content-Type: application/json", "Content-Type: text/csv"
FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data; boundary=x"


@dataclass
class Door:
    """A server that takes files of up to one megabyte, and who may send something to it."""

    seat: Seat
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, path: str, body: bytes, *headers: str, then_close: bool = False) -> int:
        """Post a request as it is written here; return the status of the answer."""
        head = [
            f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"X-API-Key: {self.seat.key}",
            f"Cookie: {'; '.join(f'{n}={v}' for n, v in self.cookies.items())}",
            "Connection: close", *headers,
        ]  # fmt: skip
        with socket.create_connection(("127.0.0.1", self.seat.server.port), 60) as connection:
            connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            if then_close:
                connection.shutdown(socket.SHUT_WR)
            response = http.client.HTTPResponse(connection)
            response.begin()
            for cookie in response.headers.get_all("Set-Cookie", []):
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value
            return response.status

    def token(self) -> str:
        """Open the sign-in page, and return the token of its form."""
        connection = http.client.HTTPConnection("127.0.0.1", self.seat.server.port, timeout=60)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(
            "GET", "/login" if not cookies else "/imports", headers={"Cookie": cookies}
        )
        response = connection.getresponse()
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        token = re.search(r'name="csrf_token" value="([^"]+)"', response.read().decode())
        connection.close()
        assert token is not None
        return token[1]

    def count(self, of: str) -> int:
        """Count the imports, keys …: what was kept."""
        return len(self.seat.get(f"/api/v1/{of}")[2]["data"])


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("bodies") / "instance"
    with gunicorn(folder, WEB_CONCURRENCY="1", MAX_UPLOAD_MB="1") as server:
        seat = take_seat(server, "enterprise", permission="admin")
        on_installation(server, lambda: _make_admin(seat.organization_id))
        yield Door(seat)


def _make_admin(organization_id: str) -> None:
    organization = db.session.get_one(Organization, organization_id)
    users.create(
        db.session(), organization, command_line(organization_id),
        email="alice@example.com", password=PASSWORD, role=Role.ADMIN,
    )  # fmt: skip


def chunked(content: bytes, size: int = 65_536) -> bytes:
    """Write a body in chunks."""
    parts = (content[start : start + size] for start in range(0, len(content), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def padded(body: bytes, size: int, padding: bytes = b" ") -> bytes:
    """Return a body of so many bytes; cut anywhere in its padding, it says the same."""
    return body + padding * (size - len(body))


KEY = b'{"name": "ci", "permission": "read"}'


def test_s45_json_in_chunks_over_its_limit_is_refused(door: Door) -> None:
    before = door.count("keys")
    body = chunked(padded(KEY, JSON_LIMIT + 1))
    assert door.send("/api/v1/keys", body, JSON, CHUNKED) == 413
    assert door.count("keys") == before


def test_s45_json_in_chunks_of_exactly_the_limit_is_taken(door: Door) -> None:
    body = chunked(padded(KEY, JSON_LIMIT))
    assert door.send("/api/v1/keys", body, JSON, CHUNKED) == 201


def test_s45_json_shorter_than_its_length_is_refused(door: Door) -> None:
    before = door.count("keys")
    length = f"Content-Length: {len(KEY) + 10}"
    assert door.send("/api/v1/keys", KEY, JSON, length, then_close=True) == 400
    assert door.count("keys") == before


def test_s45_a_body_that_an_operation_does_not_read_has_a_limit(door: Door) -> None:
    """It is read to tell the request from others under the same ``Idempotency-Key``."""
    key, length = "Idempotency-Key: once", f"Content-Length: {len(KEY)}"
    assert door.send("/api/v1/keys", KEY, JSON, key, length) == 201
    body = chunked(b" " * (JSON_LIMIT + 1))
    assert door.send("/api/v1/imports/none/make-current", body, JSON, CHUNKED, key) == 413


def test_s45_a_file_in_chunks_over_its_limit_is_refused(door: Door) -> None:
    assert door.send("/api/v1/imports", chunked(b"x" * (UPLOAD_LIMIT + 1)), CSV, CHUNKED) == 413
    assert door.count("imports") == 0


def test_s45_a_file_of_a_form_in_chunks_over_its_limit_is_refused(door: Door) -> None:
    body = chunked(_form_of(b"x" * (UPLOAD_LIMIT + (1 << 17))))
    assert door.send("/api/v1/imports", body, MULTIPART, CHUNKED) == 413
    assert door.count("imports") == 0


def test_s45_a_form_in_chunks_over_its_limit_is_refused(door: Door) -> None:
    stranger = Door(door.seat)
    fields = f"csrf_token={stranger.token()}&email=alice@example.com&password={PASSWORD}"
    body = padded(fields.encode(), FORM_LIMIT + 1, b"&")
    assert stranger.send("/login", chunked(body), FORM, CHUNKED) == 413
    assert stranger.send("/login", chunked(body[:-1]), FORM, CHUNKED) == 302


def test_s45_a_form_shorter_than_its_length_is_refused(door: Door) -> None:
    stranger = Door(door.seat)
    fields = f"csrf_token={stranger.token()}&email=alice@example.com&password={PASSWORD}".encode()
    length = f"Content-Length: {len(fields) + 10}"
    assert stranger.send("/login", fields, FORM, length, then_close=True) == 400


def test_s45_a_drop_on_the_page_in_chunks_over_its_limit_is_refused(door: Door) -> None:
    alice = Door(door.seat)
    fields = f"csrf_token={alice.token()}&email=alice@example.com&password={PASSWORD}".encode()
    assert alice.send("/login", fields, FORM, f"Content-Length: {len(fields)}") == 302
    token = f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{alice.token()}\r\n'
    body = token.encode() + _form_of(b"x" * (UPLOAD_LIMIT + FORM_LIMIT))
    assert alice.send("/imports", chunked(body), MULTIPART, CHUNKED) == 413
    assert door.count("imports") == 0


def _form_of(content: bytes) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="bill.csv"\r\n\r\n'
    return head + content + b"\r\n--x--\r\n"
