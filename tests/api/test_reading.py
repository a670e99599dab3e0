"""Hostile requests: each a 4xx in one clear sentence (S22, S23, S47)."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from costoptix.api import reading
from costoptix.errors import Invalid
from tests.api.conftest import Api

JSON = {"Content-Type": "application/json"}
HOSTILE = {
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"name": -Infinity}',
    "1e999": b'{"name": 1e999}',
    "large integer": b'{"name": 9223372036854775808}',
    "endless integer": b'{"name": ' + b"9" * 10_000 + b"}",
    "lone surrogate": b'{"name": "\\ud800"}',
    "NUL": b'{"name": "a\\u0000b"}',
    "same name twice": b'{"name": "a", "name": "b"}',
    "a list": b"[]",
    "a text": b'"name"',
    "nothing known": b"\xff\xfe",
    "cut off": b'{"name": "a"',
    "long text": b'{"name": "' + b"x" * 900_000 + b'"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_refused_in_a_sentence(body: bytes, api: Api) -> None:
    response = api.post("/keys", data=body, headers=JSON)
    assert response.status_code == 400
    assert len(response.get_json()["error"]) < 300


def test_a_body_of_more_than_a_megabyte_is_too_large(api: Api) -> None:
    response = api.post("/keys", data=b" " * 1_000_001, headers=JSON)
    assert response.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_type_is_not_read(kind: str, api: Api) -> None:
    response = api.post("/keys", data=b"{}", headers={"Content-Type": kind})
    assert response.status_code == 415


def test_a_mistake_of_ours_says_nothing_of_itself(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **_more: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("costoptix.api.keys.key_listing.newest", fail)
    response = api.get("/keys")
    assert response.status_code == 500
    assert response.get_json() == {"success": False, "error": "Internal server error"}
    assert "secret detail" in caplog.text


def test_an_unknown_host_is_refused_as_json(api: Api) -> None:
    response = api.get("/health", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert set(response.get_json()) == {"success", "error"}


@pytest.mark.parametrize("query", ["limit=%00", "a%00=1"])
def test_a_nul_in_a_parameter_is_refused(query: str, api: Api) -> None:
    assert api.get(f"/keys?{query}").status_code == 400


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.text("aé\u2028😀"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abc"), _VALUES, max_size=4))
def test_any_plain_object_is_read_as_it_was_written(value: dict[str, object]) -> None:
    with Flask(__name__).test_request_context(json=value, method="POST"):
        assert reading.json_object() == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    app = Flask(__name__)
    with app.test_request_context(data=body, method="POST", content_type="application/json"):
        try:
            found = reading.json_object()
        except Invalid:
            return
        assert json.dumps(found)
