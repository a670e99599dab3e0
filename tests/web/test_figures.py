"""Daily spend, portfolio and quarterly report: the API's numbers, in every state."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest

from costoptix.costs.accounts import account_id
from costoptix.models import AccountName
from costoptix.periods import DateRange
from tests.support.cost_pages import HOSTILE, chart_totals, links, text
from tests.support.lake import TODAY, Charge, on
from tests.support.pages import Browser

PAGES = ("/daily", "/portfolio", "/quarterly", "/changes")
TOTALS = PAGES[:3]
TABS = ("overview", "accounts", "services", "compare")
EVERY_DAY = DateRange(date(2025, 12, 1), TODAY)
WEEK = "range=last_7_days"


@pytest.fixture
def billed(lake):
    """Four months of two services in two accounts, and one in euros."""
    lake.deliver(
        *on(Charge(effective_cost=Decimal("20.52")), *EVERY_DAY),
        *on(Charge(service_name="S3", sub_account_id="222", effective_cost=Decimal(2)), *EVERY_DAY),
        *on(
            Charge(
                service_name="VM", provider_name="Microsoft", sub_account_id="9",
                billing_currency="EUR", effective_cost=Decimal(3),
            ),
            *EVERY_DAY,
        ),
    )  # fmt: skip
    return lake


def exact_values(page: str) -> list[str]:
    return re.findall(r'<data value="([^"]*)"', page)


@pytest.mark.parametrize("path", PAGES)
def test_an_organization_without_bills_is_led_to_the_imports(lake, alice_browser, path):
    page = text(alice_browser.get(path).text)
    assert "No bills yet" in page


@pytest.mark.parametrize("path", PAGES)
def test_a_range_without_data_leads_to_the_last_month_with_data(billed, alice_browser, path):
    page = alice_browser.get(f"{path}?start_date=2024-01-01&end_date=2024-01-31")
    assert page.status_code == 200
    assert "No data in this range" in page.text
    assert f"{path}?start_date=2026-03-01&amp;end_date=2026-03-31" in page.text


@pytest.mark.parametrize("path", [*PAGES, *(f"/portfolio?tab={tab}" for tab in TABS)])
def test_a_member_sees_it_and_a_stranger_signs_in(billed, bob_browser, stranger, path):
    assert bob_browser.get(path).status_code == 200
    assert "/login" in stranger.get(path).headers["Location"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("metric=cost", "metric"),
        ("group_by=service_name", "group_by"),
        ("order_by=-change", "order_by"),
        ("granularity=daily", "granularity"),
        ("range=never", "range"),
        ("start_date=x", "start_date"),
        ("nonsense=1", "nonsense"),
        ("account=aws", "account"),
    ],
)
def test_a_wrong_parameter_is_named(billed, alice_browser, path, asked, named):
    page = alice_browser.get(f"{path}?{asked}")
    assert page.status_code == 400
    assert named in text(page.text)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/daily?range=last_6_months", "90 days"),
        ("/portfolio?tab=cost", "tab"),
        ("/portfolio?tab=compare&level=team", "level"),
        ("/portfolio?tab=compare&compare_start_date=2026-01-01", "compare_end_date"),
        ("/portfolio?tab=compare&compare_account=aws", "compare_account"),
        ("/portfolio?tab=compare&compare=none&compare_account=aws:1", "compare_account"),
        ("/portfolio?compare=ever", "compare"),
        ("/changes?compare=ever", "compare"),
        ("/changes?level=team", "level"),
        ("/changes?compare_account=aws:1", "compare_account"),
        ("/changes?level=sku&level=sku", "level"),
        ("/daily?compare=ever", "compare"),
        ("/quarterly?compare=none", "compare"),
    ],
)
def test_a_wrong_option_is_named(billed, alice_browser, path, named):
    page = alice_browser.get(path)
    assert page.status_code == 400
    assert named in text(page.text)


@pytest.mark.parametrize("path", TOTALS)
def test_the_totals_are_the_cost_query_s(billed, alice_browser, path):
    page = alice_browser.get(f"{path}?{WEEK}").text
    totals = billed.ask(("range", "last_7_days")).totals
    for each in totals:
        assert str(each.effective_cost.normalize()) in exact_values(page)


def test_today_is_partial_and_said_to_be(billed, alice_browser):
    page = text(alice_browser.get(f"/daily?{WEEK}").text)
    assert "Fri 20 Mar 2026 ⚡ partial" in page
    assert "Average per day $22.52 6 complete days" in page
    assert "needs 14 complete days" in page
    assert "Trend = stable" in text(alice_browser.get("/daily").text)
    past = alice_browser.get("/daily?start_date=2026-02-01&end_date=2026-02-10").text
    assert "⚡" not in past


@pytest.mark.parametrize("days", ["7", "14", "30", "60", "90"])
def test_the_days_offered_are_ranges_of_the_api(billed, alice_browser, days):
    page = alice_browser.get(f"/daily?range=last_{days}_days")
    assert f"{days} days" in text(page.text)
    assert f'/daily?range=last_{days}_days" aria-current="true"' in page.text


def test_the_portfolio_says_its_health_and_risk(billed, alice_browser):
    page = text(alice_browser.get("/portfolio").text)
    assert "Concentration risk High prod has 91.1%" in page
    assert "100 less up to 40 points" in page
    assert "prod (AWS) alone accounts for 91.1% of the cost." in page
    assert "Projected monthly $675.60" in page


def test_two_accounts_are_compared_by_what_makes_the_difference(
    billed, alice_browser, session, acme
):
    session.add(AccountName(organization_id=acme.id, account_id=account_id("aws:222"), name="Shop"))
    session.commit()
    page = alice_browser.get(
        f"/portfolio?{WEEK}&tab=compare&account=aws:111&compare_account=aws:222"
    ).text
    assert "prod against Shop" in text(page)
    assert "−$12.00" in page  # S3 runs in the other account only
    assert exact_values(page)[:3] == ["123.12", "12", "111.12"]  # one, other, difference
    head = page.partition("What makes the difference")[2].partition("</thead>")[0]
    assert "Service Shop prod Difference" in text(head)


def test_two_periods_are_compared(billed, alice_browser):
    page = text(
        alice_browser.get(
            f"/portfolio?{WEEK}&tab=compare&compare_start_date=2026-02-01&compare_end_date=2026-02-10"
        ).text
    )
    assert "14–19 Mar 2026 against 1–10 Feb 2026" in page
    assert "The two have 6 and 10 days." in page


def test_the_page_of_changes_says_why_in_a_sentence_and_by_parts(billed, alice_browser):
    billed.deliver(
        Charge(date(2026, 3, 17), service_name="RDS", effective_cost=Decimal("7.5")),
        Charge(date(2026, 3, 18), charge_category="Tax", effective_cost=Decimal("-2.25")),
        Charge(TODAY, effective_cost=Decimal(0)),
        source="more",
    )
    page = alice_browser.get(f"/changes?{WEEK}").text
    sentence = "14–19 Mar 2026 is $5.25 (3.9%) above 8–13 Mar 2026: RDS +$7.50 newly used"
    assert sentence in text(page)
    assert "New what was not there before +$7.50" in text(page)
    assert "Tax as the bill has it −$2.25" in text(page)
    assert "Change +$5.25" in text(page)
    assert sentence in text(alice_browser.get(f"/?{WEEK}").text)
    by_account = text(alice_browser.get(f"/changes?{WEEK}&level=account").text)
    assert "prod" in by_account


@pytest.mark.parametrize(
    "path",
    [f"/changes?{WEEK}&level=account", "/portfolio", "/portfolio?tab=accounts", "/quarterly", "/"],
)
def test_accounts_are_called_as_the_team_does(billed, alice_browser, session, acme, path):
    session.add(AccountName(organization_id=acme.id, account_id=account_id("aws:111"), name="Shop"))
    session.commit()
    assert "Shop" in text(alice_browser.get(path).text.partition("</form>")[2])


@pytest.mark.parametrize("path", ["/changes", "/portfolio?tab=compare"])
def test_a_first_delivery_has_nothing_before_it_and_leads_to_the_explorer(
    lake, alice_browser, path
):
    lake.deliver(*on(Charge(), *DateRange(date(2026, 3, 1), TODAY)))
    page = alice_browser.get(path).text
    assert "There is nothing earlier yet to compare with: the bills begin on 1 Mar 2026." in (
        text(page)
    )
    (there,) = [link for link in links(page) if link.startswith("/costs?range=")]
    assert alice_browser.get(there).status_code == 200
    more = "&" if "?" in path else "?"
    today = text(alice_browser.get(f"{path}{more}start_date=2026-03-20&end_date=2026-03-20").text)
    assert "no day of the range is complete" in today
    assert "nothing earlier yet" not in today


def test_a_mover_opens_one_level_closer(billed, alice_browser):
    page = alice_browser.get(f"/portfolio?{WEEK}&tab=compare").text
    opened = next(
        link
        for link in re.findall(r'href="([^"]+)"', page)
        if "level=account" in link and "EC2" in link
    )
    closer = text(alice_browser.get(opened.replace("&amp;", "&")).text)
    assert "prod" in closer
    assert "S3" not in closer.split("What makes the difference")[1]


def test_nothing_to_compare_is_said(billed, alice_browser):
    page = text(alice_browser.get("/portfolio?tab=compare&range=last_12_months").text)
    assert "There is nothing earlier yet to compare with" in page
    page = text(alice_browser.get("/portfolio?tab=compare&compare=none").text)
    assert "Nothing is compared" in page


def test_quarters_are_shown_with_their_change(billed, alice_browser):
    page = text(alice_browser.get("/quarterly").text)
    assert "Q1 2026 partial" in page
    assert "No charges in this quarter." in page  # Q1 to Q3 2025


@pytest.mark.parametrize("stack", ["", "&stack=service", "&stack=provider"])
def test_the_quarters_are_drawn_and_add_up_to_their_table(billed, alice_browser, stack):
    page = alice_browser.get(f"/quarterly?start_date=2025-10-01&end_date=2026-03-20{stack}").text
    drawn = chart_totals(page)
    assert set(drawn) == {"USD", "EUR"}
    for total in billed.ask(("start_date", "2025-10-01"), ("end_date", "2026-03-20")).totals:
        assert drawn[total.currency] == total.effective_cost
    first = text(page.partition("<figure data-chart>")[2].partition("</figure>")[0])
    assert ("EC2" in first) == ("provider" not in stack)
    assert "Q4 2025" in first


def test_the_quarters_are_stacked_by_what_there_is(billed, alice_browser):
    assert alice_browser.get("/quarterly?stack=region").status_code == 400
    assert alice_browser.get("/quarterly.csv?stack=provider").status_code == 200


def test_a_day_without_charges_is_a_gap_and_is_compared_with_nothing(lake, alice_browser):
    days = [day for day in DateRange(date(2026, 3, 1), TODAY) if day.day != 10]
    lake.deliver(*on(Charge(effective_cost=Decimal(2)), *days))
    page = alice_browser.get("/daily?range=last_14_days").text
    rows = dict(
        re.findall(r'<th scope="row">\w+ (\d+ Mar 2026).*?</th>(.*?)</tr>', page, re.DOTALL)
    )
    assert text(rows["10 Mar 2026"]) == "no charges"
    assert text(rows["11 Mar 2026"]) == "$2.00"
    assert text(rows["12 Mar 2026"]) == "$2.00 $0.00 0.0%"


def test_the_quarterly_csv_adds_up_and_is_guarded(lake, alice_browser):
    """S43: text that looks like a formula is not one."""
    lake.deliver(
        Charge(day=date(2026, 1, 5), service_name="=cmd()", effective_cost=Decimal("-1.5")),
        Charge(day=date(2026, 1, 6), service_name="@S3", effective_cost=Decimal(4)),
        Charge(day=date(2026, 3, 19), effective_cost=Decimal(1)),
    )
    answer = alice_browser.get("/quarterly.csv?start_date=2026-01-01&end_date=2026-03-20")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    sums = {
        kind: sum(Decimal(row["Cost"]) for row in rows if row["Kind"] == kind)
        for kind in ("total", "service", "account")
    }
    assert set(sums.values()) == {Decimal("3.5")}
    assert {"'=cmd()", "'@S3"} <= {row["Name"] for row in rows}
    assert "-1.5" in {row["Cost"] for row in rows}


@pytest.mark.parametrize("path", ["/portfolio", "/quarterly", "/quarterly.csv"])
def test_starter_is_told_what_it_would_show_and_which_tier_has_it(
    billed, alice_browser, acme, session, path
):
    acme.tier = "starter"
    session.commit()
    page = alice_browser.get(path)
    assert page.status_code == 403
    assert "needs the Professional tier" in page.text
    assert "This page would show" in page.text
    acme.tier = "professional"
    session.commit()
    assert alice_browser.get(path).status_code == 200


def test_another_organization_sees_none_of_it(billed, mallory_browser: Browser):
    for path in PAGES:
        assert "No bills yet" in mallory_browser.get(path).text


@pytest.mark.parametrize("path", [*PAGES, *(f"/portfolio?tab={tab}" for tab in TABS)])
def test_hostile_names_are_text(lake, alice_browser, path):
    """S42: what a bill says is never markup."""
    lake.deliver(
        *(
            Charge(
                day=day, service_name=name, sub_account_name=name, provider_name=name, sku_id=name
            )
            for day in (date(2026, 3, 1), date(2026, 3, 10), date(2026, 3, 18), date(2026, 3, 19))
            for name in HOSTILE
        )
    )
    page = alice_browser.get(path)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text


def test_each_formula_can_be_read_and_is_linked(billed, bob_browser):
    guide = bob_browser.get("/docs/figures").text
    anchors = set(re.findall(r'<h2 id="([^"]+)"', guide))
    linked = {
        anchor
        for path in (*PAGES, "/portfolio?tab=compare")
        for anchor in re.findall(r"/docs/figures#([\w-]+)", bob_browser.get(path).text)
    }
    assert linked == {"daily-spend", "portfolio", "movers", "quarterly-report"}
    assert linked <= anchors
    assert "<script" not in guide.split('<main id="main"')[1].split("</main>")[0]


def test_what_to_compare_with_replaces_another_account(billed, alice_browser: Browser):
    page = alice_browser.get(f"/portfolio?{WEEK}&tab=compare&compare_account=aws:222").text
    [last_year] = [link for link in links(page) if "compare=last_year" in link]
    assert "compare_account" not in last_year
    answer = alice_browser.get(last_year)
    assert answer.status_code == 200
    form = answer.text.partition('id="with"')[2].partition("Compare periods")[0]
    assert 'name="compare" ' not in form


def test_the_portfolio_compares_by_the_one_rule_and_names_the_days(billed, alice_browser):
    page = text(alice_browser.get("/portfolio?range=this_month").text)
    assert "1–19 Mar 2026 vs 1–19 Feb 2026" in page
    assert "on 20 Mar 2026" in page
    assert "1–19 Mar 2026 against 1–19 Feb 2026" in text(
        alice_browser.get("/daily?range=this_month").text
    )
    assert " vs 1–19 Feb" not in text(
        alice_browser.get("/portfolio?range=this_month&compare=none").text
    )
