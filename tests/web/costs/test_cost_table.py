"""The table with a column per bucket: its sums are the API's, to the last digit."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costoptix.lake.layout import METRICS
from costoptix.periods import DateRange, Granularity
from costoptix.web.costs.cost_charts import short_title
from costoptix.web.costs.cost_columns import COLUMN_TITLES
from costoptix.web.parts.wording import DIMENSION_TITLES, METRIC_TITLES
from costoptix.written import brief
from tests.support.cost_pages import csv_rows, links, table, text
from tests.support.lake import Charge
from tests.support.pages import Browser
from tests.support.proving import count

QUARTER = "start_date=2026-01-01&end_date=2026-03-31"
MONTHLY = f"{QUARTER}&granularity=monthly"
MONTHS = ["Jan 2026", "Feb 2026", "Mar 2026"]
LONGEST = {"daily": 31, "weekly": 80, "monthly": 80, "quarterly": 80}
FILTERS = ["", "provider_name=AWS", "exclude_charge_category=Credit", "tag:team=a&tag:team="]


def title_of(dimension: str) -> str:
    return "Tag team" if dimension == "tag:team" else DIMENSION_TITLES[dimension]


def name_of(value: str | None, dimension: str) -> str:
    lacking = "No team tag" if dimension == "tag:team" else f"No {title_of(dimension).lower()}"
    return value or lacking


@settings(
    max_examples=count(small=6, full=100),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    first=st.dates(date(2026, 1, 1), date(2026, 3, 1)),
    length=st.integers(1, 80),
    group_by=st.sampled_from(["service_name", "provider_name,region_id", "tag:team"]),
    chosen=st.sampled_from(FILTERS),
    metric=st.sampled_from(METRICS),
    granularity=st.sampled_from(list(LONGEST)),
)
def test_cells_rows_and_columns_add_up_to_what_the_api_answers(
    billed, api, alice_browser, first, length, group_by, chosen, metric, granularity
):
    last = first + timedelta(days=min(length, LONGEST[granularity]) - 1)
    of_all = [("start_date", first.isoformat()), ("end_date", last.isoformat())]
    of_all += parse_qsl(chosen, keep_blank_values=True)
    by_bucket = [*of_all, ("granularity", granularity)]
    params = urlencode([*by_bucket, ("group_by", group_by)])

    def ask(*pairs: tuple[str, str]) -> dict:
        return api(f"/api/v1/costs?{urlencode([*pairs, ('limit', '1000')])}")["data"]

    answer = ask(*by_bucket, ("group_by", group_by))
    rows = csv_rows(alice_browser, f"{params}&metric={metric}&columns=periods,total")
    if not answer["totals"]:
        assert rows == []
        return
    dimensions = group_by.split(",")
    days = {row["period_start"]: row["period_end"] for row in answer["rows"]}
    titles = {
        start: short_title(
            DateRange(date.fromisoformat(start), date.fromisoformat(end)), Granularity(granularity)
        )
        for start, end in days.items()
    }
    cells = {
        (*(name_of(row[name], name) for name in dimensions), row["currency"],
         titles[row["period_start"]]): row[metric]
        for row in answer["rows"] if row[metric] is not None
    }  # fmt: skip
    heads = {title_of(name) for name in dimensions} | {"Currency", METRIC_TITLES[metric]}
    assert {
        (*(row[title_of(name)] for name in dimensions), row["Currency"], title): amount
        for row in rows
        for title, amount in row.items()
        if title not in heads and amount
    } == cells
    for row in rows:
        amounts = [Decimal(a) for title, a in row.items() if title not in heads and a]
        assert sum(amounts) == Decimal(row[METRIC_TITLES[metric]] or 0)
    page = alice_browser.get(f"/costs?{params}&metric={metric}&columns=periods,total&limit=2").text
    head, body, foot = table(page)
    totals = {total["currency"]: total[metric] for total in ask(*of_all)["totals"]}
    columns = {
        (row["currency"], titles[row["period_start"]]): row[metric]
        for row in ask(*by_bucket)["rows"]
    }
    sums = {row[0].removeprefix("Total").strip() or next(iter(totals)): row for row in foot
            if row[0].startswith("Total")}  # fmt: skip
    for currency, row in sums.items():
        assert Decimal(row[head.index("Total")] or 0) == Decimal(totals.get(currency) or 0)
        for title in titles.values():
            assert (row[head.index(title)] or None) == columns.get((currency, title))
    written = [brief(Decimal(a), key[-2]) for key, a in cells.items()]
    of_buckets = [head.index(title) for title in titles.values()]
    assert {row[at] for row in body for at in of_buckets} <= {*written, ""}


@pytest.fixture
def three(lake):
    """Three services over three months, the third only in the last."""
    for month, amounts in ((1, (1, 30)), (2, (20, 2)), (3, (3, 4, 900))):
        lake.deliver(
            *(
                Charge(
                    day=date(2026, month, 2), service_name=f"S{i}", resource_id=f"r{i}-{month}",
                    region_id="eu" if i else None, effective_cost=Decimal(amount),
                )
                for i, amount in enumerate(amounts)
            )
        )  # fmt: skip
    return lake


def names(browser: Browser, params: str) -> list[str]:
    return [row[0] for row in table(browser.get(f"/costs?{params}").text)[1]]


def test_months_stand_side_by_side_with_line_total_share_and_change(three, alice_browser: Browser):
    page = alice_browser.get(f"/costs?{MONTHLY}&group_by=service_name,region_id").text
    head, body, foot = table(page)
    assert head == ["Service", "Region", "Trend line", *MONTHS, "Total", "Share"]
    assert [row[:1] + row[3:] for row in body] == [
        ["S2", "", "", "$900", "900", "93.8%"],
        ["S1", "$30.00", "$2.00", "$4.00", "36", "3.8%"],
        ["S0", "$1.00", "$20.00", "$3.00", "24", "2.5%"],
    ]
    assert foot[0][3:] == ["31", "22", "907", "960", ""]
    assert page.count('class="small-line"') == 4
    assert "<small>partial</small>" in page  # March ends after today


def test_it_is_sorted_by_each_of_its_columns(three, alice_browser: Browser):
    by_month = f"{MONTHLY}&group_by=service_name&order_by="
    assert names(alice_browser, f"{by_month}-2026-01-01") == ["S1", "S0", "S2"]
    assert names(alice_browser, f"{by_month}2026-02-01") == ["S1", "S0", "S2"]
    assert names(alice_browser, f"{by_month}-2026-03-01") == ["S2", "S1", "S0"]
    assert names(alice_browser, f"{by_month}service_name") == ["S0", "S1", "S2"]
    assert names(alice_browser, f"{by_month}share") == ["S0", "S1", "S2"]
    assert names(alice_browser, f"{by_month}period_start") == ["S2", "S1", "S0"]
    page = alice_browser.get(f"/costs?{by_month}-2026-02-01").text
    assert 'aria-sort="descending"' in page
    assert [row["Service"] for row in csv_rows(alice_browser, f"{by_month}-2026-01-01")] == [
        "S1", "S0", "S2",
    ]  # fmt: skip
    start = page.index('<table class="table costs')
    heads = links(page[start : page.index("</thead>", start)])
    assert len(heads) == 6  # all but the line: service, three months, total, share
    assert all(alice_browser.get(link).status_code == 200 for link in heads)


def test_what_is_not_shown_stands_below_as_others(three, alice_browser: Browser):
    _, body, foot = table(alice_browser.get(f"/costs?{MONTHLY}&group_by=service_name&limit=1").text)
    assert [row[0] for row in body] == ["S2"]
    assert foot[0][:6] == ["Others", "", "31", "22", "7", "60"]
    assert foot[1][:6] == ["Total", "", "31", "22", "907", "960"]


def test_columns_are_chosen(three, alice_browser: Browser):
    asked = f"{MONTHLY}&group_by=service_name"
    page = alice_browser.get(f"/costs?{asked}&columns=share&columns=trend,total").text
    assert table(page)[0] == ["Service", "Total", "Share", "Trend"]
    assert list(csv_rows(alice_browser, f"{asked}&columns=share,total")[0]) == [
        "Service", "Amortised cost", "Share", "Currency",
    ]  # fmt: skip
    assert "columns=total%2Cshare%2Ctrend" in page
    lacking = alice_browser.get(f"/costs?{asked}&columns=per_day").text
    assert "Total" in table(lacking)[0]
    every = alice_browser.get(f"/costs?{asked}&columns={','.join(COLUMN_TITLES)}")
    assert every.status_code == 200


def test_more_days_than_fit_side_by_side_stand_below_each_other(three, alice_browser: Browser):
    days = "start_date=2026-02-01&granularity=daily&group_by=service_name&end_date=2026-03-"
    assert table(alice_browser.get(f"/costs?{days}03").text)[0][1] == "Trend line"
    assert table(alice_browser.get(f"/costs?{days}04").text)[0][:2] == ["Day", "Service"]


def test_a_file_of_more_groups_than_a_page_holds_has_each_in_its_months(lake, alice_browser):
    lake.deliver(Charge(day=date(2026, 1, 1), resource_id="r"), copies=1_100)
    lake.deliver(Charge(day=date(2026, 2, 1), resource_id="r", effective_cost=Decimal(2)))
    lake.deliver(Charge(day=date(2026, 2, 1), resource_id="s", effective_cost=Decimal(5)))
    asked = f"{MONTHLY}&group_by=resource_id&compare=none"
    rows = csv_rows(alice_browser, asked)
    assert len(rows) == 1_102
    both = {row["Resource"]: (row["Jan 2026"], row["Feb 2026"]) for row in rows}
    assert both["r"] == ("", "2")
    assert both["s"] == ("", "5")
    assert list(both.values()).count(("1", "")) == 1_100
    page = alice_browser.get(f"/costs?{asked}").text
    assert [title for title in table(page)[0] if title != "Trend line"] == [
        *(title.replace("Amortised cost", "Total") for title in rows[0] if title != "Currency")
    ]
    assert "The first 25 of 1,102 rows." in text(page)
