"""The waterfall of the overview: lines that add up, each leading to the costs it is about."""

from __future__ import annotations

import html
import re
from datetime import date
from decimal import Decimal

from costoptix.periods import DateRange
from tests.figures.test_parts import other, used
from tests.support.cost_pages import text
from tests.support.lake import TODAY, Charge, on
from tests.support.pages import Browser

FEBRUARY = DateRange(date(2026, 2, 1), date(2026, 2, 28))
MARCH = DateRange(date(2026, 3, 1), date(2026, 3, 18))
_LINE = re.compile(r'<tr><th scope="row">(.*?)</th>.*?<data value="([^"]+)">', re.DOTALL)


def lines(page: str) -> list[tuple[str, str, Decimal]]:
    """Name, address and amount of each line of the first waterfall; the last is the change."""
    table = page.partition('<table class="table falls">')[2].partition("</table>")[0]
    return [
        (text(head), html.unescape((re.findall('href="([^"]+)"', head) or [""])[0]), Decimal(value))
        for head, value in _LINE.findall(table)
    ]


def test_the_lines_add_up_and_each_leads_to_its_costs(lake, alice_browser: Browser):
    dev = {"sub_account_id": "222", "sub_account_name": "dev"}
    lake.deliver(
        *on(used(1000), *FEBRUARY), *on(used(1600), *MARCH),
        *on(used(10, **dev), *FEBRUARY), *on(used(9, **dev), *MARCH),
        *on(used(500, service_name="S3"), *FEBRUARY),
        *on(other("Tax", 90), date(2026, 3, 2)),
        *on(used(5, service_name="SQS"), *FEBRUARY), *on(used(6, service_name="SQS"), *MARCH),
        Charge(day=date(2026, 3, 19), effective_cost=Decimal(0)),
    )  # fmt: skip
    page = alice_browser.get("/?range=this_month&compare=previous").text
    *steps, (_, _, change) = lines(page)
    assert sum(amount for _, _, amount in steps) == change
    assert [name for name, _, _ in steps][:2] == ["EC2 in prod usage", "S3 gone"]
    now, before = (
        lake.ask(("start_date", f"2026-{month}-01"), ("end_date", f"2026-{month}-18")).totals[0]
        for month in ("03", "02")
    )
    assert change == now.effective_cost - before.effective_cost
    for name, address, _ in steps:
        assert "range=this_month" in address
        assert alice_browser.get(address).status_code == 200, name
    assert "service_name=EC2" in steps[0][1]
    assert "account=aws%3A111" in steps[0][1]
    assert "charge_category=Usage" in steps[0][1]


def test_what_is_compared_goes_along_and_names_are_never_markup(lake, alice_browser: Browser):
    name = "<script>alert(1)</script>"
    lake.deliver(
        *on(used(10), *DateRange(date(2025, 2, 1), TODAY)),
        *on(used(900, service_name=name, sub_account_id=None), *MARCH),
    )
    page = alice_browser.get("/?range=this_month&compare=last_year&metric=billed_cost").text
    (_, address, _) = lines(page)[0]
    assert "compare=last_year" in address
    assert "metric=billed_cost" in address
    assert "sub_account_id=" in address
    assert alice_browser.get(address).status_code == 200
    assert name not in page
    assert not lines(alice_browser.get("/?compare=none").text)
