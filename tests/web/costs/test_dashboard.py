"""The dashboard: the API's numbers, in every state that an organization can be in."""

from __future__ import annotations

import gzip
import re
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from tests.anomalies.anomaly import make_anomaly
from tests.support.cost_pages import HOSTILE, chart_totals, links, text
from tests.support.lake import Charge
from tests.support.pages import Browser

DAYS = [date(2026, 2, 1) + timedelta(days=i) for i in range(48)]


@pytest.fixture
def billed(lake):
    """Seven weeks of three services, one of them in euros."""
    lake.deliver(
        *(Charge(day=day, effective_cost=Decimal("10.25")) for day in DAYS),
        *(Charge(day=day, service_name="S3", effective_cost=Decimal("1.5")) for day in DAYS[30:]),
        *(
            Charge(
                day=day, service_name="VM", provider_name="Microsoft", sub_account_id="9",
                sub_account_name=None, billing_currency="EUR", effective_cost=Decimal("2"),
            )
            for day in DAYS
        ),
    )  # fmt: skip
    return lake


def test_the_key_figure_and_the_charts_are_the_apis_totals(billed, alice_browser: Browser):
    page = alice_browser.get("/?range=last_30_days").text
    found = billed.ask(("range", "last_30_days"))
    assert chart_totals(page) == {t.currency: t.effective_cost for t in found.totals}


def test_the_range_is_named_with_its_length_and_what_is_complete(billed, alice_browser: Browser):
    page = text(alice_browser.get("/?range=last_3_months").text)
    assert "1 Jan – 20 Mar 2026 · 2 months + 1 partial" in page
    assert "data complete through 19 Mar 2026" in page
    assert "Mar 2026: 19/31 days" in page


def test_without_parameters_it_shows_the_last_30_days_by_service(billed, alice_browser: Browser):
    bare = alice_browser.get("/").text
    assert "19 Feb – 20 Mar 2026 · 30 days" in text(bare)
    assert "Daily cost by service" in text(bare)
    said = alice_browser.get("/?range=last_30_days&group_by=service_name").text
    assert text(bare) == text(said)  # the hidden tokens differ from one second to the next


def test_month_to_date_and_its_comparisons(billed, alice_browser: Browser):
    page = text(alice_browser.get("/").text)
    assert "Month to date $232.00" in page  # 20 days of 10.25 and 18 of 1.50
    assert "vs 1–19 Feb 2026" in page
    assert "all of Feb 2026: $287.00" in page  # named, not subtracted
    assert "not compared: $11.75 on 20 Mar 2026" in page
    assert "Projected at current rate" in page


def test_each_currency_has_a_chart_of_its_own(billed, alice_browser: Browser):
    page = alice_browser.get("/").text
    assert page.count("<figure data-chart>") == 2
    assert "cost by service, USD" in page
    assert "cost by service, EUR" in page


def test_what_changed_is_ranked_by_money_on_complete_days(billed, alice_browser: Browser):
    page = text(alice_browser.get("/?range=this_month").text)
    assert "1–19 Mar 2026 against 1–19 Feb 2026" in page
    assert "Not compared: 20 Mar 2026." in page
    assert "1 critical 0 watch 1 healthy" in page  # of the same days: EC2 is level, S3 is new
    changed = page[page.index("What changed") :]
    assert changed.index("S3") < changed.index("VM")


def test_it_compares_with_what_is_asked_or_with_nothing(billed, alice_browser: Browser):
    billed.deliver(*(Charge(day=day.replace(year=2025)) for day in DAYS), source="year ago")
    page = text(alice_browser.get("/?range=this_month&compare=last_year").text)
    assert "1–19 Mar 2026 against 1–19 Mar 2025" in page
    assert "Period before, 1–19 Mar 2025" in page
    assert "against 1–19 Feb 2026" not in page
    page = text(alice_browser.get("/?range=this_month&compare=none").text)
    assert "Nothing is compared." in page
    assert "Period before" not in page
    assert alice_browser.get("/?compare=never").status_code == 400
    kept = alice_browser.get("/?compare=last_year").text
    ranges = [link for link in links(kept) if "range=last_month" in link]
    assert all("compare=last_year" in link for link in ranges)


@pytest.mark.parametrize("group_by", ["provider_name", "sub_account_name", "region_id", "tag:team"])
def test_it_groups_by_what_is_asked(billed, alice_browser: Browser, group_by):
    page = alice_browser.get(f"/?group_by={group_by}")
    assert page.status_code == 200
    found = billed.ask(("range", "last_30_days"))
    assert chart_totals(page.text) == {t.currency: t.effective_cost for t in found.totals}


def test_an_account_is_chosen_by_the_apis_own_name(billed, alice_browser: Browser):
    page = alice_browser.get("/?account=azure:9").text
    assert list(chart_totals(page)) == ["EUR"]
    assert '<option value="azure:9" selected>' in page
    assert '<option value="aws:111">prod' in page


def test_a_legend_entry_opens_the_explorer_on_that_group(billed, alice_browser: Browser):
    opened = [link for link in links(alice_browser.get("/").text) if "service_name=S3" in link]
    assert opened
    assert all(link.startswith("/costs?") for link in opened)
    found = alice_browser.get(opened[0])
    assert found.status_code == 200
    asked = billed.ask(("range", "last_30_days"), ("service_name", "S3"))
    assert chart_totals(found.text) == {"USD": asked.totals[0].effective_cost}


def test_data_of_the_past_lead_to_their_last_month(lake, alice_browser: Browser):
    lake.deliver(Charge(day=date(2024, 9, 3)))
    page = alice_browser.get("/").text
    assert "No data in this range" in page
    [there] = [link for link in links(page) if "start_date=2024-09-01" in link]
    assert "Sep 2024" in text(alice_browser.get(there).text)


