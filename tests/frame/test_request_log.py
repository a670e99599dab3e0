"""Every request has a line: what was asked, by whom, what came of it, how long it took."""

from __future__ import annotations

import logging

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from costoptix.access import api_keys
from costoptix.access.permissions import Permission, command_line
from costoptix.frame.request_log import RequestLog
from costoptix.models import Organization
from costoptix.tally import Tally
from tests.support.pages import Browser

LOGGER = "costoptix.frame.request_log"


def line(caplog: pytest.LogCaptureFixture) -> dict[str, object]:
    (record,) = (record for record in caplog.records if record.name == LOGGER)
    names = ("method", "path", "status", "milliseconds", "organization", "key")
    return {name: getattr(record, name) for name in names if hasattr(record, name)}


def test_a_call_is_logged_with_its_organization_and_what_is_shown_of_its_key(
    client: FlaskClient, session: Session, acme: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    draft = api_keys.KeyDraft(name="ci", permission=Permission("read"))
    row, key = api_keys.create(session, acme, command_line(acme.id), draft)
    with caplog.at_level(logging.INFO, LOGGER):
        client.get("/api/v1/auth/info?x=1", headers={"X-API-Key": key})
    logged = line(caplog)
    assert isinstance(logged.pop("milliseconds"), float)
    assert logged == {
        "method": "GET", "path": "/api/v1/auth/info", "status": 400,
        "organization": acme.id, "key": row.prefix,
    }  # fmt: skip
    assert row.prefix != key


def test_a_page_is_logged_with_its_organization_and_a_stranger_s_without(
    alice_browser: Browser, stranger: Browser, acme: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        alice_browser.get("/imports")
    assert line(caplog)["organization"] == acme.id
    caplog.clear()
    with caplog.at_level(logging.INFO, LOGGER):
        stranger.get("/imports")
    assert "organization" not in line(caplog)


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/invite/s3cr3t", "/invite/***"),
        ("/unsubscribe/s3cr3t", "/unsubscribe/***"),
        (f"/api/v1/keys/cc_{'a' * 46}", "/api/v1/keys/***"),
    ],
)
def test_what_alone_says_who_may_is_not_logged(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str, logged: str
) -> None:
    """Whoever reads the log could join, or end somebody's mail, with the link in it."""
    with caplog.at_level(logging.INFO, LOGGER):
        client.get(path)
    assert line(caplog)["path"] == logged


@pytest.mark.parametrize(
    ("status", "remaining", "refusals"), [("429 X", "0", 1), ("429 X", None, 0), ("200 OK", "0", 0)]
)
def test_a_call_refused_for_its_quota_is_counted_as_such(
    status: str, remaining: str | None, refusals: int
) -> None:
    """Guessed passwords are 429 as well."""
    headers = [] if remaining is None else [("X-RateLimit-Remaining", remaining)]
    tally = Tally()

    def application(_environ: object, start: object) -> list[bytes]:
        start(status, list(headers))  # type: ignore[operator]
        return []

    log = RequestLog(application, tally, {"none": 0})
    log({"REQUEST_METHOD": "GET"}, lambda *_: lambda _: None)  # type: ignore[arg-type]
    assert tally.refusals == refusals
    assert next(tally.timings({"none": 0})).requests == 1
