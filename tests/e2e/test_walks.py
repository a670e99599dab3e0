"""What people come for, page by page: why costs rose, a tag made clean, a view shared."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import looking
from tests.support.demo import Demo


def _total(page: Page) -> Decimal:
    """Return what the explorer shows as the total of its first currency."""
    return Decimal(page.locator("h2 .num data").first.get_attribute("value") or "0")


def test_why_it_rose_is_three_clicks_from_the_overview(
    demo: Demo, signed_in: dict[str, Any], browser: Browser
) -> None:
    with looking(browser, signed_in, width=1440) as context:
        page = context.new_page()
        page.goto(demo.server.url)
        sentence = page.locator(".lead a").first.inner_text()
        page.locator(".lead a").first.click()
        expect(page.locator("main .lead").first).to_have_text(sentence)
        for _ in ("the service that moved most", "its account that moved most"):
            page.locator("main .amounts a.row-link").first.click()
        asked = parse_qs(urlsplit(page.url).query)
        assert {"service_name", "sub_account_id"} <= asked.keys()
        expect(page.locator("main .lead").first).to_contain_text(asked["service_name"][0])
        expect(page.get_by_role("heading", name="Why it changed")).to_be_visible()


def test_a_clean_tag_is_followed_by_explorer_and_budget_until_its_rule_is_undone(
    demo: Demo, signed_in: dict[str, Any], browser: Browser
) -> None:
    explorer = f"{demo.server.url}/costs?range=last_6_full_months"
    with looking(browser, signed_in, width=1440) as context:
        page = context.new_page()
        budget = _make_budget_of_team(page, demo, "checkout")

        def seen() -> tuple[Decimal, Decimal, str]:
            totals = []
            for team in ("checkout", "check-out"):
                page.goto(f"{explorer}&tag:team={team}")
                totals.append(_total(page) if page.locator("h2 .num data").count() else Decimal(0))
            page.goto(budget)
            return totals[0], totals[1], page.locator("section[aria-labelledby=now]").inner_text()

        clean, written_otherwise, spend = seen()
        assert written_otherwise > 0
        page.goto(f"{demo.server.url}/tags/rules/new?key=team&from=check-out&to=checkout")
        page.get_by_role("button", name="Make the rule").click()
        merged, left, spend_merged = seen()
        assert merged == clean + written_otherwise
        assert left == merged  # the name of before means what it is called now
        assert spend_merged != spend
        page.goto(f"{demo.server.url}/tags/rules?order_by=-created_at")
        page.get_by_role("button", name="Delete the rule to checkout").click()
        assert seen() == (clean, written_otherwise, spend)


def _make_budget_of_team(page: Page, demo: Demo, team: str) -> str:
    rule = {"key": "team", "operator": "=", "values": [team]}
    body = {
        "name": team,
        "amount": "9000",
        "currency": "USD",
        "period": "yearly",
        "tag_rules": [rule],
    }
    made = page.request.post(
        f"{demo.server.url}/api/v1/budgets", headers={"X-API-Key": demo.key}, data=body
    )
    assert made.status == 201, made.text()
    return f"{demo.server.url}/budgets/{made.json()['data']['id']}"


def test_a_view_that_is_shared_asks_the_same_for_everyone(
    demo: Demo, signed_in: dict[str, Any], member: dict[str, Any], browser: Browser
) -> None:
    name = "Storage by account"
    with looking(browser, signed_in, width=1440) as context:
        page = context.new_page()
        page.goto(f"{demo.server.url}/costs?range=last_month&group_by=sub_account_name")
        total = _total(page)
        page.get_by_text("Save this view").click()
        page.get_by_label("Name").fill(name)
        page.get_by_label("Everyone sees it").check()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".side").get_by_role("link", name=name)).to_be_visible()
    with looking(browser, member, width=1440) as context:
        page = context.new_page()
        page.goto(demo.server.url)
        page.locator(".side").get_by_role("link", name=name).click()
        expect(page.locator(".view-bar")).to_contain_text(name)
        assert _total(page) == total > 0
