"""The pages of tags: coverage, values, what lacks them, and rules shown in money first."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.models import CleaningRule, Organization
from tests.support.cost_pages import HOSTILE, text
from tests.support.lake import Charge, Lake, open_writer
from tests.support.pages import Browser

STRANGE = ["<script>alert(1)</script>", " org", "\u200forg", "a\"b'c", "\U0001f680" * 150]


@pytest.fixture
def billed(app: Any, session: Session, acme: Organization) -> None:
    clock.configure("2026-03-20T12:00:00Z")
    tags = ['{"team":"org","k8s.io/app":"x"}', '{"Team":"org"}', None]
    with open_writer() as writer:
        lake = Lake(session, app.extensions["cost_store"], writer, acme)
        lake.deliver(*(Charge(tags=one) for one in tags))


def test_without_tags_the_page_says_where_they_come_from(bob_browser: Browser) -> None:
    assert "No tags in these days" in bob_browser.get("/tags").text


@pytest.mark.usefixtures("billed")
def test_coverage_values_and_what_lacks_them(alice_browser: Browser) -> None:
    shown = text(alice_browser.get("/tags?order_by=key").text)
    assert "k8s.io/app $1.00 $2.00 33%" in shown
    assert "team case Make a rule" in shown
    page = text(alice_browser.get("/tags/team").text)
    assert "No team tag $2.00 2 org $1.00 1" in page
    assert alice_browser.get(f"/tags/{quote('k8s.io/app')}").status_code == 200
    assert alice_browser.get("/tags/none").status_code == 404
    csv = alice_browser.get("/tags/team/untagged.csv").text.splitlines()
    assert csv == [
        "provider_name,sub_account_id,service_name,resource_id,currency,effective_cost",
        "AWS,111,EC2,,USD,2",
    ]


@pytest.mark.usefixtures("billed")
def test_a_value_and_what_lacks_the_key_lead_to_their_costs(alice_browser: Browser) -> None:
    page = alice_browser.get("/tags/team").text
    links = [html.unescape(link) for link in re.findall(r'href="(/costs\?[^"]*)"', page)]
    assert len(links) == 2, "No team tag, and org"
    for link, cost in zip(links, ("$2.00", "$1.00"), strict=True):
        assert cost in text(alice_browser.get(link).text)


@pytest.mark.usefixtures("billed")
def test_a_rule_is_shown_in_money_made_and_undone(alice_browser: Browser, session: Session) -> None:
    asked = f"/tags/rules/new?{urlencode({'from': 'Team', 'to': 'team'})}"
    assert "Team team $1.00 1" in text(alice_browser.get(asked).text)
    made = alice_browser.post("/tags/rules", form=asked, key="", to="team", **{"from.0": "Team"})
    assert made.status_code == 302
    assert "Keys Team team" in text(alice_browser.get("/tags/rules").text)
    assert "2 Tagged" not in text(alice_browser.get("/tags").text)
    again = alice_browser.post("/tags/rules", form=asked, key="", to="team", **{"from.0": "Team"})
    assert again.status_code == 409
    assert "already a rule for the key Team" in again.text
    rule_id = session.scalars(select(CleaningRule.id)).one()
    gone = alice_browser.post(f"/tags/rules/{rule_id}/delete", form="/tags/rules")
    assert gone.status_code == 302
    assert "No rules yet" in alice_browser.get("/tags/rules").text


@pytest.mark.usefixtures("billed")
@pytest.mark.parametrize("name", [*STRANGE, *HOSTILE])
def test_names_are_text_wherever_they_stand(alice_browser: Browser, name: str) -> None:
    asked = f"/tags/rules/new?{urlencode({'key': 'team', 'from': name, 'to': 'org'})}"
    page = alice_browser.get(asked)
    assert page.status_code in (200, 400)
    made = alice_browser.post(
        "/tags/rules", form="/tags/rules/new", key="team", to="org", **{"from.0": name}
    )
    assert made.status_code in (302, 400)
    listed = alice_browser.get("/tags/rules").text
    assert "<script>alert" not in page.text + listed


@pytest.mark.parametrize(
    "address",
    ["/tags?range=x", "/tags?page=0", "/tags?order_by=x", "/tags?x=1",
     "/tags?range=last_month&range=x", "/tags/rules?order_by=x", "/tags/rules/new?x=1"],
)  # fmt: skip
def test_what_is_wrong_in_an_address_is_said(alice_browser: Browser, address: str) -> None:
    assert alice_browser.get(address).status_code == 400