def test_an_empty_organization_is_told_what_to_do(alice_browser: Browser, lake):
    page = alice_browser.get("/").text
    assert "No bills yet" in page
    assert 'href="/imports"' in page


def test_a_stranger_sees_none_of_it(billed, mallory_browser: Browser):
    assert "No bills yet" in mallory_browser.get("/").text
    assert "S3" not in text(mallory_browser.get("/?range=last_6_months").text)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ("range=yesterday", "range"),
        ("range=this_month&range=last_month", "range"),
        ("range=this_month&start_date=2026-01-01", "range"),
        ("start_date=2026-13-01", "start_date"),
        ("start_date=2026-03-02&end_date=2026-03-01", "end_date"),
        ("start_date=1990-01-01", "5 years"),
        ("group_by=colour", "group_by"),
        ("group_by=service_name,region_id", "group_by"),
        ("granularity=daily", "granularity"),
        ("order_by=-change", "order_by"),
        ("metric=effort", "metric"),
        ("compare=ever", "compare"),
        ("compare=none&compare=none", "compare"),
        ("metric=list_cost&metric=list_cost", "metric"),
        ("account=12", "account"),
        ("colour=red", "colour"),
        ("service_name=" + "x" * 3000, "service_name"),
        ("&".join(f"service_name={i}" for i in range(600)), "500"),
    ],
)
def test_a_wrong_parameter_is_named_in_words(billed, alice_browser: Browser, params, named):
    page = alice_browser.get(f"/?{params}")
    assert page.status_code == 400
    assert named in text(page.text)
    assert "<h1>" in page.text


def test_s42_names_from_bills_are_never_markup(lake, alice_browser: Browser):
    lake.deliver(
        *(
            Charge(
                day=date(2026, 3, 10), service_name=name, sub_account_name=name,
                provider_name=name, region_id=name,
            )
            for name in HOSTILE
        )
    )  # fmt: skip
    for group_by in ("service_name", "provider_name", "sub_account_name", "region_id"):
        page = alice_browser.get("/?" + urlencode({"group_by": group_by})).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert" in page


def test_an_account_that_bills_spell_and_name_anew_is_one_spender(lake, alice_browser: Browser):
    guid = "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"
    day = DAYS[-1]
    for number, (spelling, name) in enumerate([(guid, "Prod"), (f"/subscriptions/{guid}", "Web")]):
        lake.deliver(
            Charge(
                day=day, provider_name="Azure", sub_account_id=spelling, sub_account_name=name,
                effective_cost=Decimal(10 + number),
            ),
            source=name,
        )  # fmt: skip
    page = alice_browser.get("/").text
    card = text(page[page.index("Spend by account") :])
    assert "Web" in card
    assert "$21.00" in card
    assert "Prod" not in card
    assert f"account=azure%3A{guid}" in page


def test_a_saved_address_in_another_spelling_shows_the_account_as_chosen(
    lake, alice_browser: Browser
):
    guid = "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"
    lake.deliver(Charge(day=DAYS[-1], provider_name="Microsoft", sub_account_id=guid))
    page = alice_browser.get(f"/?account=azure:/subscriptions/{guid.upper()}").text
    assert f'<option value="azure:{guid}" selected>prod</option>' in page
    assert "/subscriptions/" not in page


def test_the_mark_on_a_bar_leads_to_its_finding_and_a_day_without_charges_is_a_gap(
    lake, session, acme, alice_browser: Browser
):
    lake.deliver(*(Charge(day=day) for day in DAYS if day.day != 5))
    row = make_anomaly(session, acme, day=DAYS[-3])
    figure = alice_browser.get("/").text.partition("<figure data-chart>")[2]
    assert f'<a href="/anomalies/{row.id}" aria-label="Anomaly: EC2, ' in figure
    assert f'<a class="badge up" href="/anomalies/{row.id}">' in figure
    assert figure.count('class="gap"') == 1
    assert text(figure).count("no charges") == 1
    weekly = alice_browser.get("/?range=last_6_months").text
    make_anomaly(session, acme, day=DAYS[-2], service_name="S3", impact=Decimal(9))
    assert f'<a href="/anomalies/{row.id}"' in weekly
    assert '<a href="/anomalies?start_date=2026-03-16&amp;end_date=2026-03-20"' in (
        alice_browser.get("/?range=last_6_months").text
    )


def test_what_has_no_tag_has_the_muted_colour_however_much_it_costs(lake, alice_browser: Browser):
    lake.deliver(
        Charge(day=DAYS[-3], effective_cost=Decimal(99)),
        Charge(day=DAYS[-3], tags='{"team": "web"}'),
    )
    page = alice_browser.get("/?group_by=tag:team").text
    assert re.findall(r'data-colour="(\d)" href="[^"]*"\s+title="([^"]*)"', page) == [
        ("9", "No team tag"), ("0", "web"),
    ]  # fmt: skip


def test_the_page_of_thirty_days_is_light(lake, alice_browser: Browser):
    days = DAYS[-36:]
    lake.deliver(
        *(
            Charge(
                day=day, service_name=f"Service {number}", sub_account_id=str(number % 7),
                billing_currency="EUR" if number % 4 == 0 else "USD",
                effective_cost=Decimal(10**12 + day.day * 7919**3 + number * 104729**2).scaleb(-10),
            )
            for day in days
            for number in range(28)
        )
    )  # fmt: skip
    page = alice_browser.get("/").data
    assert page.count(b"<figure data-chart>") == 2
    assert len(gzip.compress(page)) <= 15_000
