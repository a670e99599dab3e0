"""Tables that are shown whole are sorted by each of their columns, both ways."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from costoptix.web.parts.sorting import Sorting
from tests.support.cost_pages import links
from tests.support.lake import Charge
from tests.support.pages import Browser


def test_what_has_no_value_comes_last_both_ways() -> None:
    rows = [3, None, 1, 2]
    for order_by, expected in (("n", [1, 2, 3, None]), ("-n", [3, 2, 1, None]), ("", rows)):
        assert Sorting({"n": lambda row: row}, order_by, str).rows(rows) == expected


PAGES = {
    "/settings/team": 3,
    "/settings/api-keys": 6,
    "/settings/usage": 2,
    "/settings/security": 4,
    "/accounts": 6,
    "/portfolio?tab=accounts": 7,
    "/portfolio?tab=services": 5,
}


@pytest.fixture
def three(lake):
    """Three accounts of a service each."""
    for number, name in enumerate(("b", "A", "c")):
        lake.deliver(
            Charge(
                service_name=name, sub_account_id=name, sub_account_name=name,
                effective_cost=Decimal(number + 1), provider_name=None if number else "AWS",
            )
        )  # fmt: skip
    return lake


@pytest.mark.parametrize("path", PAGES)
def test_each_column_sorts_and_a_wrong_one_is_named(three, api, alice_browser: Browser, path: str):
    api("/api/v1/health")  # a key that was used
    orders = {link for link in links(alice_browser.get(path).text) if "order_by=" in link}
    assert len(orders) == PAGES[path]
    for link in orders:
        page = alice_browser.get(link)
        assert page.status_code == 200
        [back] = {
            other for other in links(page.text)
            if other == link.replace("order_by=-", "order_by=")
        }  # fmt: skip
        assert alice_browser.get(back).status_code == 200
        assert 'aria-sort="descending"' in page.text
    sign = "&" if "?" in path else "?"
    wrong = alice_browser.get(f"{path}{sign}order_by=colour")
    assert wrong.status_code == 400
    assert "order_by" in wrong.text
    assert "must be one of" in wrong.text
    twice = alice_browser.get(f"{path}{sign}order_by=name&order_by=name")
    assert twice.status_code == 400


def test_accounts_come_in_the_order_asked_for(lake, alice_browser: Browser) -> None:
    for number, name in enumerate(("b", "A", "c")):
        amount = Decimal(number + 1)
        lake.deliver(Charge(sub_account_id=name, sub_account_name=name, effective_cost=amount))
    for order_by, expected in (("name", "Abc"), ("-name", "cbA"), ("cost", "bAc")):
        page = alice_browser.get(f"/accounts?order_by={order_by}").text
        assert "".join(re.findall(r"<bdi>(.)</bdi></a>", page)) == expected
