"""One question has one number in figures, tables, charts, CSV and API, to the last digit."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from random import Random
from urllib.parse import urlencode

import pytest

from costoptix.access import api_keys
from costoptix.access.permissions import Permission
from costoptix.periods import DateRange
from tests.support.cost_pages import chart_totals
from tests.support.lake import TODAY, Charge, Lake
from tests.support.pages import Browser
from tests.web.test_figures import exact_values

DAYS = DateRange(date(2026, 1, 1), TODAY)
SERVICES, ACCOUNTS, REGIONS = ("EC2", "S3", None), ("111", "222"), ("eu", "us", None)
METRICS = ("effective_cost", "billed_cost")


def charges(random: Random) -> list[Charge]:
    """Return charges of many digits in two currencies, on some of the days."""
    return [
        Charge(
            day=random.choice(list(DAYS)), service_name=random.choice(SERVICES),
            sub_account_id=random.choice(ACCOUNTS), region_id=random.choice(REGIONS),
            billing_currency=random.choice(("USD", "USD", "EUR")),
            effective_cost=Decimal(random.randint(-(10**14), 10**16)).scaleb(-12),
            billed_cost=Decimal(random.randint(-(10**14), 10**16)).scaleb(-12),
        )
        for _ in range(150)
    ]  # fmt: skip


def question(random: Random) -> list[tuple[str, str]]:
    """Return a random range of at most 90 days, with filters that leave something."""
    first = random.randint(0, 60)
    last = random.randint(first + 10, len(list(DAYS)) - 1)
    asked = [("start_date", str(list(DAYS)[first])), ("end_date", str(list(DAYS)[last]))]
    for name, values in (("service_name", SERVICES), ("region_id", REGIONS)):
        chosen = random.sample(values, random.randint(0, 2))
        asked += [(name, value or "") for value in chosen]
    if random.random() < 0.5:
        asked.append(("account", f"aws:{random.choice(ACCOUNTS)}"))
    return asked


@pytest.mark.parametrize("seed", range(6))
def test_every_door_says_the_same_number(
    lake: Lake, session, acme, admin, alice_browser: Browser, seed: int
) -> None:
    random = Random(seed)
    lake.deliver(*charges(random))
    draft = api_keys.KeyDraft(name="t", permission=Permission.READ, expires_at=None)
    _, key = api_keys.create(session, acme, admin, draft)
    asked, metric = question(random), METRICS[seed % 2]
    answer = alice_browser.get(
        f"/api/v1/costs?{urlencode(asked)}", headers={"X-API-Key": key}
    ).get_json()
    sums = {one["currency"]: Decimal(one[metric]) for one in answer["data"]["totals"]}
    assert sums
    pages = urlencode([*asked, ("metric", metric)])
    for path in ("/", "/costs", "/daily", "/quarterly"):
        page = alice_browser.get(f"{path}?{pages}").text
        assert chart_totals(page) == sums, path
        if path in ("/daily", "/quarterly"):
            assert set(sums.values()) <= set(map(Decimal, exact_values(page))), path
    grouped = urlencode(
        [*asked, ("metric", metric), ("group_by", "service_name"), ("granularity", "total")]
    )
    rows = csv.DictReader(io.StringIO(alice_browser.get(f"/costs.csv?{grouped}").text))
    by_currency: dict[str, Decimal] = {}
    for row in rows:
        column = next(name for name in row if name in ("Amortised cost", "Billed cost"))
        by_currency[row["Currency"]] = by_currency.get(row["Currency"], Decimal(0)) + (
            Decimal(row[column])
        )
    assert by_currency == sums
