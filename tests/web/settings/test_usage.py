"""Settings → Usage: today's calls, when the count starts anew, and the days before."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from costoptix.access import api_keys
from costoptix.access.permissions import Caller, Permission
from costoptix.access.tiers import TIERS
from costoptix.clock import utc_today
from costoptix.extensions import quota_storage
from costoptix.models import ApiKey, Organization
from costoptix.web.settings.usage import Today
from tests.support.pages import Browser

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def grafana(session: Session, acme: Organization, admin: Caller) -> ApiKey:
    draft = api_keys.KeyDraft(name="grafana", permission=Permission.READ)
    acme.tier = "starter"
    session.commit()
    return api_keys.create(session, acme, admin, draft)[0]


def _call(organization: Organization, key: ApiKey, calls: int, days_ago: int = 0) -> None:
    day = utc_today() - timedelta(days=days_ago)
    for _ in range(calls):
        quota_storage().add_call(organization.id, key.id, day, 1_000)


def test_calls_are_shown_by_key_and_day(
    bob_browser: Browser, acme: Organization, grafana: ApiKey
) -> None:
    _call(acme, grafana, 12)
    _call(acme, grafana, 7, days_ago=1)
    page = bob_browser.get("/settings/usage").text
    assert "<b>12</b> of 100 calls" in page
    assert "grafana" in page
    assert ": 7 calls</title>" in page
    drawn = page.partition("<figure data-chart>")[2].partition("</figure>")[0]
    assert '<path class="limit" d="M0 0H300"/>' in drawn  # 100 calls are the top of the axis
    assert [f">{n}<" in drawn for n in (0, 20, 100)] == [True, True, True]
    assert f">{utc_today().day} {utc_today():%b %Y}<" in drawn
    assert "Limit a day 100" in " ".join(re.sub("<[^>]+>", " ", drawn).split())
    assert ": 12 calls</title>" in page


def test_a_used_up_day_says_so_and_tells_of_refused_calls(
    alice_browser: Browser, acme: Organization, grafana: ApiKey
) -> None:
    _call(acme, grafana, 100)
    quota_storage().refusals.add(acme.id, utc_today())
    quota_storage().refusals.flush()
    page = alice_browser.get("/settings/usage").text
    assert "The limit is reached" in page
    assert "About 1 call was refused today" in page


def test_without_calls_the_page_says_what_will_be_there(alice_browser: Browser) -> None:
    page = alice_browser.get("/settings/usage").text
    assert "No calls yet" in page
    assert "without a limit" in page


@pytest.mark.parametrize(
    ("used", "hour"), [(0, None), (40, None), (50, None), (60, 20), (99, 12), (100, None)]
)
def test_the_pace_tells_when_the_limit_is_reached(used: int, hour: int | None) -> None:
    full_at = Today(TIERS["starter"], used, 0, NOON).full_at
    assert (full_at and full_at.hour) == hour


def test_without_a_limit_there_is_no_such_moment() -> None:
    today = Today(TIERS["enterprise"], 5_000, 0, NOON)
    assert today.full_at is None
    assert today.percent == 0
    assert today.resets_at == datetime(2026, 3, 11, tzinfo=UTC)


def test_a_limit_far_above_all_calls_is_drawn_at_the_edge(
    bob_browser: Browser, session: Session, acme: Organization, grafana: ApiKey
) -> None:
    _call(acme, grafana, 3)
    acme.tier = "business"
    session.commit()
    page = bob_browser.get("/settings/usage").text
    assert '<path class="limit" d="M0 0H300"/>' in page
    assert "Limit a day, far above" in page
    acme.tier = "enterprise"
    session.commit()
    assert 'class="limit"' not in bob_browser.get("/settings/usage").text
