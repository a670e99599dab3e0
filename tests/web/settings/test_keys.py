"""Settings → API keys: a key's text is seen once, and what breaks is said before it breaks."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.access import api_keys
from costoptix.access.permissions import Caller, Permission
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import ApiKey, Organization, User, new_id
from tests.support.cost_pages import text
from tests.support.pages import Browser, latest

PAGE = "/settings/api-keys"
KEY = re.compile(r"\bcc_[0-9A-Za-z]{46}\b")
DRAFT = api_keys.KeyDraft(name="grafana", permission=Permission.READ)


def _form(browser: Browser, **fields: str) -> dict[str, str]:
    found = re.search(r'name="key_id" value="([^"]+)"', browser.get(PAGE).text)
    assert found
    known = {"key_id": found[1], "name": "CI Pipeline", "permission": "read", "expires": "90"}
    return known | {"expires_on": ""} | fields


@pytest.fixture
def grafana(session: Session, acme: Organization, admin: Caller) -> ApiKey:
    return api_keys.create(session, acme, admin, DRAFT)[0]


def test_a_key_is_shown_in_the_answer_that_makes_it_and_never_again(
    alice_browser: Browser, session: Session
) -> None:
    """S33: a reload of the form makes and shows nothing; the page is not kept."""
    form = _form(alice_browser)
    made = alice_browser.post(PAGE, form=PAGE, **form)
    texts = set(KEY.findall(made.text))
    assert made.status_code == 200
    assert len(texts) == 1
    assert made.headers["Cache-Control"] == "no-store"
    assert 'curl -H "X-API-Key: ' in made.text
    assert "http://127.0.0.1:8000/api/v1/costs" in made.text
    reloaded = alice_browser.post(PAGE, form=PAGE, **form)
    assert reloaded.status_code == 302
    assert not KEY.search(alice_browser.get(PAGE).text)
    assert len(latest(session).scalars(select(ApiKey)).all()) == 1
    assert not texts & set(KEY.findall(str(alice_browser.client.get_cookie("sid"))))


def test_ninety_days_are_preselected_and_mean_the_end_of_that_day(
    alice_browser: Browser, session: Session
) -> None:
    assert '<option value="90" selected>' in alice_browser.get(PAGE).text
    alice_browser.post(PAGE, form=PAGE, **_form(alice_browser))
    key = latest(session).scalars(select(ApiKey)).one()
    assert key.expires_at is not None
    assert key.expires_at.date() == utc_now().date() + timedelta(days=90)
    assert key.expires_at.strftime("%H:%M:%S") == "23:59:59"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, "name"),
        ({"permission": "root"}, "permission"),
        ({"expires": "date", "expires_on": "2020-01-01"}, "expires_on-error"),
        ({"expires": "date"}, "expires_on-error"),
        ({"organization_id": "x"}, "organization_id"),
        ({"key_id": "x"}, "key_id"),
    ],
)
def test_a_wrong_form_is_refused_by_name(
    fields: dict[str, str], named: str, alice_browser: Browser, session: Session
) -> None:
    response = alice_browser.post(PAGE, form=PAGE, **_form(alice_browser, **fields))
    assert response.status_code == 400
    assert named in response.text
    assert latest(session).scalars(select(ApiKey)).all() == []


def test_revoking_says_the_damage_and_asks_for_the_name(
    alice_browser: Browser, grafana: ApiKey, session: Session
) -> None:
    path = f"{PAGE}/{grafana.id}/revoke"
    assert "stops working at once" in alice_browser.get(path).text
    assert alice_browser.post(path, form=path, confirm="something").status_code == 400
    assert latest(session).get_one(ApiKey, grafana.id).revoked_at is None
    assert alice_browser.post(path, form=path, confirm="grafana").status_code == 302
    assert latest(session).get_one(ApiKey, grafana.id).revoked_at is not None
    assert "revoked" in alice_browser.get(PAGE).text


def test_rotation_shows_the_successor_once_and_cannot_be_repeated(
    alice_browser: Browser, grafana: ApiKey
) -> None:
    path = f"{PAGE}/{grafana.id}/rotate"
    made = alice_browser.post(path, form=path, overlap_hours="24")
    assert made.status_code == 200
    assert len(set(KEY.findall(made.text))) == 1
    assert alice_browser.get(path).status_code == 200
    again = alice_browser.post(path, form=PAGE, overlap_hours="24")
    assert again.status_code == 409
    assert not KEY.search(again.text)


def test_badges_tell_what_needs_attention(
    alice_browser: Browser, grafana: ApiKey, session: Session, alice: User
) -> None:
    with writing(session):
        grafana.created_at = utc_now() - timedelta(days=94, hours=1)
        grafana.expires_at = utc_now() + timedelta(days=7, hours=1)
        grafana.created_by_user_id = "somebody-who-was-deleted"
    page = alice_browser.get(PAGE).text
    assert "unused for 94 days" in page
    assert "expires in 7 days" in page
    assert "made by someone who left" in page


def test_a_stale_password_is_asked_for_again(
    alice_browser: Browser, grafana: ApiKey, session: Session
) -> None:
    """S6."""
    clock.configure((utc_now() + timedelta(minutes=11)).isoformat())
    path = f"{PAGE}/{grafana.id}/revoke"
    response = alice_browser.post(path, form=path, confirm="grafana")
    assert response.status_code == 400
    assert latest(session).get_one(ApiKey, grafana.id).revoked_at is None


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/{{id}}/revoke", f"{PAGE}/{{id}}/rotate"])
def test_members_may_not_see_keys(path: str, bob_browser: Browser, grafana: ApiKey) -> None:
    assert bob_browser.get(path.format(id=grafana.id)).status_code == 403


@pytest.mark.parametrize("action", ["revoke", "rotate"])
def test_a_strangers_key_is_not_there(
    action: str, mallory_browser: Browser, grafana: ApiKey
) -> None:
    theirs = mallory_browser.get(f"{PAGE}/{grafana.id}/{action}")
    assert theirs.status_code == 404
    posted = mallory_browser.post(f"{PAGE}/{grafana.id}/{action}", form=PAGE, confirm="grafana")
    assert posted.status_code == 404


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": " "}, "name", "Name: it must not be empty"),
        ({"permission": "root"}, "permission", "Permission: it must be one of"),
        ({"expires": "tomorrow"}, "expires", "Expires: it must be one of"),
        ({"expires": "date", "expires_on": "2020-01-01"}, "expires_on", "Date, if chosen: it is"),
        ({"expires": "date", "expires_on": "soon"}, "expires_on", "Date, if chosen: give a date"),
        ({"name": ["a", "b"]}, "name", "Name: it may be given only once"),
    ],
)
def test_the_wrong_field_of_a_new_key_is_marked_and_the_rest_is_kept(
    alice_browser: Browser, fields: dict[str, Any], field: str, words: str
) -> None:
    refused = alice_browser.post(
        PAGE, form=PAGE, **{"key_id": new_id(), "name": "Grafana", "permission": "write"} | fields
    )
    assert refused.status_code == 400
    assert words in text(refused.text)
    marked = rf'id="{field}"[^>]* aria-invalid="true" aria-describedby="{field}-error'
    assert re.search(marked, refused.text)
    assert "name" in fields or 'value="Grafana"' in refused.text
    assert "permission" in fields or '<option value="write" selected>' in refused.text
