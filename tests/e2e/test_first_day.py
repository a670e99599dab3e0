"""A person's first day: from an empty machine to a number in a pipeline, and a key taken away."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from costoptix.clock import utc_today
from costoptix.periods import next_month
from tests.support.browser import curl
from tests.support.cast import PASSWORD
from tests.support.cost_pages import HOSTILE
from tests.support.server import Server

SAMPLE = Path(__file__).parents[1] / "data" / "focus" / "focus_1_0_sample.csv"
NAMED = [
    "BillingAccountId", "BillingAccountName", "ChargeDescription", "InvoiceIssuerName",
    "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName",
    "ServiceName", "SkuId", "SubAccountId", "SubAccountName",
]  # fmt: skip
OTHERS = [
    "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "BillingCurrency",
    "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd",
    "ChargeCategory", "Tags",
]  # fmt: skip
RANGE = "?range=last_3_months"
NAMING_PAGES = (
    f"/{RANGE}", f"/{RANGE}&group_by=tag:team", f"/costs{RANGE}&group_by=service_name",
    f"/costs{RANGE}&group_by=sub_account_name&group_by=tag:team&filter_by=resource_id",
    "/daily?range=last_90_days", f"/portfolio{RANGE}", f"/portfolio{RANGE}&tab=accounts",
    f"/portfolio{RANGE}&tab=services", "/quarterly", "/changes", "/anomalies", "/accounts",
    "/imports", "/budgets/new",
)  # fmt: skip
KEY = re.compile(r"\bcc_[0-9A-Za-z]{46}\b")


def ask(server: Server, key: str, query: str) -> tuple[int, Any]:
    """Call the API as a script would."""
    url = f"{server.url}/api/v1/costs?{query}"
    command = [curl(), "-s", "-w", "\n%{http_code}", "-H", f"X-API-Key: {key}", url]
    body, _, status = subprocess.check_output(command, text=True).rpartition("\n")
    return int(status), json.loads(body)


def set_up(page: Page, server: Server) -> None:
    page.goto(server.url)
    expect(page).to_have_url(re.compile("/setup"))
    page.get_by_label("Organization").fill("Acme Cloud")
    page.locator("input[type=email]").fill("alice@example.com")
    page.locator("input[type=password]").first.fill(PASSWORD)
    page.get_by_role("button", name=re.compile("Create")).first.click()


def import_sample(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/imports")
    page.locator("input[type=file]").first.set_input_files(SAMPLE)
    page.get_by_role("button", name=re.compile("Import|Upload")).first.click()
    # Sent by a script, which shows the import when all of it has arrived: leaving earlier ends it.
    page.wait_for_url(re.compile("/imports/[0-9a-f-]{36}$"))
    page.goto(f"{server.url}/imports")
    expect(page.get_by_text(re.compile("^live$", re.IGNORECASE)).first).to_be_visible(
        timeout=60_000
    )


def test_set_up_import_ask_and_revoke(page: Page, fresh: Server) -> None:
    set_up(page, fresh)
    expect(page.get_by_text("0 of 5")).to_be_visible()
    import_sample(page, fresh)
    page.get_by_role("link", name=SAMPLE.name).click()
    page.get_by_role("link", name=re.compile("^See .*costs")).click()
    assert page.locator("h2 .num data").first.get_attribute("value") == "14.97651418586"
    page.goto(fresh.url)
    expect(page.get_by_text("1 of 5")).to_be_visible()

    page.goto(f"{fresh.url}/settings/api-keys")
    page.get_by_label("Name").fill("CI Pipeline")
    page.get_by_role("button", name=re.compile("Create")).click()
    shown = KEY.search(page.content())
    assert shown is not None
    key = shown.group()
    command = page.get_by_text(re.compile(r"^curl ")).first.inner_text()
    assert "X-API-Key" in shlex.split(command)[2]

    status, body = ask(fresh, key, "start_date=2024-01-01&end_date=2024-12-31")
    assert status == 200
    assert body["data"]["totals"] == [
        {
            "currency": "USD",
            "billed_cost": "20.52022672899",
            "effective_cost": "14.97651418586",
            "list_cost": "20.39090575119",
            "contracted_cost": "14.97626039326",
        }
    ]
    assert body["meta"]["missing"] == {"USD": {"contracted_cost": 7}}

    page.goto(f"{fresh.url}/settings/api-keys")
    assert key not in page.content()  # S33: shown once
    page.go_back()
    assert key not in page.content()

    page.goto(f"{fresh.url}/settings/api-keys")
    page.get_by_role("link", name="Revoke").first.click()
    page.locator("main input[type=text]").fill("CI Pipeline")
    page.get_by_role("button", name=re.compile("Revoke")).last.click()
    expect(page.get_by_text(re.compile("revoked", re.IGNORECASE)).first).to_be_visible()
    status, body = ask(fresh, key, "range=last_month")
    assert status == 401
    assert body["success"] is False


def bill_of(names: list[str]) -> bytes:
    """A FOCUS bill of this month that uses each name wherever a bill has names."""
    first = utc_today().replace(day=1)
    days = [first - timedelta(days=40 - n) for n in range(40)]
    text = io.StringIO()
    lines = csv.DictWriter(text, NAMED + OTHERS)
    lines.writeheader()
    for name, day in product(names, days):
        cost = 9000 if day == days[-3] else 100
        lines.writerow(
            dict.fromkeys(NAMED, name)
            | dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost)
            | {
                "BillingCurrency": "USD",
                "BillingPeriodStart": f"{day.replace(day=1)}T00:00:00Z",
                "BillingPeriodEnd": f"{next_month(day)}T00:00:00Z",
                "ChargePeriodStart": f"{day}T00:00:00Z",
                "ChargePeriodEnd": f"{day + timedelta(days=1)}T00:00:00Z",
                "ChargeCategory": "Usage",
                "Tags": json.dumps({"team": name}),
            }
        )
    return text.getvalue().encode()


def test_no_name_of_a_bill_breaks_a_page(page: Page, fresh: Server) -> None:
    """Markup, direction marks, 300 letters, emoji: shown as text, and the layout holds."""
    wrong: list[str] = []
    set_up(page, fresh)
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{fresh.url}/imports")
    bill = {"name": f"{HOSTILE[0]} 😀.csv", "mimeType": "text/csv", "buffer": bill_of(HOSTILE)}
    page.locator("input[type=file]").first.set_input_files([bill])  # type: ignore[list-item]
    page.get_by_role("button", name=re.compile("Import|Upload")).first.click()
    expect(page.get_by_text(re.compile("^live$", re.IGNORECASE)).first).to_be_visible(
        timeout=60_000
    )
    for path in NAMING_PAGES:
        for width in (1440, 390, 320):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(fresh.url + path)
            found = page.evaluate("document.documentElement.scrollWidth")
            if found > width:
                wrong.append(f"{path} is {found} px wide at {width}")
            if page.locator("main script, main img[onerror]").count():
                wrong.append(f"{path} holds markup of a name")
    assert not wrong, "\n".join(wrong)


def test_a_drop_of_two_kinds_of_files_is_said_to_be_two_deliveries(
    page: Page, fresh: Server
) -> None:
    set_up(page, fresh)
    page.goto(f"{fresh.url}/imports")
    other = SAMPLE.parents[1] / "oci" / "cost_report.csv"
    page.locator("input[type=file]").first.set_input_files([SAMPLE, other])
    page.get_by_role("button", name=re.compile("Import|Upload")).first.click()
    expect(page.get_by_text("These 2 files make 2 deliveries")).to_be_visible()
    for name in (SAMPLE.name, other.name):
        expect(page.get_by_role("link", name=name)).to_be_visible()
