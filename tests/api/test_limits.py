"""What is counted, what is said of it, and what happens when the counter does not answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.extensions import quota_storage
from costoptix.models import ApiKey, Organization
from tests.api.conftest import Api, MakeKey

LIMIT_REACHED = {
    "success": False,
    "error": "Daily API call limit reached. Upgrade your plan for higher limits.",
}


@pytest.fixture
def starter(acme: Organization, session: Session) -> Organization:
    """Acme on 100 calls a day, at noon."""
    clock.configure("2026-03-10T12:00:00Z")
    acme.tier = "starter"
    session.commit()
    return acme


def _use_up(organization: Organization, key: str = "other", calls: int = 100) -> None:
    for _ in range(calls):
        quota_storage().add_call(organization.id, key, clock.utc_today(), 1_000)


def test_beyond_the_limit_the_answer_says_when_to_come_back(
    starter: Organization, api: Api
) -> None:
    _use_up(starter)
    response = api.get("/health")
    assert response.status_code == 429
    assert response.get_json() == LIMIT_REACHED
    assert 43_100 <= int(response.headers["Retry-After"]) <= 43_200
    assert response.headers["X-RateLimit-Limit"] == "100"
    assert response.headers["X-RateLimit-Remaining"] == "0"
    assert response.headers["X-RateLimit-Reset"] == "1773187200"
    assert response.headers["X-Request-ID"]


def test_retry_after_is_at_least_a_second(starter: Organization, api: Api) -> None:
    clock.configure("2026-03-10T23:59:59.900000Z")
    _use_up(starter)
    response = api.get("/health")
    if response.status_code == 429:  # the clock runs on: midnight may be past
        assert response.headers["Retry-After"] == "1"


def test_a_leaked_key_can_be_revoked_when_the_day_is_used_up(
    starter: Organization, api: Api, make_key: MakeKey
) -> None:
    leaked: ApiKey = make_key("read")[0]
    _use_up(starter)
    response = api.delete(f"/keys/{leaked.id}")
    assert response.status_code == 200
    assert response.headers["X-RateLimit-Remaining"] == "0"
    assert quota_storage().used(starter.id, clock.utc_today()) == 101


def test_refusals_of_an_operation_count_too(starter: Organization, api: Api) -> None:
    for path in ("/keys?nope=1", "/keys/none", "/health"):
        api.get(path)
    etag = api.get("/keys?limit=1").headers["ETag"]
    assert api.get("/keys?limit=1", headers={"If-None-Match": etag}).status_code in (200, 304)
    assert api("HEAD", "/health").status_code == 200
    assert quota_storage().used(starter.id, clock.utc_today()) == 6


def test_what_reaches_no_operation_is_not_counted(
    starter: Organization, api: Api, as_key: Callable[[str | None], Api]
) -> None:
    api.get("/nothing")
    api("PUT", "/health")
    api("OPTIONS", "/health")
    api.get("/openapi.json")
    as_key("nonsense").get("/health")
    assert quota_storage().used(starter.id, clock.utc_today()) == 0


def test_two_key_headers_and_blanks_are_no_way_around(
    starter: Organization, app: Flask, make_key: MakeKey
) -> None:
    """S39."""
    text = make_key()[1]
    client = app.test_client()
    for value in (f"{text},{text}", f"{text} x", text.lower()):
        assert client.get("/api/v1/health", headers={"X-API-Key": value}).status_code == 401
    spoofed = {"x-api-key": text, "X-Forwarded-For": "10.9.8.7"}
    assert client.get("/api/v1/health", headers=spoofed).status_code == 200
    assert quota_storage().used(starter.id, clock.utc_today()) == 1


def test_a_cookie_or_authorization_opens_nothing(app: Flask, make_key: MakeKey) -> None:
    """S9."""
    text = make_key()[1]
    client = app.test_client()
    client.set_cookie("X-API-Key", text)
    response = client.get("/api/v1/health", headers={"Authorization": f"Bearer {text}"})
    assert response.status_code == 401


def test_auth_info_counts_itself(starter: Organization, api: Api) -> None:
    api.get("/health")
    quota = api.get("/auth/info").get_json()["data"]["quota"]
    assert quota == {
        "limit": 100, "used": 2, "remaining": 98, "resets_at": "2026-03-11T00:00:00Z",
    }  # fmt: skip


def test_enterprise_is_told_unlimited_alone(acme: Organization, api: Api) -> None:
    response = api.get("/auth/info")
    limits = {k: v for k, v in response.headers.items() if k.startswith("X-RateLimit")}
    assert limits == {"X-RateLimit-Limit": "unlimited"}
    quota = response.get_json()["data"]["quota"]
    assert (quota["limit"], quota["used"], quota["remaining"]) == (None, 1, None)


def test_an_unknown_tier_gets_the_smallest_limit(
    acme: Organization, session: Session, api: Api
) -> None:
    acme.tier = "platinum"
    session.commit()
    assert api.get("/health").headers["X-RateLimit-Limit"] == "100"


def test_usage_lists_ninety_days_by_key(starter: Organization, api: Api, make_key: MakeKey) -> None:
    row = make_key("read")[0]
    _use_up(starter, row.id, 7)
    clock.configure("2026-03-11T12:00:00Z")
    usage = api.get("/usage?limit=90").get_json()
    today, yesterday = usage["data"][:2]
    assert len(usage["data"]) == 90
    assert usage["meta"] == {"next_cursor": None}
    assert (today["date"], today["calls"]) == ("2026-03-11", 1)
    assert yesterday["calls"] == 7
    assert yesterday["keys"] == [{"id": row.id, "name": "ci", "prefix": row.prefix, "calls": 7}]


@pytest.mark.sqlite
def test_when_the_counter_does_not_answer_nothing_gets_through(
    starter: Organization, api: Api, app: Flask
) -> None:
    storage = quota_storage()
    storage.close()
    path = app.config["COSTOPTIX"].data_dir / "quota.db"
    path.rename(path.with_suffix(".gone"))
    response = api.get("/health")
    assert response.status_code == 503
    assert response.get_json() == {"success": False, "error": "Service temporarily unavailable."}
    assert response.headers["Retry-After"] == "1"
    assert "X-RateLimit-Limit" not in response.headers
    path.with_suffix(".gone").rename(path)
    assert api.get("/health").headers["X-RateLimit-Remaining"] == "99"


@pytest.mark.sqlite  # the error is SQLite's
def test_a_call_that_could_not_be_counted_says_nothing_of_the_count(
    starter: Organization, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full disk or silence: what remains is not known, and nothing was let through."""

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(quota_storage(), "add_call", fail)
    response = api.get("/health")
    assert response.status_code == 507
    assert not [name for name, _ in response.headers if name.startswith("X-RateLimit")]
