"""An open row: resources, SKUs, regions and tags side by side, each adding up to the row."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from tests.support.cost_pages import HOSTILE, links, table, text
from tests.support.lake import Charge
from tests.support.pages import Browser

MARCH = "start_date=2026-03-01&end_date=2026-03-19"


@pytest.fixture
def driven(lake):
    """One service of seven resources, and another."""
    lake.deliver(
        *(
            Charge(
                service_name="EC2", resource_id=f"i-{i}", sku_id=f"sku {i % 2}", region_id="eu",
                effective_cost=Decimal(10) ** i, tags='{"team":"web"}' if i else None,
            )
            for i in range(7)
        ),
        Charge(service_name="S3", effective_cost=Decimal(3)),
        Charge(service_name="EC2", billing_currency="EUR", resource_id="i-0"),
    )  # fmt: skip
    return lake


def lists(page: str) -> dict[str, list[tuple[str, str]]]:
    """The names and exact amounts of each list of the open row, the first currency's."""
    [row] = re.findall(r'<tr class="drivers".*?</tr>', page, re.DOTALL)[:1]
    return {
        text(title): [
            (text(name), amount)
            for name, amount in re.findall(
                r'<li>(.*?)<span class="num"><data value="([^"]*)"', part, re.DOTALL
            )
        ]
        for title, part in re.findall(r"<h3>(.*?)</h3>(.*?)</section>", row, re.DOTALL)
    }


def test_each_list_of_an_open_row_adds_up_to_the_row(driven, alice_browser: Browser):
    closed = alice_browser.get(f"/costs?{MARCH}&group_by=service_name").text
    [opening] = {link for link in links(closed) if "open=EC2" in link}
    page = alice_browser.get(opening.partition("#")[0]).text
    shown = lists(page)
    assert list(shown) == ["Resource", "SKU", "Region", "Tag team"]
    for values in shown.values():
        assert sum(Decimal(amount) for _, amount in values) == 1_111_111
    assert shown["Resource"][0] == ("i-6", "1000000")
    assert shown["Resource"][-1] == ("All others", "11")
    assert shown["Tag team"] == [("web", "1111110"), ("No team tag", "1")]
    assert page.count('class="drivers"') == 2  # a row of each currency
    assert table(page)[1] == table(closed)[1]
    assert [link for link in links(page) if "resource_id=i-6" in link]


def test_a_row_of_two_groups_opens_by_what_it_does_not_fix(driven, alice_browser: Browser):
    page = alice_browser.get(
        f"/costs?{MARCH}&granularity=monthly&group_by=service_name,region_id&open=EC2&open=eu"
    ).text
    shown = lists(page)
    assert list(shown) == ["Resource", "SKU", "Account ID", "Tag team"]
    assert sum(Decimal(amount) for _, amount in shown["SKU"]) == 1_111_111


def test_an_open_row_says_what_changed(driven, alice_browser: Browser):
    day = {"day": date(2026, 2, 1), "service_name": "EC2"}
    driven.deliver(Charge(**day, resource_id="i-6"), Charge(**day, resource_id="gone"))
    driven.deliver(Charge(service_name="S3", day=date(2026, 3, 10)))
    page = alice_browser.get(f"/costs?{MARCH}&group_by=service_name&open=EC2").text
    [row] = re.findall(r'<tr class="drivers".*?</tr>', page, re.DOTALL)[:1]
    assert "+$999,999.00" in text(row)  # i-6
    assert "+$10.00" in text(row)  # all others: 11 now, 1 before


def test_a_row_that_is_not_there_opens_nothing(driven, alice_browser: Browser):
    page = alice_browser.get(f"/costs?{MARCH}&group_by=service_name&open=nothing")
    assert page.status_code == 200
    assert 'class="drivers"' not in page.text


def test_names_of_drivers_are_never_markup(lake, alice_browser: Browser):
    lake.deliver(*(Charge(service_name=name, resource_id=name) for name in HOSTILE))
    for name in HOSTILE:
        asked = urlencode({"group_by": "service_name", "open": name})
        page = alice_browser.get(f"/costs?{MARCH}&{asked}")
        assert page.status_code == 200
        assert 'class="drivers"' in page.text
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
