"""The quarterly report: empty and partial quarters, and what may be compared."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from costoptix.figures.quarterly import QuarterlyReport, default_range, quarterly_reports
from costoptix.figures.trends import Change
from costoptix.periods import DateRange
from tests.support.lake import Charge, Lake, query

YEAR = (("start_date", "2025-04-01"), ("end_date", "2026-03-20"))


def cost(year: int, month: int, amount: int, day: int = 1, **facts) -> Charge:
    return Charge(day=date(year, month, day), effective_cost=Decimal(amount), **facts)


def report(lake: Lake, *params: tuple[str, str]) -> QuarterlyReport:
    (found,) = quarterly_reports(lake.question, query(*(params or YEAR)), "effective_cost")
    return found


def test_quarters_are_calendar_quarters_and_empty_ones_are_shown(lake: Lake):
    lake.deliver(cost(2025, 4, 10), cost(2025, 10, 30), cost(2026, 3, 5, day=19))
    found = report(lake)
    assert [quarter.name for quarter in found.quarters] == [
        "Q2 2025", "Q3 2025", "Q4 2025", "Q1 2026",
    ]  # fmt: skip
    assert [quarter.total for quarter in found.quarters] == [10, 0, 30, 5]
    assert found.quarters_with_data == 3
    assert found.total == 45


def test_only_full_quarters_are_averaged_and_compared(lake: Lake):
    lake.deliver(cost(2025, 4, 10), cost(2025, 10, 30), cost(2026, 3, 5, day=19))
    found = report(lake)
    assert [quarter.is_full for quarter in found.quarters] == [True, True, True, False]
    assert found.average == 20  # of the two full quarters with data
    assert [quarter.change for quarter in found.quarters] == [
        None, Change(Decimal(10), Decimal(0)), Change(Decimal(0), Decimal(30)), None,
    ]  # fmt: skip
    assert found.quarters[1].change.percent == -100
    assert found.quarters[2].change.percent is None  # from nothing there is no percentage


def test_a_quarter_that_began_before_the_first_bill_is_not_full(lake: Lake):
    lake.deliver(cost(2025, 5, 10), cost(2026, 3, 5, day=19))
    found = report(lake)
    assert [quarter.is_full for quarter in found.quarters] == [False, True, True, False]


def test_a_clipped_quarter_is_not_full(lake: Lake):
    lake.deliver(cost(2025, 4, 10, day=2), cost(2025, 4, 1, day=1), cost(2026, 3, 5, day=19))
    found = report(lake, ("start_date", "2025-04-02"), ("end_date", "2026-03-20"))
    assert not found.quarters[0].is_full
    assert found.quarters[0].total == 10


def test_services_and_accounts_are_ranked_and_counted(lake: Lake):
    lake.deliver(
        cost(2025, 4, 10),
        cost(2025, 4, 30, service_name="S3", sub_account_id="222"),
        cost(2025, 4, -5, service_name="S3", charge_category="Credit", sub_account_id="222"),
        cost(2025, 7, 1, service_name="RDS"),
        cost(2026, 3, 1, day=19),
    )
    found = report(lake)
    first = found.quarters[0]
    assert [(each.group[0], each.amount) for each in first.services] == [("S3", 25), ("EC2", 10)]
    assert [each.group[1] for each in first.accounts] == ["222", "111"]
    assert sum(each.share for each in first.services) == pytest.approx(Decimal(100))
    assert first.records == 3
    assert (found.services, found.accounts) == (3, 2)


def test_a_renamed_account_stays_one_account(lake: Lake):
    lake.deliver(cost(2025, 4, 10), cost(2025, 7, 10, sub_account_name="production"))
    assert report(lake).accounts == 1


def test_no_bills_no_report(lake: Lake):
    assert quarterly_reports(lake.question, query(*YEAR), "effective_cost") == []


def test_the_default_is_this_quarter_and_the_four_before():
    expected = DateRange(date(2025, 1, 1), date(2026, 3, 20))
    assert default_range(date(2026, 3, 20)) == expected
