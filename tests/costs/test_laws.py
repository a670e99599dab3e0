"""R25: the laws of costs, over random bills, whatever was billed and however it is asked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from costoptix.costs import report, sql
from costoptix.costs.plan import plan
from costoptix.lake.layout import CHARGES, METRICS, ROLL_UPS
from costoptix.lake.live import read_live
from costoptix.money import EXACT
from costoptix.periods import Granularity, bucket_of
from tests.support.lake import Charge, Lake, new_organization, query
from tests.support.proving import count

FIRST, LAST = date(2025, 12, 25), date(2026, 3, 5)
RANGE = (("start_date", FIRST.isoformat()), ("end_date", LAST.isoformat()))
KINDS = [CHARGES, *(roll_up.name for roll_up in ROLL_UPS)]

amounts = st.decimals(-(10**12), 10**12, places=18)
charges = st.builds(
    Charge,
    day=st.dates(date(2025, 12, 20), date(2026, 3, 10)),
    hour=st.integers(0, 23),
    billing_currency=st.sampled_from(["USD", "EUR"]),
    billed_cost=amounts,
    effective_cost=amounts,
    list_cost=st.none() | amounts,
    contracted_cost=st.none() | amounts,
    tags=st.sampled_from(
        [None, "{}", '{"team":"a"}', '{"team":"","x":"1"}', '{"team":"b","x":"1"}']
    ),
    billing_period=st.sampled_from([None, date(2026, 1, 1)]),
    provider_name=st.sampled_from(["AWS", "Microsoft", "Other Cloud"]),
    sub_account_id=st.sampled_from([None, "1", "2"]),
    service_name=st.sampled_from(["EC2", "S3", 'it\'s "x"']),
    region_id=st.sampled_from([None, "eu", "us"]),
    resource_id=st.sampled_from([None, "i-1", "i-2"]),
)
bills = st.lists(st.lists(charges, min_size=1, max_size=8), min_size=1, max_size=2)

NAMES = ["provider_name", "sub_account_id", "service_name", "region_id", "resource_id", "tag:team"]
VALUES = {
    "provider_name": ["AWS", "Other Cloud"],
    "sub_account_id": ["", "1"],
    "service_name": ["EC2", 'it\'s "x"'],
    "region_id": ["", "eu"],
    "resource_id": ["", "i-1"],
    "tag:team": ["", "a"],
    "account": ["aws:1", "other-cloud:", "azure:2"],
}
group_bys = st.lists(st.sampled_from(NAMES), max_size=3, unique=True)
granularities = st.sampled_from(Granularity)
filters = st.sampled_from([(name, value) for name in VALUES for value in VALUES[name]])
days = (
    st.tuples(st.dates(FIRST, LAST), st.dates(FIRST, LAST))
    .map(sorted)
    .map(lambda pair: (("start_date", pair[0].isoformat()), ("end_date", pair[1].isoformat())))
)

some = settings(max_examples=count(small=10, full=200))
"""Each example writes and asks a lake of its own; `make prove` takes its time."""


def billed(lake: Lake, bill: list[list[Charge]]) -> Lake:
    own = replace(lake, organization=new_organization(lake.session))
    for number, delivered in enumerate(bill):
        own.deliver(*delivered, source=f"source {number}")
    return own


def sums(rows) -> dict[tuple[str, str], Decimal]:
    """Add rows up by currency and metric; a metric that no row has is absent."""
    found = defaultdict(Decimal)
    for row in rows:
        for metric in METRICS:
            if (amount := getattr(row, metric)) is not None:
                key = (row.currency, metric)
                found[key] = EXACT.add(found[key], amount)
    return dict(found)


def params(group_by, granularity=Granularity.TOTAL) -> list[tuple[str, str]]:
    grouping = [("group_by", ",".join(group_by))] if group_by else []
    return [*grouping, ("granularity", granularity.value)]


@some
@given(bills, group_bys, granularities, days, st.lists(filters, max_size=2))
def test_the_rows_of_any_grouping_add_up_to_the_totals(
    bills_lake, bill, group_by, granularity, asked, chosen
):
    lake = billed(bills_lake, bill)
    found = lake.ask(*asked, *params(group_by, granularity), *chosen)
    assert sums(found.rows) == sums(found.totals)
    assert found.row_count == len(found.rows)


@some
@given(bills, group_bys, granularities)
def test_the_totals_are_what_python_adds_up(bills_lake, bill, group_by, granularity):
    inside = [c for delivered in bill for c in delivered if FIRST <= c.day <= LAST]
    lake = billed(bills_lake, bill)
    found = lake.ask(*RANGE, *params(group_by, granularity))
    expected = defaultdict(Decimal)
    for charge in inside:
        for metric in METRICS:
            if (amount := charge.metric(metric)) is not None:
                key = (charge.billing_currency, metric)
                expected[key] = EXACT.add(expected[key], amount)
    assert sums(found.totals) == expected
    lacking = defaultdict(lambda: defaultdict(int))
    for charge in inside:
        for metric in ("list_cost", "contracted_cost"):
            if charge.metric(metric) is None:
                lacking[charge.billing_currency][metric] += 1
    assert found.missing == lacking


@some
@given(bills, group_bys, days)
def test_days_weeks_months_and_quarters_add_up_to_the_same(bills_lake, bill, group_by, asked):
    lake = billed(bills_lake, bill)
    reports = {
        granularity: lake.ask(*asked, *params(group_by, granularity)) for granularity in Granularity
    }
    assert len({tuple(sorted(sums(found.rows).items())) for found in reports.values()}) == 1
    for granularity in [Granularity.WEEKLY, Granularity.MONTHLY, Granularity.QUARTERLY]:
        by_bucket = defaultdict(list)
        for row in reports[Granularity.DAILY].rows:
            by_bucket[bucket_of(row.period_start, granularity)].append(row)
        for bucket, rows in by_bucket.items():
            coarse = [
                row for row in reports[granularity].rows
                if bucket.first <= row.period_start <= row.period_end <= bucket.last
            ]  # fmt: skip
            assert sums(coarse) == sums(rows)


@some
@given(bills, group_bys, filters, days)
def test_a_filter_and_its_exclusion_are_all(bills_lake, bill, group_by, chosen, asked):
    name, value = chosen
    lake = billed(bills_lake, bill)
    whole = lake.ask(*asked, *params(group_by))
    kept = lake.ask(*asked, *params(group_by), (name, value))
    rest = lake.ask(*asked, *params(group_by), (f"exclude_{name}", value))
    assert sums([*kept.rows, *rest.rows]) == sums(whole.totals)
    for currency in {total.currency for total in whole.totals}:
        counts = [found.missing.get(currency, {}).get("list_cost", 0) for found in (kept, rest)]
        assert sum(counts) == whole.missing.get(currency, {}).get("list_cost", 0)


@some
@given(bills, group_bys, granularities, days, st.lists(filters, max_size=2))
def test_the_choice_of_files_never_changes_an_answer(
    bills_lake, bill, group_by, granularity, asked, chosen
):
    question = query(*asked, *params(group_by, granularity), *chosen)
    lake = billed(bills_lake, bill)
    deliveries = read_live(lake.session, lake.organization).deliveries
    answers = set()
    for kind in KINDS:
        parts = plan(question, deliveries, kinds={kind, CHARGES})
        if parts:
            rows = sql.rows_statement(question, parts, lake.store.engine.path, None, 0)
            answers.add(tuple(lake.store.engine.read(rows.sql, rows.parameters)))
    assert len(answers) <= 1


@some
@given(bills, group_bys, granularities, st.integers(1, 4), st.booleans())
def test_the_pages_are_all_rows_in_one_total_order(
    bills_lake, bill, group_by, granularity, limit, reverse
):
    order = ("order_by", "list_cost" if reverse else "-effective_cost,currency")
    lake = billed(bills_lake, bill)
    asked = (*RANGE, *params(group_by, granularity), order)
    whole = lake.ask(*asked)
    pages, cursor = [], None
    while True:
        page = lake.ask(*asked, limit=limit, cursor=cursor)
        assert page.totals == whole.totals
        assert page.row_count == whole.row_count
        pages += page.rows
        cursor = page.next_cursor
        if cursor is None:
            break
    streamed = report.stream(lake.session, lake.organization, query(*asked), lake.store)
    assert tuple(pages) == whole.rows
    assert tuple(streamed.rows) == whole.rows
    assert streamed.row_count == whole.row_count
    assert len({(row.period_start, row.group, row.currency) for row in pages}) == len(pages)


@some
@given(bills, days)
def test_accounts_add_up_to_the_totals(bills_lake, bill, asked):
    accounts = [f"{slug}:{i}" for slug in ("aws", "azure", "other-cloud") for i in ("", "1", "2")]
    lake = billed(bills_lake, bill)
    whole = lake.ask(*asked)
    parts = [lake.ask(*asked, ("account", account)) for account in accounts]
    together = lake.ask(*asked, *(("account", account) for account in accounts))
    assert sums(total for part in parts for total in part.totals) == sums(whole.totals)
    assert together.totals == whole.totals
