"""Text that is sent smaller."""

from __future__ import annotations

import gzip

import pytest
from flask.testing import FlaskClient

from tests.support.pages import Browser

GZIP = {"Accept-Encoding": "gzip"}


def test_a_page_is_compressed_for_who_reads_it(bob_browser: Browser) -> None:
    smaller = bob_browser.get("/docs/api", headers=GZIP)
    whole = bob_browser.get("/docs/api")
    assert smaller.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in whole.headers
    assert len(smaller.data) < len(whole.data) / 2
    assert b"<title>API guide" in gzip.decompress(smaller.data)
    assert "Accept-Encoding" in whole.headers["Vary"]


@pytest.mark.parametrize(("accepted", "sent"), [("br", "br"), ("gzip, deflate", "deflate")])
def test_a_style_sheet_is_compressed(client: FlaskClient, accepted: str, sent: str) -> None:
    headers = {"Accept-Encoding": accepted}
    with client.get("/static/css/app.css", headers=headers) as answer:
        assert answer.headers["Content-Encoding"] == sent
        assert answer.headers["ETag"]
        assert answer.data


def test_a_font_is_left_alone(client: FlaskClient) -> None:
    address = "/static/fonts/inter-latin-wght-normal.woff2"
    with client.get(address, headers=GZIP) as answer:
        assert "Content-Encoding" not in answer.headers


def test_the_api_answers_the_bytes_that_its_etag_names(client: FlaskClient) -> None:
    first = client.get("/api/v1/openapi.json", headers=GZIP)
    assert "Content-Encoding" not in first.headers
    held = {"If-None-Match": first.headers["ETag"], **GZIP}
    assert client.get("/api/v1/openapi.json", headers=held).status_code == 304
