"""Browsers: clients that carry a form's token, and the cast signed in."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from costoptix import clock
from costoptix.models import User
from tests.support.cast import PASSWORD

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """A client that fills the hidden token into every form it sends.

    Each request runs in an empty context: within the application context of the ``session``
    fixture all requests would share Flask's ``g``, and with it who is signed in.
    """

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.client: FlaskClient = app.test_client()
        self._environ = {"REMOTE_ADDR": address}

    def get(self, path: str, **more: object) -> TestResponse:
        return self.send("GET", path, **more)

    def send(self, method: str, path: str, **more: object) -> TestResponse:
        return contextvars.Context().run(
            self.client.open, path, method=method, environ_base=self._environ,
            buffered=True, **more,
        )  # fmt: skip

    def stream(self, path: str) -> TestResponse:
        """Ask, and leave the body of the answer to be read block by block."""
        return contextvars.Context().run(self.client.get, path, environ_base=self._environ)

    def token(self, path: str = "/login") -> str:
        """The token of this browser's session, as a form of the page carries it."""
        found = _TOKEN.search(self.get(path, follow_redirects=True).text)
        assert found, f"no form on {path}"
        return found.group(1)

    def post(self, path: str, *, form: str = "/login", **fields: object) -> TestResponse:
        """Send a form; the token comes from the page ``form``."""
        data = {"csrf_token": self.token(form), **fields}
        if "file" not in fields:
            return self.send("POST", path, data=data)
        # Encoded here: the client would leave its temporary file for a large form open.
        files = fields["file"] if isinstance(fields["file"], list) else [fields["file"]]
        data["file"] = [FileStorage(stream, filename=name) for stream, name in files]
        boundary, body = encode_multipart(data)
        content_type = f'multipart/form-data; boundary="{boundary}"'
        return self.send("POST", path, data=body, content_type=content_type)

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        return self.post("/login", email=email, password=password, **fields)

    @property
    def cookie(self) -> str:
        """The session cookie's value."""
        cookie = self.client.get_cookie("sid")
        assert cookie is not None
        return cookie.value


def latest(session: Session) -> Session:
    """Return the session without what it has read so far: others have written since."""
    session.rollback()
    session.expire_all()
    return session


@pytest.fixture
def stranger(app: Flask, alice: User) -> Browser:
    """A browser that nobody has signed in, on an installation that is set up."""
    return Browser(app)


@pytest.fixture
def alice_browser(app: Flask, alice: User) -> Browser:
    """The admin's browser, signed in."""
    return _signed_in(app, alice)


@pytest.fixture
def bob_browser(app: Flask, bob: User) -> Browser:
    """The member's browser, signed in."""
    return _signed_in(app, bob)


@pytest.fixture
def mallory_browser(app: Flask, mallory: User) -> Browser:
    """The browser of another organization's admin, signed in."""
    return _signed_in(app, mallory)


def _signed_in(app: Flask, user: User) -> Browser:
    browser = Browser(app)
    assert browser.sign_in(user.email).status_code == 302
    return browser


@pytest.fixture
def at(tmp_path: Path) -> Callable[[str], None]:
    """Set the application's clock to an instant; it stands still there."""
    file = tmp_path / "now"

    def set_clock(instant: str) -> None:
        file.write_text(instant)
        clock.configure(f"@{file}")

    return set_clock
