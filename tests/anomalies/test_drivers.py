"""What drives an anomaly: named values and a rest that add up to its impact."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.anomalies import service
from costoptix.anomalies.causes import Subject
from costoptix.anomalies.drivers import Driver, Portion, drivers
from costoptix.anomalies.recording import kept_drivers
from costoptix.clock import utc_now
from costoptix.costs.answers import CostReport, CostRow
from costoptix.costs.query import CostQuery
from costoptix.figures.trends import Change
from costoptix.lake.live import DataAsOf
from costoptix.models import Anomaly, Organization
from costoptix.money import total
from costoptix.periods import DateRange
from tests.anomalies.anomaly import SERIES, make_anomaly
from tests.anomalies.costs import SPIKE, costs, kept, run
from tests.support.lake import TODAY, Lake

BEFORE = DateRange(SPIKE - timedelta(days=28), SPIKE - timedelta(days=1))


def of(found: list[Driver], dimension: str) -> list[Driver]:
    return [driver for driver in found if driver.dimension == dimension]


def drivers_of(lake: Lake, row: Anomaly) -> list[Driver]:
    return service.drivers_of(lake.session, lake.organization, row, lake.store)


def test_drivers_are_what_moved_and_with_the_rest_they_are_the_impact(lake: Lake) -> None:
    """Six hundred more on one resource; the other costs what it always does."""
    common = {"sku_id": "s-1", "region_id": "eu", "tags": '{"team":"web"}'}
    lake.deliver(
        *costs([], resource_id="i-1", **common),
        *costs([SPIKE], resource_id="i-2", **{**common, "tags": '{"team":"data"}'}),
        *costs([SPIKE], service_name="S3", sub_account_id="222", resource_id="i-2"),
    )
    run(lake)
    row = next(row for row in kept(lake) if row.service_name == "EC2")
    found = drivers_of(lake, row)
    named = {(each.dimension, each.value) for each in found if not each.is_rest}
    assert named == {
        ("resource_id", "i-2"), ("sku_id", "s-1"), ("region_id", "eu"), ("tag:team", "data"),
    }  # fmt: skip
    for dimension in ("resource_id", "sku_id", "region_id", "tag:team"):
        parts = of(found, dimension)
        assert total([each.change.amount for each in parts]) == row.impact
        assert total([each.change.before for each in parts]) == row.expected
    (resource, rest) = of(found, "resource_id")
    assert resource.change.now == 700
    assert 100 <= resource.change.before <= 104
    assert (rest.value, rest.is_rest, 100 <= rest.change.now <= 104) == ("other", True, True)
    row.drivers = None
    lake.session.commit()
    assert drivers_of(lake, row) == found


def test_a_sku_is_told_in_the_words_of_the_bill(lake: Lake) -> None:
    usual = {"sku_id": "s-1", "charge_description": "m5.large, on demand"}
    lake.deliver(
        *costs(**usual), *costs([], amount="1", sku_id="s-1", charge_description="a lesser one")
    )
    run(lake)
    (row,) = kept(lake)
    sku = of(drivers_of(lake, row), "sku_id")[0]
    assert (sku.value, sku.words) == ("s-1", "m5.large, on demand")


def test_parts_with_days_of_their_own_add_up_to_the_impact(lake: Lake) -> None:
    """One account spikes a day longer than the other: its usual cost is no driver."""
    lake.deliver(
        *costs([SPIKE, SPIKE + timedelta(days=1)], resource_id="i-1"),
        *costs([SPIKE], sub_account_id="222", resource_id="i-2"),
    )
    run(lake)
    (row,) = kept(lake)
    assert len(row.parts) == 2
    found = of(drivers_of(lake, row), "resource_id")
    assert total([each.change.amount for each in found]) == row.impact
    by_value = {each.value: each.change for each in found}
    assert (by_value["i-1"].now, by_value["i-2"].now) == (1400, 700)
    assert not [each for each in found if each.is_rest and abs(each.change.amount) > 1]


amounts = st.decimals(-1000, 1000, places=6)


@given(
    now=st.dictionaries(st.sampled_from("abcdef"), amounts),
    before=st.dictionaries(st.sampled_from("abcdef"), amounts),
    actual=amounts,
    expected=amounts,
)
def test_named_values_and_the_rest_add_up_to_the_last_digit(
    now: dict[str, Decimal], before: dict[str, Decimal], actual: Decimal, expected: Decimal
) -> None:
    """Whatever the bills hold: credits, nothing before, more now than was judged then."""

    def ask(query: CostQuery, limit: int | None = None) -> CostReport:
        sums = now if query.date_range.first == SPIKE else before
        named = query.group_by == ("resource_id",)
        return report_of(query, sums if named else {})

    portion = Portion(Subject((SERIES,)), DateRange(SPIKE, SPIKE), actual, expected)
    found = drivers(ask, [portion])
    if found:
        assert total([each.change.amount for each in found]) == actual - expected
        assert total([each.change.now for each in found]) == actual


def report_of(query: CostQuery, sums: dict[str, Decimal]) -> CostReport:
    """Return a report in which each value cost so much."""
    days = query.date_range
    rows = tuple(
        CostRow(days.first, days.last, (value,), "USD", cost, cost, cost, cost, 0, 0, 1)
        for value, cost in sums.items()
    )
    as_of = DataAsOf(TODAY, utc_now())
    return CostReport(query, "", as_of, (), rows, len(rows), None, BEFORE.first)


@pytest.mark.parametrize("factor", [1, -1])
def test_costs_and_credits_alone_are_explained_also_long_after(lake: Lake, factor: int) -> None:
    """The account is renamed on the very day, and the bills end a year ago."""
    lake.deliver(
        *(
            replace(
                charge, effective_cost=factor * charge.effective_cost,
                sub_account_name="old" if charge.day < SPIKE else "new",
            )
            for charge in costs(resource_id="i-1")
        )
    )  # fmt: skip
    clock.configure("2027-06-01T00:00:00Z")
    run(lake)
    (row,) = kept(lake)
    (resource,) = of(drivers_of(lake, row), "resource_id")
    assert (resource.value, resource.change.now) == ("i-1", factor * 700)
    assert resource.change.amount == row.impact == factor * 598


def test_without_days_before_nothing_is_named(lake: Lake) -> None:
    assert drivers_of(lake, make_anomaly(lake.session, lake.organization)) == []


def test_drivers_are_kept_exactly(session: Session, acme: Organization) -> None:
    row = make_anomaly(
        session, acme,
        drivers=[
            {"dimension": "sku_id", "value": None, "before": "0.1", "now": "-2",
             "is_rest": False, "words": "an hour"},
        ],
    )  # fmt: skip
    change = Change(Decimal("0.1"), Decimal(-2))
    assert kept_drivers(row) == [Driver("sku_id", None, change, words="an hour")]
