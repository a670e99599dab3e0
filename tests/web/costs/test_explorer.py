"""The cost explorer: one question as page, chart, table, CSV and curl, with the same numbers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costoptix.lake.layout import METRICS
from costoptix.web.parts.display import guarded
from tests.anomalies.anomaly import make_anomaly
from tests.support.cost_pages import (
    HOSTILE,
    chart_totals,
    csv_rows,
    csv_sums,
    curl_of,
    links,
    table,
    text,
)
from tests.support.fetched import most_memory
from tests.support.lake import Charge, on
from tests.support.pages import Browser
from tests.support.proving import count

TITLES = {
    "billed_cost": "Billed cost",
    "effective_cost": "Amortised cost",
    "list_cost": "List cost",
    "contracted_cost": "Contracted cost",
}
MARCH = "start_date=2026-03-01&end_date=2026-03-19"


GROUPS = ["", "service_name", "provider_name,region_id", "tag:team", "charge_category"]
FILTERS = [
    "",
    "provider_name=AWS",
    "region_id=",
    "exclude_charge_category=Credit",
    "tag:team=a&tag:team=b",
    "exclude_service_name=service 1&provider_name=Microsoft",
]


@settings(
    max_examples=count(small=6, full=100),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    first=st.dates(date(2026, 1, 1), date(2026, 3, 1)),
    length=st.integers(0, 80),
    group_by=st.sampled_from(GROUPS),
    chosen=st.sampled_from(FILTERS),
    metric=st.sampled_from(METRICS),
    granularity=st.sampled_from(["", "daily", "weekly", "monthly"]),
)
def test_page_chart_table_csv_and_api_have_the_same_numbers(
    billed, api, alice_browser, first, length, group_by, chosen, metric, granularity
):
    if group_by and granularity:
        granularity = "daily"
        length = max(31, length)  # up to so many days stand side by side: test_cost_table
    params = urlencode(
        [
            ("start_date", first.isoformat()),
            ("end_date", (first + timedelta(days=length)).isoformat()),
            *([("group_by", group_by)] if group_by else []),
            *([("granularity", granularity)] if granularity else []),
            *parse_qsl(chosen, keep_blank_values=True),
        ]
    )
    shown = f"{params}&metric={metric}&limit=1000&columns=total,compared,before,change"
    page = alice_browser.get(f"/costs?{shown}").text
    answer = api(f"/api/v1/costs?{params}&limit=1000")
    totals = {t["currency"]: t[metric] for t in answer["data"]["totals"]}
    known = {currency: Decimal(amount) for currency, amount in totals.items() if amount is not None}
    if not totals:
        assert "Nothing matches these filters" in page or "No data in this range" in page
        return
    if known.keys() == totals.keys():
        assert chart_totals(page) == known
    head, body, foot = table(page)
    at = head.index(TITLES[metric])
    sums = [row[at] for row in foot if not row[at].startswith(("Total", "–"))]
    assert sum(Decimal(row[at] or 0) for row in body) == sum(known.values())
    is_comparable = granularity != "weekly"
    compare = "&compare=previous" if is_comparable else ""
    compared = api(f"/api/v1/costs?{params}&limit=1000{compare}")
    if group_by or granularity:  # without groups the rows are the totals
        whole = [total[metric] for total in compared["data"]["totals"]]
        assert sorted(filter(None, sums)) == sorted(filter(None, whole))
    assert len(body) == compared["meta"]["row_count"]
    if is_comparable and compared["meta"]["compared"]:
        before = head.index("Change") - 1
        for column, side in ((before - 1, "compared"), (before, "before"), (before + 1, "change")):
            sides = [Decimal(row[side][metric] or 0) for row in compared["data"]["rows"]]
            if metric in ("billed_cost", "effective_cost"):
                assert sum(Decimal(row[column]) for row in body) == sum(sides)
    rows = csv_rows(alice_browser, shown)
    assert {c: csv_sums(rows, TITLES[metric])[c] for c in known} == known
    again = api(curl_of(page))
    assert again["data"]["totals"] == compared["data"]["totals"]
    assert again["meta"]["row_count"] == compared["meta"]["row_count"]


def test_each_row_is_compared_on_the_days_that_its_heads_name(billed, alice_browser: Browser):
    billed.deliver(Charge(day=date(2026, 2, 2), service_name="gone"))
    page = alice_browser.get("/costs?range=this_month&group_by=service_name&limit=1000").text
    head, body, foot = table(page)
    first = head.index("1–18 Mar 2026")
    assert head[first : first + 4] == ["1–18 Mar 2026", "1–18 Feb 2026", "Change", "Change %"]
    assert head[first + 4] == "Not compared: 19–20 Mar 2026"
    assert "1–18 Mar 2026 against 1–18 Feb 2026, complete days only." in text(page)
    assert "Period before, 1–18 Feb 2026" in text(page)
    assert "gone" in [row[0] for row in body]
    for row in (*body, *foot):
        now, before, change = (Decimal(row[at]) for at in (first, first + 1, first + 2))
        assert now - before == change
        if not row[0].startswith("Total"):
            assert Decimal(row[first - 2]) == now + Decimal(row[first + 4])


def test_months_of_other_lengths_name_their_days(billed, alice_browser: Browser):
    page = alice_browser.get("/costs?start_date=2026-02-01&end_date=2026-02-28").text
    assert "The two have 28 and 31 days." in text(page)
    assert "Per day %" in table(page)[0]


def test_nothing_is_compared_where_that_is_asked_for(billed, alice_browser: Browser):
    page = alice_browser.get(f"/costs?{MARCH}&group_by=service_name&compare=none").text
    assert "Change" not in table(page)[0]
    assert "compare" not in curl_of(page)
    year = alice_browser.get(f"/costs?{MARCH}&group_by=service_name&compare=last_year").text
    assert "Change" not in table(year)[0]  # before the first bill
    assert "compare=last_year" in curl_of(year)


def test_the_csv_has_exactly_the_columns_and_rows_of_the_page(billed, alice_browser: Browser):
    params = f"{MARCH}&group_by=service_name&order_by=-change"
    head, body, _ = table(alice_browser.get(f"/costs?{params}").text)
    rows = csv_rows(alice_browser, params)
    assert [*rows[0]] == [*(title for title in head if title != "Currency"), "Currency"]
    assert [row["Service"] for row in rows] == [row[0] for row in body]
    assert [row["Change"] for row in rows] == [row[head.index("Change")] for row in body]


def test_s43_no_text_of_a_csv_is_a_formula_and_numbers_stay_numbers(lake, alice_browser):
    names = ("=1+1", "@x", "-3", "+4")
    lake.deliver(*(Charge(service_name=name, effective_cost=Decimal(-2)) for name in names))
    rows = csv_rows(alice_browser, f"{MARCH}&group_by=service_name")
    assert sorted(row["Service"] for row in rows) == ["'+4", "'-3", "'=1+1", "'@x"]
    assert {row["Amortised cost"] for row in rows} == {"-2"}
    assert guarded("\t=1") == "'\t=1"
    assert guarded("＝1") == "'＝1"
    assert guarded("Amazon S3") == "Amazon S3"


def test_grouped_by_service_over_months_it_tells_how_each_moved(billed, alice_browser: Browser):
    head, body, _ = table(
        alice_browser.get("/costs?range=last_3_months&group_by=service_name").text
    )
    assert head[-8:] == [
        "Avg monthly", "Peak month", "Trend", "CAGR", "Total change", "MoM", "Confidence",
        "Anomaly",
    ]  # fmt: skip
    assert all(row[-6] in ("increasing", "stable", "decreasing", "–") for row in body)


def test_a_service_with_anomalies_is_flagged_and_leads_to_them(
    lake, alice_browser: Browser, session, acme
):
    days = (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 9))
    for service in ("EC2", "S3"):
        for account in ("111", "222"):
            lake.deliver(*on(Charge(service_name=service, sub_account_id=account), *days))
    make_anomaly(session, acme, severity="low")
    make_anomaly(session, acme, severity="critical", sub_account_id="222", day=date(2026, 3, 9))
    make_anomaly(session, acme, service_name="S3", status="false_positive")
    asked = f"{MARCH}&group_by=service_name"

    def flags(params: str) -> dict[str, str]:
        head, body, _ = table(alice_browser.get(f"/costs?{params}").text)
        assert head[-1] == "Anomaly"
        return {row[0]: row[-1] for row in body}

    assert flags(asked) == {"EC2": "critical", "S3": "–"}
    assert flags(f"{asked}&account=aws:111") == {"EC2": "low", "S3": "–"}
    assert flags(f"{asked}&exclude_sub_account_id=111") == {"EC2": "critical", "S3": "–"}
    assert flags(f"{asked}&start_date=2026-03-03".replace("start_date=2026-03-01&", "")) == {
        "EC2": "critical", "S3": "–",
    }  # fmt: skip
    assert [row["Anomaly"] for row in csv_rows(alice_browser, asked)] == ["critical", "–"]
    page = alice_browser.get(f"/costs?{asked}&account=aws:111").text
    (link,) = [each for each in links(page) if each.startswith("/anomalies?")]
    behind = alice_browser.get(link).text
    assert behind.count('class="row-link"') == 1
    assert "EC2" in behind


@pytest.mark.parametrize(
    "column", ["service_name", "effective_cost", "compared", "before", "change", "average",
               "peak_month", "trend", "cagr", "total_change", "month_over_month", "confidence",
               "anomaly"],
)  # fmt: skip
def test_every_column_can_be_sorted_both_ways(billed, alice_browser: Browser, column):
    params = "start_date=2026-02-10&end_date=2026-03-18&group_by=service_name&limit=1000"
    orders = []
    for order_by in (column, f"-{column}"):
        page = alice_browser.get(f"/costs?{params}&order_by={order_by}")
        assert page.status_code == 200
        direction = "descending" if order_by.startswith("-") else "ascending"
        assert f'aria-sort="{direction}"' in page.text
        orders.append(table(page.text)[1])
    assert sorted(orders[0]) == sorted(orders[1])


def test_filters_are_chips_that_can_be_taken_back(billed, alice_browser: Browser):
    page = alice_browser.get(
        f"/costs?{MARCH}&provider_name=AWS&region_id=&exclude_service_name=service+1"
    )
    assert "Provider: AWS" in text(page.text)
    assert "Region: No region" in text(page.text)
    assert "Service is not service 1" in text(page.text)
    kept = ("region_id=", "exclude_service_name=service+1")
    back = [
        link
        for link in links(page.text)
        if "provider_name" not in link and all(part in link for part in kept)
    ]
    assert back


def test_a_charge_category_is_switched_off_and_on(billed, alice_browser: Browser):
    on = alice_browser.get(f"/costs?{MARCH}").text
    [off] = [link for link in links(on) if link.endswith("exclude_charge_category=Credit")]
    page = alice_browser.get(off).text
    assert chart_totals(page) == {
        t.currency: t.effective_cost
        for t in billed.ask(
            ("start_date", "2026-03-01"), ("end_date", "2026-03-19"),
            ("exclude_charge_category", "Credit"),
        ).totals
    }  # fmt: skip
    assert f"/costs?{MARCH}" in links(page)


def test_a_legend_entry_and_a_row_filter_in_place(billed, alice_browser: Browser):
    page = alice_browser.get(f"/costs?{MARCH}&group_by=service_name").text
    filtering = [link for link in links(page) if "&service_name=service+3" in link]
    assert filtering
    assert all("group_by=service_name" in link for link in filtering)


def test_values_to_filter_by_are_offered_and_searched(billed, alice_browser: Browser):
    page = text(alice_browser.get(f"/costs?{MARCH}&filter_by=service_name").text)
    assert "service 3" in page
    assert "No service" in page
    assert "exclude service 3" in page
    found = alice_browser.get(f"/costs?{MARCH}&filter_by=service_name&q=VICE+3").text
    assert 'value="service 3"' in found
    assert 'value="service 4"' not in found


def test_complete_days_only_leaves_the_others_out(billed, alice_browser: Browser):
    page = alice_browser.get("/costs?range=this_month&complete_days=1").text
    assert "1–18 Mar 2026" in text(page)
    found = billed.ask(("start_date", "2026-03-01"), ("end_date", "2026-03-18"))
    assert chart_totals(page) == {t.currency: t.effective_cost for t in found.totals}


def test_of_many_rows_the_page_says_how_many_it_shows(lake, alice_browser: Browser):
    lake.deliver(*(Charge(resource_id=f"i-{i:04}") for i in range(1100)))
    page = alice_browser.get(f"/costs?{MARCH}&group_by=resource_id").text
    assert len(table(page)[1]) == 25
    assert "The first 25 of 1,100 rows." in text(page)
    assert (
        len(table(alice_browser.get(f"/costs?{MARCH}&group_by=resource_id&limit=1000").text)[1])
        == 1000
    )
    assert len(csv_rows(alice_browser, f"{MARCH}&group_by=resource_id")) == 1100


def test_without_dates_it_shows_the_apis_days(billed, api, alice_browser: Browser):
    page = alice_browser.get("/costs?metric=effective_cost").text
    answer = api("/api/v1/costs")
    assert chart_totals(page) == {
        t["currency"]: Decimal(t["effective_cost"]) for t in answer["data"]["totals"]
    }
    compared = api("/api/v1/costs?compare=previous")
    assert api(curl_of(page))["data"]["totals"] == compared["data"]["totals"]


def test_filters_that_match_nothing_can_be_removed(billed, alice_browser: Browser):
    page = alice_browser.get(f"/costs?{MARCH}&service_name=nothing").text
    assert "Nothing matches these filters" in page
    assert f"/costs?{MARCH}" in links(page)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ("group_by=colour", "group_by"),
        ("group_by=service_name,region_id,provider_name", "group_by"),
        ("granularity=hourly", "granularity"),
        ("granularity=daily&granularity=daily", "granularity"),
        ("metric=effort", "metric"),
        ("compare=ever", "compare"),
        ("complete_days=yes", "complete_days"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=" + "9" * 4000, "limit"),
        ("limit=٣", "limit"),
        ("order_by=colour", "order_by"),
        ("order_by=-change&granularity=daily", "order_by"),
        ("order_by=-2026-03-01&granularity=daily", "order_by"),
        ("order_by=2026-02-30", "order_by"),
        ("order_by=-change&order_by=share", "order_by"),
        ("columns=colour", "columns"),
        ("columns=share,share", "columns"),
        ("columns=share&columns=share", "columns"),
        ("columns=" + "share," * 4000, "columns"),
        ("open=EC2", "open"),
        ("open=EC2&open=S3&group_by=service_name", "open"),
        ("group_by=service_name&open=" + "x" * 3000, "open"),
        ("group_by=service_name&open=%00", "open"),
        ("q=" + "x" * 3000, "q"),
        ("q=%00", "q"),
        ("q=a&q=b", "q"),
        ("metric=list_cost&metric=list_cost", "metric"),
        ("filter_by=colour", "filter_by"),
        ("filter_by=tag:", "filter_by"),
        ("range=ever", "range"),
        ("start_date=2026-02-30", "start_date"),
        ("end_date=%00", "end_date"),
        ("colour=red", "colour"),
        ("cursor=x", "cursor"),
        ("region_id=%00", "region_id"),
        ("region_id=" + "x" * 3000, "region_id"),
    ],
)
@pytest.mark.parametrize("path", ["/costs", "/costs.csv"])
def test_a_wrong_parameter_is_named_in_words(lake, alice_browser: Browser, path, params, named):
    page = alice_browser.get(f"{path}?{params}")
    assert page.status_code == 400
    assert named in text(page.text)


def test_ordered_by_a_column_that_it_lacks_a_table_keeps_its_own_order(
    billed, alice_browser: Browser
):
    params = f"{MARCH}&group_by=service_name"
    own, lacking = (
        table(alice_browser.get(f"/costs?{params}{order_by}").text)
        for order_by in ("", "&order_by=-cagr")
    )
    assert lacking == own


def test_s42_names_from_bills_are_never_markup(lake, alice_browser: Browser):
    lake.deliver(
        *(
            Charge(service_name=name, region_id=name, tags='{"<b>team</b>": "<script>alert(2)"}')
            for name in HOSTILE
        )
    )
    for params in (
        f"{MARCH}&group_by=service_name,region_id",
        f"{MARCH}&group_by=tag:<b>team</b>&granularity=daily",
        f"{MARCH}&filter_by=service_name",
        f"{MARCH}&" + urlencode([("service_name", name) for name in HOSTILE]),
    ):
        page = alice_browser.get(f"/costs?{params}")
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "<b>team" not in page.text


def test_a_csv_of_many_rows_is_streamed_in_constant_memory(lake, alice_browser) -> None:
    """The same columns, shares among them; more rows than the page compares."""
    lake.deliver(Charge(resource_id="i-"), copies=10_000)
    params = f"{MARCH}&group_by=resource_id"
    alice_browser.get("/costs?" + params)
    with most_memory(4 << 20):
        answer = alice_browser.stream("/costs.csv?" + params)
        lines = sum(block.count(b"\r\n") for block in answer.iter_encoded())
        answer.close()
    assert answer.headers["X-Row-Count"] == "10000"
    assert lines == 10_001


@pytest.mark.parametrize("granularity", ["total", "daily"])
def test_a_csv_of_more_rows_than_are_compared_has_the_columns_of_the_page(
    lake, alice_browser, granularity: str
) -> None:
    """S43: guarded against formulas, however long."""
    lake.deliver(Charge(resource_id="="), copies=1_200)
    asked = f"{MARCH}&group_by=resource_id&granularity={granularity}&columns=total,share"
    rows = csv_rows(alice_browser, asked)
    assert len(rows) == 1_200
    assert {row["Amortised cost"] for row in rows} == {"1"}
    assert {row["Share"] for row in rows} == {"0.1"}
    assert all(row["Resource"].startswith("'=") for row in rows)
