"""The figures of dashboard and explorer: the reports' own numbers, put together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costoptix import clock
from costoptix.figures import summary
from costoptix.figures.breakdown import amount_of, breakdowns
from costoptix.figures.comparison import Compare, ComparedDays, Matching
from costoptix.figures.completeness import compared_part
from costoptix.figures.movers import Level, movers
from costoptix.figures.sides import comparison
from costoptix.figures.trends import Change, health
from costoptix.lake.layout import METRICS
from costoptix.money import EXACT, total
from costoptix.periods import DateRange, Granularity
from tests.support.lake import TODAY, Charge, Lake, on, open_lake, query

FIRST = date(2025, 11, 20)
GROUPS = [(), ("service_name",), ("provider_name", "region_id"), ("tag:team",), ("resource_id",)]
FILTERS = [(), (("provider_name", "AWS"),), (("exclude_region_id", ""),), (("tag:team", ""),)]
some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
days = (
    st.tuples(st.dates(FIRST, TODAY), st.dates(FIRST, TODAY))
    .map(sorted)
    .map(lambda pair: DateRange(*pair))
)


@pytest.fixture(scope="module")
def company(tmp_path_factory) -> Iterator[Lake]:
    """Four months of 25 services, two currencies and all kinds of gaps."""
    rng = Random(7)
    with open_lake(tmp_path_factory.mktemp("company")) as lake:
        lake.deliver(*(_charge(rng) for _ in range(600)))
        yield lake


def _charge(rng: Random) -> Charge:
    def amount() -> Decimal:
        return Decimal(rng.randint(-(10**9), 10**10)).scaleb(-rng.randint(4, 9))

    return Charge(
        day=date.fromordinal(rng.randint(FIRST.toordinal(), TODAY.toordinal())),
        billing_currency=rng.choice(["USD", "USD", "EUR"]),
        billed_cost=amount(),
        effective_cost=amount(),
        list_cost=rng.choice([None, amount()]),
        provider_name=rng.choice(["AWS", "Microsoft"]),
        service_name=rng.choice([None, *(f"service {i}" for i in range(25))]),
        region_id=rng.choice([None, "eu", "us"]),
        resource_id=rng.choice([None, *(f"i-{i}" for i in range(40))]),
        tags=rng.choice([None, '{"team":"a"}', '{"team":"b"}']),
    )


@some
@given(
    days,
    st.sampled_from(GROUPS),
    st.sampled_from(FILTERS),
    st.sampled_from(METRICS),
    st.sampled_from([g for g in Granularity if g is not Granularity.TOTAL]),
)
def test_the_parts_of_a_breakdown_add_up_to_the_totals(
    company, span, group_by, chosen, metric, granularity
):
    asked = replace(query(*chosen), date_range=span, group_by=group_by)
    found = breakdowns(company.question, asked, metric, granularity)
    totals = {t.currency: amount_of(t, metric) for t in company.question(asked).totals}
    assert {each.currency: each.total for each in found} == totals
    for each in found:
        cells = [amount for part in each.parts for amount in part.amounts if amount is not None]
        assert total(cells) == (each.total or 0)
        assert len(each.parts) <= 10
        assert each.earlier is None


buckets = st.sampled_from([g for g in Granularity if g is not Granularity.TOTAL])


@some
@given(days, st.sampled_from(METRICS), buckets)
def test_the_earlier_line_is_what_the_earlier_days_cost(company, span, metric, granularity):
    asked = replace(query(), date_range=span)
    compared = compared_part(company.question(asked), Compare.PREVIOUS)
    if compared is None:
        return
    earlier = summary.totals(company.question, asked, compared.before, metric)
    for each in breakdowns(company.question, asked, metric, granularity, compared):
        if each.earlier is None:
            assert each.currency not in earlier
            continue
        assert each.earlier.total == earlier.get(each.currency, 0)
        drawn = total([amount for amount in each.earlier.amounts if amount is not None])
        if granularity is not Granularity.DAILY:
            assert drawn == each.earlier.total


@some
@given(days, days, st.sampled_from(METRICS))
def test_changes_by_group_add_up_to_the_change(company, now, before, metric):
    asked = query()
    compared = ComparedDays(now, now, before, Matching.POSITION)
    found = summary.changes(company.question, asked, metric, compared, *summary.SERVICE)
    for currency in {mover.currency for mover in found}:
        moved = summary.summed(m.change for m in found if m.currency == currency)
        ends = [
            summary.totals(company.question, asked, span, metric).get(currency, Decimal(0))
            for span in (before, now)
        ]
        assert [moved.before, moved.now] == ends


def test_this_month_is_compared_with_the_same_days_of_the_last(lake):
    clock.configure("2026-03-20T12:00:00Z")
    for first, amount in ((date(2026, 2, 1), 10), (date(2026, 3, 1), 12)):
        lake.deliver(
            *(
                Charge(day=date.fromordinal(day), effective_cost=Decimal(amount))
                for day in range(first.toordinal(), first.toordinal() + 20)
            )
        )
    month = summary.this_month(lake.question, query(), "effective_cost", TODAY)
    found = month.by_currency["USD"]
    assert month.days == DateRange(date(2026, 3, 1), date(2026, 3, 19))
    assert month.earlier_days == DateRange(date(2026, 2, 1), date(2026, 2, 19))
    assert (found.spent, found.last_month) == (240, 200)
    assert (found.same_days.before, found.same_days.now) == (190, 228)
    assert found.projected == 372  # 12 a day, 31 days
    assert (found.health.watch, found.health.healthy) == (1, 0)
    assert found.against_last_month.amount == 40
    assert found.projected_change.percent == 86


def test_before_the_first_complete_day_nothing_is_projected(lake):
    clock.configure("2026-03-01T12:00:00Z")
    january = date(2026, 1, 31)
    lake.deliver(*on(Charge(), january, date(2026, 2, 28), date(2026, 3, 1)))
    month = summary.this_month(lake.question, query(), "effective_cost", date(2026, 3, 1))
    found = month.by_currency["USD"]
    assert month.days is found.projected is found.same_days is found.health is None
    assert (found.spent, found.last_month) == (1, 1)


def test_a_longer_month_is_compared_with_all_of_a_shorter_one(lake):
    clock.configure("2026-03-31T12:00:00Z")
    lake.deliver(*on(Charge(), date(2026, 2, 1), date(2026, 3, 30), date(2026, 3, 31)))
    month = summary.this_month(lake.question, query(), "effective_cost", date(2026, 3, 31))
    assert month.days == DateRange(date(2026, 3, 1), date(2026, 3, 30))
    assert month.compared.now == DateRange(date(2026, 3, 1), date(2026, 3, 28))
    assert month.earlier_days == DateRange(date(2026, 2, 1), date(2026, 2, 28))
    assert month.by_currency["USD"].same_days == Change(Decimal(1), Decimal(0))


def test_what_came_before_the_first_bill_is_not_compared_with(lake):
    """Days before the first bill are unknown, not zero."""
    clock.configure("2026-03-20T12:00:00Z")
    lake.deliver(*on(Charge(), *DateRange(date(2026, 2, 10), TODAY)))
    month = summary.this_month(lake.question, query(), "effective_cost", TODAY)
    found = month.by_currency["USD"]
    assert (found.last_month, found.against_last_month, found.projected_change) == (None,) * 3
    assert (found.same_days, found.health, month.earlier_days) == (None,) * 3
    assert found.projected == 31
    asked = query(("range", "last_30_days"))
    whole = summary.range_summary(lake.question, asked, "effective_cost")
    assert (whole.earlier, whole.spends[0].change) == (None, None)
    week = summary.range_summary(lake.question, query(("range", "last_7_days")), "effective_cost")
    assert week.spends[0].change == Change(Decimal(6), Decimal(6))
    assert week.spends[0].total == 7
    assert week.spends[0].average == 1


def test_the_monthly_table_has_every_group_and_its_total(company):
    asked = replace(query(), date_range=DateRange(FIRST, TODAY), group_by=("service_name",))
    table = summary.monthly_table(company.question, asked, "billed_cost")
    rows = company.question(asked).rows
    assert {key: figures.total for key, figures in table.items()} == {
        (row.currency, row.group): row.billed_cost for row in rows
    }
    whole = sum((figures.total for figures in table.values()), Decimal(0))
    assert whole == EXACT.add(*(t.billed_cost for t in company.question(asked).totals))


@some
@given(days, st.sampled_from(METRICS), st.sampled_from(FILTERS), st.sampled_from(Compare))
def test_health_and_change_are_of_the_same_comparison_as_what_moved(
    company, asked, metric, filters, compare
):
    params = (("start_date", asked.first.isoformat()), ("end_date", asked.last.isoformat()))
    report = company.ask(*params, *filters)
    spends = summary.range_summary(company.question, report.query, metric, compare).spends
    sides = comparison(report, compare=compare)
    if sides is None:
        assert all(spend.change is spend.health is None for spend in spends)
        return
    moved: dict[str, list[Change]] = {}
    for mover in movers(company.asks, sides, metric, Level.SERVICE):
        moved.setdefault(mover.currency, []).append(mover.change)
    for spend in spends:
        if spend.change is not None:
            assert spend.change == summary.summed(moved.get(spend.currency, []))
            assert spend.health == health(moved.get(spend.currency, []))
