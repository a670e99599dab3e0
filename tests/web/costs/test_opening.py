"""What the explorer opens on: six full months by service, of bills that are there."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.cost_pages import curl_of, table
from tests.support.lake import Charge
from tests.support.pages import Browser


@pytest.mark.parametrize(
    ("days", "months"),
    [
        ([date(2025, 11, 3), date(2026, 3, 2)], ["Sep 2025", "Feb 2026"]),
        ([date(2026, 3, 2)], ["Oct 2025", "Mar 2026"]),  # a first bill, of this month
        ([date(2024, 9, 1)], ["Apr 2024", "Sep 2024"]),
    ],
)
def test_it_opens_on_six_months_by_service(lake, alice_browser: Browser, days, months):
    lake.deliver(*(Charge(day=day, service_name="EC2") for day in days))
    page = alice_browser.get("/costs").text
    head, body, _ = table(page)
    assert head[2:8:5] == months
    assert [row[0] for row in body] == ["EC2"]
    assert "granularity=monthly" in curl_of(page)
    csv = alice_browser.get("/costs.csv")
    assert csv.text.splitlines()[0].startswith("Service,")


def test_without_bills_it_says_so(lake, alice_browser: Browser):
    assert alice_browser.get("/costs").status_code == 200
