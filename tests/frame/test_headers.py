"""What every response carries, and what no page tells."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask, g
from sqlalchemy.exc import OperationalError

from costoptix.frame.headers import CONTENT_SECURITY_POLICY
from tests.support.pages import Browser

PATHS = [
    "/login", "/docs/api", "/nothing", "/healthz", "/settings/organization",
    "/static/css/app.css", "/static/nothing.css", "/api/v1/openapi.json", "/api/v1/nothing",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_s16_s17_every_response_carries_the_headers(stranger: Browser, path: str) -> None:
    """S16, S17: errors, redirects, static files and the API included."""
    headers = stranger.get(path).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers
    assert len(headers["X-Request-ID"]) >= 16


def test_s17_https_is_remembered_for_over_a_year(make_app: Callable[..., Flask]) -> None:
    """S17: only where browsers come by https."""
    app = make_app(public_url="https://cost.example.com")
    answer = app.test_client().get("/healthz")
    name, _, seconds = answer.headers["Strict-Transport-Security"].split(";")[0].partition("=")
    assert name == "max-age"
    assert int(seconds) >= 31_536_000


def test_s18_signed_in_pages_are_not_kept(alice_browser: Browser) -> None:
    """S18: Back after signing out asks the server, which leads to sign-in."""
    for path in ("/settings/organization", "/settings/team", "/nothing"):
        assert alice_browser.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/nothing", "/api/v1", "/healthz"])
def test_s18_refusals_of_the_api_are_not_kept(stranger: Browser, path: str) -> None:
    """S18: nor is anything else that does not say how long it holds."""
    assert stranger.get(path).headers["Cache-Control"] == "no-store"


def test_static_files_are_kept_for_good_under_their_versioned_address(stranger: Browser) -> None:
    page = stranger.get("/login").text
    address = page.split('<link rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in stranger.get(address).headers["Cache-Control"]
    assert "immutable" not in stranger.get("/static/css/app.css").headers["Cache-Control"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "a b", "user@x"])
def test_s19_an_unknown_host_is_refused(stranger: Browser, host: str) -> None:
    """S19: without building an address of it; health is told to whoever asks."""
    for path in ("/login", "/nothing", "/api/v1/health"):
        answer = stranger.get(path, headers={"Host": host})
        assert answer.status_code == 400
        assert "evil" not in answer.text
    assert stranger.get("/healthz", headers={"Host": host}).text == "up\n"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_s19_every_name_of_this_machine_is_known(stranger: Browser, host: str) -> None:
    """S19: with a loopback PUBLIC_URL."""
    assert stranger.get("/login", headers={"Host": host}).status_code == 200


def test_s20_no_other_site_may_read(stranger: Browser) -> None:
    """S20: no CORS header for any origin."""
    answer = stranger.get("/api/v1/openapi.json", headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name[0].startswith("Access-Control")]


@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/.env", "/static/../config.py", "/static/%2e%2e/config.py", "/costoptix.db",
     "/app.py.bak", "/static/", "/static/css/", "/static", "/instance/secret_key"],
)  # fmt: skip
def test_s63_nothing_but_pages_is_served(stranger: Browser, path: str) -> None:
    """S63: no sources, databases, backups or listings."""
    assert stranger.get(path).status_code == 404


@pytest.fixture
def broken(app: Flask, stranger: Browser) -> Callable[[Exception], Browser]:
    """Make the sign-in page raise."""

    def breaking(error: Exception) -> Browser:
        def fail() -> str:
            raise error

        app.view_functions["web.login"] = fail
        app.testing = False
        app.config["PROPAGATE_EXCEPTIONS"] = False
        return stranger

    return breaking


@pytest.mark.own_app
def test_s22_an_error_tells_nothing_but_its_request(
    broken: Callable[[Exception], Browser],
) -> None:
    """S22: no trace, path, statement or version."""
    answer = broken(RuntimeError("secret at /work/app.py")).get("/login")
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.text
    for word in ("secret", "Traceback", "RuntimeError", "/work", "Werkzeug", "Python"):
        assert word not in answer.text


@pytest.mark.own_app
def test_s22_a_silent_database_is_503(broken: Callable[[Exception], Browser]) -> None:
    """S22: with Retry-After, and without the statement."""
    answer = broken(OperationalError("SELECT secret", {}, Exception("locked"))).get("/login")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert "SELECT" not in answer.text


@pytest.mark.parametrize(("hops", "seen"), [(0, "127.0.0.1"), (1, "192.0.2.2"), (2, "192.0.2.1")])
def test_s40_forwarded_addresses_count_by_hops(
    make_app: Callable[..., Flask], hops: int, seen: str
) -> None:
    """S40: what a client writes itself is not believed."""
    app = make_app(forwarded_hops=hops)
    addresses = []

    @app.before_request
    def note() -> None:
        from flask import request

        addresses.append(request.remote_addr)
        g.noted = True

    app.test_client().get("/healthz", headers={"X-Forwarded-For": "192.0.2.1, 192.0.2.2"})
    assert addresses == [seen]


def test_the_theme_is_a_choice(alice_browser: Browser) -> None:
    page = "/settings/organization"
    assert "data-theme" not in alice_browser.get(page).text
    alice_browser.post("/settings/theme", form=page, theme="dark")
    assert '<html lang="en" data-theme="dark">' in alice_browser.get(page).text
    alice_browser.client.set_cookie("theme", '"><script>')
    assert "<script>" not in alice_browser.get(page).text


def test_an_unchanged_file_may_be_kept_for_as_long_as_the_whole_one(stranger: Browser) -> None:
    file = re.search(r'href="(/static/[^"]+[?]v=[^"]+)"', stranger.get("/login").text)
    assert file is not None
    whole = stranger.get(file[1])
    unchanged = stranger.get(file[1], headers={"If-None-Match": whole.headers["ETag"]})
    assert (whole.status_code, unchanged.status_code) == (200, 304)
    assert unchanged.headers["Cache-Control"] == whole.headers["Cache-Control"]


def test_s22_a_page_is_503_too_for_those_of_whom_the_database_would_tell(
    alice_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S22: the page that says so asks nothing of the database that failed."""

    def fail(*_: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("gone"))

    monkeypatch.setattr("costoptix.access.sessions.find", fail)
    answer = alice_browser.get("/imports")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "<h1>" in answer.text
