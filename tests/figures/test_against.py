"""Both sides of a comparison in one answer: what each side alone would be answered with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from costoptix.costs.answers import CostRow, SideSums
from costoptix.figures.breakdown import amount_of
from costoptix.figures.comparison import Compare, against, compared_days
from costoptix.lake.layout import METRICS
from costoptix.money import EXACT
from costoptix.periods import DateRange, Granularity, month_end
from tests.support.lake import Charge, Lake, open_lake, query

FIRST, LAST = date(2024, 11, 3), date(2026, 3, 20)
GROUPS = [(), ("service_name",), ("provider_name", "region_id"), ("tag:team",), ("resource_id",)]
FILTERS = [(), (("provider_name", "AWS"),), (("exclude_region_id", ""),), (("tag:team", ""),)]
ORDERS = [(), (("order_by", "-list_cost"),), (("order_by", "effective_cost"),)]


@pytest.fixture(scope="module")
def company(tmp_path_factory) -> Iterator[Lake]:
    """Seventeen months of services that come and go, two currencies and missing list costs."""
    rng = Random(3)
    with open_lake(tmp_path_factory.mktemp("company")) as lake:
        lake.deliver(*(_charge(rng) for _ in range(500)))
        lake.deliver(*(_charge(rng) for _ in range(60)), source="other")
        yield lake


def _charge(rng: Random) -> Charge:
    def amount() -> Decimal:
        return Decimal(rng.randint(-(10**9), 10**10)).scaleb(-rng.randint(4, 18))

    return Charge(
        day=date.fromordinal(rng.randint(FIRST.toordinal(), LAST.toordinal())),
        billing_currency=rng.choice(["USD", "USD", "EUR"]),
        billed_cost=amount(),
        effective_cost=amount(),
        list_cost=rng.choice([None, None, amount()]),
        contracted_cost=None,
        provider_name=rng.choice(["AWS", "Microsoft"]),
        service_name=rng.choice([None, *(f"service {i}" for i in range(9))]),
        region_id=rng.choice([None, "eu", "us"]),
        resource_id=rng.choice([None, *(f"i-{i}" for i in range(40))]),
        tags=rng.choice([None, '{"team":"a"}', '{"team":"b"}']),
    )


@st.composite
def asked_days(draw: st.DrawFn) -> tuple[DateRange, date]:
    """A range, and the day that the data are complete through: mostly within it."""
    first = draw(st.dates(date(2025, 8, 1), date(2026, 2, 20)))
    if draw(st.booleans()):
        first = first.replace(day=1)
    last = first + timedelta(days=draw(st.integers(0, 150)))
    if draw(st.booleans()):
        last = month_end(last)
    return DateRange(first, last), draw(st.dates(first, LAST))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    asked_days(),
    st.sampled_from([Compare.PREVIOUS, Compare.LAST_YEAR]),
    st.sampled_from(GROUPS),
    st.sampled_from(FILTERS),
    st.sampled_from(ORDERS),
    st.sampled_from([Granularity.TOTAL, Granularity.DAILY, Granularity.MONTHLY]),
)
def test_compared_less_before_is_the_change_of_what_each_side_cost(
    company, asked_and_through, compare, group_by, chosen, order_by, granularity
):
    span, through = asked_and_through
    plain = replace(
        query(*chosen, *order_by), date_range=span, group_by=group_by, granularity=granularity
    )
    compared = compared_days(span, FIRST, through, compare)
    assume(compared is not None)
    asked = against(plain, compared)
    answer = company.question(asked)
    expected = defaultdict(lambda: (ZERO, ZERO, ZERO))
    for at, days in enumerate((span, compared.now, compared.before)):
        for row in company.question(replace(plain, date_range=days)).rows:
            key = _key(asked, row, is_before=at == 2)
            sums = list(expected[key])
            sums[at] = _added(sums[at], _costs(row)) if sums[at] is not ZERO else _costs(row)
            expected[key] = tuple(sums)
    assert {_key(asked, row, is_before=False): _sides(row) for row in answer.rows} == expected
    for row in answer.totals:
        mine = [r for r in answer.rows if r.currency == row.currency]
        for metric in METRICS:
            assert amount_of(row, metric) == _total(amount_of(r, metric) for r in mine) or (
                amount_of(row, metric) is None
            )
            for side in ("compared", "before"):
                whole = getattr(row, side).of(metric)
                assert whole is None or whole == _total(getattr(r, side).of(metric) for r in mine)
    page = company.question(asked, limit=7)
    assert (page.rows, page.totals) == (answer.rows[:7], answer.totals)


ZERO = (Decimal(0),) * len(METRICS)
Sums = tuple[Decimal | None, ...]


def _key(asked, row: CostRow, *, is_before: bool):
    start = row.period_start
    if is_before and asked.granularity is not Granularity.TOTAL:
        places = dict(asked.sides.places)
        start = places.get(start) or places[start.replace(day=1)]
    if asked.granularity is Granularity.MONTHLY:
        start = start.replace(day=1)
    return (None if asked.granularity is Granularity.TOTAL else start), row.group, row.currency


def _costs(row: CostRow | SideSums) -> Sums:
    return tuple(getattr(row, metric) for metric in METRICS)


def _sides(row: CostRow) -> tuple[Sums, Sums, Sums]:
    return _costs(row), _costs(row.compared), _costs(row.before)


def _added(one: Sums, other: Sums) -> Sums:
    """Two earlier buckets that stand against one; a cost that one has is what both have."""
    return tuple(
        b if a is None else a if b is None else EXACT.add(a, b)
        for a, b in zip(one, other, strict=True)
    )


def _total(amounts) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount or Decimal(0))
    return total


def test_a_day_without_a_counterpart_is_in_the_row_before_it(company):
    february = DateRange(date(2026, 2, 1), date(2026, 2, 28))
    plain = replace(query(), date_range=february, granularity=Granularity.DAILY)
    compared = compared_days(february, FIRST, LAST, Compare.PREVIOUS)
    last = [
        row
        for row in company.question(against(plain, compared)).rows
        if row.period_start == february.last and row.currency == "USD"
    ]
    ends = replace(
        plain,
        date_range=DateRange(date(2026, 1, 28), date(2026, 1, 31)),
        granularity=Granularity.TOTAL,
    )
    (january,) = (t for t in company.question(ends).totals if t.currency == "USD")
    assert sum(row.before.billed_cost for row in last) == january.billed_cost
    assert compared.now.last - timedelta(days=27) == compared.now.first
