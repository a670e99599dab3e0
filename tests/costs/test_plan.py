"""The choice of files: the smallest that can tell, and every day in exactly one part."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.costs.plan import plan
from costoptix.lake.layout import CHARGES, DIMENSIONS, FINEST_FIRST, ROLL_UPS
from costoptix.lake.live import LiveDelivery, LiveFile
from costoptix.periods import BillingPeriod, month_end, month_start, next_month
from tests.support.lake import IMPORTED_AT, query

SIZES = {
    "daily_services": 100, "daily_regions": 100, "daily": 500, "monthly": 50,
    "monthly_fine": 400, "tags": 600, CHARGES: 100_000,
}  # fmt: skip


def delivery(month: date, *, without: str = "") -> LiveDelivery:
    return LiveDelivery(
        source_id="s",
        billing_period=BillingPeriod.month(month),
        first_day=month,
        last_day=month_end(month),
        imported_at=IMPORTED_AT,
        files={
            kind: (LiveFile(f"{month}/{kind}", rows * 100),)
            for kind, rows in SIZES.items()
            if kind != without
        },
    )


YEAR = [delivery(date(2025, month, 1)) for month in range(1, 13)]


def kinds(*params: tuple[str, str], days: str = "2025-02-01 2025-04-30", deliveries=YEAR):
    first, last = days.split()
    asked = query(("start_date", first), ("end_date", last), *params)
    return [part.kind for part in plan(asked, deliveries)]


def test_every_kind_of_file_is_known_here():
    assert set(SIZES) == {CHARGES, *(roll_up.name for roll_up in ROLL_UPS)}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([], ["monthly"]),
        ([("granularity", "daily")], ["daily_services"]),
        ([("granularity", "weekly"), ("group_by", "service_name")], ["daily_services"]),
        ([("granularity", "daily"), ("account", "aws:1")], ["daily"]),
        ([("granularity", "daily"), ("group_by", "region_id")], ["daily_regions"]),
        ([("granularity", "daily"), ("group_by", "region_id,service_name")], [CHARGES]),
        ([("granularity", "quarterly"), ("group_by", "sub_account_id")], ["monthly"]),
        ([("group_by", "region_id,service_name")], ["monthly_fine"]),
        ([("exclude_invoice_id", "")], ["monthly_fine"]),
        ([("group_by", "tag:team")], ["tags"]),
        ([("tag:team", "a"), ("region_id", "eu")], [CHARGES]),
        ([("resource_id", "i-1")], [CHARGES]),
    ],
)
def test_the_smallest_file_that_holds_everything_answers(params, expected):
    assert kinds(*params) == expected


def test_whole_months_come_from_months_and_the_rest_from_days():
    asked = kinds(("group_by", "sub_account_id"), days="2025-02-10 2025-11-20")
    assert asked == ["monthly", "daily", "daily"]


def test_a_part_of_one_month_comes_from_days():
    assert kinds(days="2025-02-10 2025-02-20") == ["daily_services"]


def test_a_month_that_has_no_later_charges_is_whole():
    assert kinds(days="2025-11-01 2025-12-31") == ["monthly"]
    early = YEAR[:10]
    assert kinds(days="2025-01-01 2025-12-15", deliveries=early) == ["monthly"]


def test_nothing_to_read_is_no_part():
    assert kinds(days="2024-01-01 2024-12-31") == []


def test_files_of_an_older_layout_are_gone_around():
    older = [*YEAR[:-1], delivery(date(2025, 12, 1), without="daily_services")]
    by_service = (("granularity", "daily"), ("group_by", "service_name"))
    found = kinds(*by_service, days="2025-11-01 2025-12-20", deliveries=older)
    assert found == ["daily"]


def test_charges_answer_for_deliveries_without_roll_ups():
    month = date(2025, 12, 1)
    few = replace(delivery(month), files={CHARGES: (LiveFile("few", 7),)})
    by_service = query(
        ("start_date", "2025-11-01"), ("end_date", "2025-12-31"), ("group_by", "service_name")
    )
    parts = plan(by_service, [*YEAR, few])
    assert [part.kind for part in parts] == ["monthly", CHARGES]
    assert parts[1].paths == ("few",)
    assert {part.days for part in parts} == {by_service.date_range}
    assert [part.kind for part in plan(by_service, [few])] == [CHARGES]
    assert plan(by_service, [*YEAR, few], {CHARGES}) != ()


spans = st.tuples(st.dates(date(2024, 11, 1), date(2026, 3, 19)), st.integers(0, 500))


@given(spans, st.sampled_from(["total", "daily", "weekly", "monthly", "quarterly"]),
       st.lists(st.sampled_from([*DIMENSIONS, "tag:team"]), max_size=4, unique=True))  # fmt: skip
def test_every_day_with_charges_lies_in_exactly_one_part(span, granularity, group_by):
    first, last = span[0], span[0] + timedelta(days=span[1])
    grouping = [("group_by", ",".join(group_by))] if group_by else []
    asked = query(
        ("start_date", str(first)), ("end_date", str(last)), ("granularity", granularity),
        *grouping,
    )  # fmt: skip
    parts = plan(asked, YEAR)
    months = {roll_up.name for roll_up in ROLL_UPS if roll_up.grain == "month"}
    for part in parts:
        if part.kind in months:
            assert part.days.first == month_start(part.days.first)
            assert part.days.after == next_month(part.days.last)
    for day in asked.date_range:
        if day.year == 2025:
            assert sum(day in part.days for part in parts) == 1
    for day in (first - timedelta(days=1), last + timedelta(days=1)):
        if day.year == 2025:
            assert not any(day in part.days for part in parts)


def test_a_range_of_five_years_is_answered_too():
    assert kinds(days="2020-12-30 2025-12-29") != []


def test_a_roll_up_is_written_after_those_that_it_can_be_added_up_from():
    for position, roll_up in enumerate(FINEST_FIRST):
        assert not any(other.is_finer_than(roll_up) for other in FINEST_FIRST[position:])
    assert set(FINEST_FIRST) == set(ROLL_UPS)
