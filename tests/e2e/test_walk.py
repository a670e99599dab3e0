"""One walk: dashboard → a service → the explorer → its CSV and its curl say the same numbers."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page

from tests.e2e.conftest import looking
from tests.support.browser import curl
from tests.support.demo import Demo


def test_the_explorer_its_csv_and_its_curl_agree(
    demo: Demo, signed_in: dict[str, Any], browser: Browser
) -> None:
    with looking(browser, signed_in, width=1440) as context:
        page = context.new_page()
        page.goto(f"{demo.server.url}/?range=last_30_days")
        page.locator(".legend a").first.click()
        page.wait_for_url(lambda url: "/costs?" in url and "service_name=" in url)
        metric = parse_qs(urlsplit(page.url).query).get("metric", ["effective_cost"])[0]
        on_screen = Decimal(page.locator("h2 .num data").first.get_attribute("value") or "")
        assert on_screen == _sum_of_csv(page) == _sum_by_curl(page, demo, metric)
        assert on_screen > 0


def _sum_of_csv(page: Page) -> Decimal:
    link = page.get_by_role("link", name="CSV", exact=True).first.get_attribute("href")
    assert link is not None
    text = page.request.get(f"{_origin(page)}{link}").text()
    rows = list(csv.DictReader(io.StringIO(text)))
    (title,) = (name for name in rows[0] if name.endswith(" cost"))
    return sum((Decimal(row[title]) for row in rows), Decimal(0))


def _sum_by_curl(page: Page, demo: Demo, metric: str) -> Decimal:
    command = page.locator("#curl").text_content() or ""
    environment = os.environ | {"COST_OPTIX_KEY": demo.key}
    told = subprocess.check_output(
        ["sh", "-c", command.replace("curl ", f"{curl()} -s ", 1)], env=environment, text=True
    )
    totals = json.loads(told)["data"]["totals"]
    return sum((Decimal(total[metric]) for total in totals), Decimal(0))


def _origin(page: Page) -> str:
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}"


def test_the_form_of_a_budget_suggests_the_values_of_a_key_that_is_typed(
    demo: Demo, signed_in: dict[str, Any], browser: Browser
) -> None:
    with looking(browser, signed_in, width=1440) as context:
        page = context.new_page()
        page.goto(f"{demo.server.url}/budgets/new")
        page.locator("#key_1").fill("team")
        page.locator("#key_1").press("Tab")
        page.locator("#values-of-1 option").first.wait_for(state="attached")
        values = page.eval_on_selector_all("#values-of-1 option", "all => all.map(o => o.value)")
        assert "platform" in values
        # What is wrong is marked, and the reader is brought there.
        page.locator("#name").fill("Platform")
        page.locator("#amount").fill("9.000,5")
        page.get_by_role("button", name="Make the budget").click()
        page.locator("#amount-error").wait_for()
        assert page.evaluate("document.activeElement.id") == "amount"
        assert page.locator("#key_1").input_value() == "team"
