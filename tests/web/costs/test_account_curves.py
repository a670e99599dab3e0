"""The list of accounts: how fresh each is, and its last days, by as few questions as for one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from costoptix.costs.accounts import Account
from costoptix.periods import DateRange
from costoptix.web.costs.account_curves import freshness_badge
from tests.support.budgets import statements
from tests.support.cost_pages import text
from tests.support.lake import TODAY, Charge, Lake, on
from tests.support.pages import Browser


def account(last_day: date, through: date | None) -> Account:
    return Account("id", "aws:1", "AWS", "1", None, None, last_day, last_day, through, (), ())


def test_a_badge_says_how_far_the_data_are_behind() -> None:
    day = date(2026, 3, 20)
    assert freshness_badge(account(day, day), date(2026, 3, 22)) == ("up to date", "down")
    assert freshness_badge(account(day, day), date(2026, 3, 23)) == ("3 days behind", "warn")
    assert freshness_badge(account(day, day), date(2026, 3, 28)) == ("8 days behind", "up")
    assert freshness_badge(account(day, None), day) == ("no complete day", "warn")
    assert freshness_badge(account(date(2026, 3, 1), day), day) == ("no recent charges", "")


def test_each_account_has_a_curve_with_gaps_and_a_badge(lake: Lake, alice_browser: Browser) -> None:
    days = DateRange(date(2026, 2, 1), TODAY)
    lake.deliver(*on(Charge(), *days))
    with statements() as one:
        page = alice_browser.get("/accounts").text
    assert page.count('<svg class="spark"') == 1
    assert "up to date through 19 Mar 2026" in text(page)
    lake.deliver(
        *on(Charge(sub_account_id="222"), *(day for day in days if day.day != 5)),
        *on(Charge(sub_account_id="333", effective_cost=Decimal(2)), *days),
        source="more",
    )
    with statements() as three:
        page = alice_browser.get("/accounts").text
    curves = page.split('<svg class="spark"')[1:]
    assert len(curves) == 3
    assert sorted(curve.partition("</svg>")[0].count("M") for curve in curves) == [2, 2, 4]
    assert len(three) <= len(one) + 1  # a source more, not an account more
