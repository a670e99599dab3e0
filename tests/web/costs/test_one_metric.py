"""Billed or amortised: one choice of the organization, the same on every page, named on each."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.cost_pages import text
from tests.support.lake import TODAY, Charge
from tests.support.pages import Browser

PAGES = (
    "/", "/costs", "/daily", "/changes", "/portfolio", "/portfolio?tab=accounts",
    "/portfolio?tab=services", "/portfolio?tab=compare", "/quarterly", "/accounts",
)  # fmt: skip
WITHOUT_AMOUNTS = ("/changes", "/portfolio?tab=compare")
"""Nothing is compared there: the bills begin this month."""


@pytest.mark.parametrize("path", PAGES)
def test_every_page_shows_and_names_what_the_organization_chose(
    lake, session, acme, alice_browser: Browser, path
):
    lake.deliver(Charge(day=TODAY, billed_cost=Decimal("70.07"), effective_cost=Decimal("33.03")))
    pages = {}
    for metric in ("effective_cost", "billed_cost"):
        acme.metric = metric
        session.commit()
        pages[metric] = text(alice_browser.get(path).text)
    assert "amortised cost" in pages["effective_cost"].lower()
    assert "billed cost" in pages["billed_cost"].lower()
    if path not in WITHOUT_AMOUNTS:
        assert ("$33.03" in pages["effective_cost"], "$70.07" in pages["effective_cost"]) == (1, 0)
        assert ("$70.07" in pages["billed_cost"], "$33.03" in pages["billed_cost"]) == (1, 0)
    if path != "/accounts":  # it is of all days, and takes no question
        other = "metric=effective_cost"
        asked = alice_browser.get(f"{path}{'&' if '?' in path else '?'}{other}").text
        assert "amortised cost" in text(asked).lower()


def test_anomalies_are_amortised_whatever_is_chosen(lake, session, acme, alice_browser: Browser):
    acme.metric = "billed_cost"
    session.commit()
    lake.deliver(Charge(day=TODAY))
    assert "amortised cost" in text(alice_browser.get("/anomalies").text)
