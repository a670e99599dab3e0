"""What was expected day by day: the verdicts of detection, on and around an anomaly's days."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from costoptix.anomalies import expectation, service
from costoptix.anomalies.expectation import ExpectedDay
from costoptix.models import Anomaly
from costoptix.money import total
from costoptix.periods import DateRange
from tests.anomalies.anomaly import make_anomaly
from tests.anomalies.costs import FIRST, SPIKE, costs, kept, run
from tests.support.lake import TODAY, Charge, Lake

SECOND = SPIKE + timedelta(days=1)


def days_of(lake: Lake, row: Anomaly) -> list[ExpectedDay]:
    return service.days_of(lake.session, lake.organization, row, lake.store)


def test_the_days_of_an_anomaly_add_up_to_it_and_those_around_are_usual(lake: Lake) -> None:
    lake.deliver(*costs([SPIKE, SECOND]), *costs([], service_name="S3"))
    run(lake)
    (row,) = kept(lake)
    days = days_of(lake, row)
    assert [one.day for one in days] == list(
        DateRange(SPIKE - timedelta(days=28), SECOND + timedelta(days=7))
    )
    unusual = [one for one in days if one.is_unusual]
    assert [one.day for one in unusual] == [SPIKE, SECOND]
    for name in ("actual", "expected", "low", "high"):
        assert total([getattr(one, name) for one in unusual]) == getattr(row, name)
    assert all(one.low <= one.actual <= one.high for one in days if not one.is_unusual)


def test_the_days_of_several_parts_are_those_of_all_together(lake: Lake) -> None:
    lake.deliver(*costs(), *costs(sub_account_id="222"), *costs([], sub_account_id="333"))
    run(lake)
    (row,) = kept(lake)
    (day,) = [one for one in days_of(lake, row) if one.is_unusual]
    assert (day.actual, day.expected, day.low) == (1400, row.expected, row.low)


def test_days_with_too_few_before_them_have_no_expectation(lake: Lake) -> None:
    early = FIRST + timedelta(days=3)
    lake.deliver(*costs())
    row = make_anomaly(lake.session, lake.organization, day=early)
    days = days_of(lake, row)
    assert days[0] == ExpectedDay(FIRST, Decimal(100), None, None, None, is_unusual=False)
    assert days[3].is_unusual
    assert days[-1].expected is not None


def test_of_very_many_parts_only_the_cost_is_told(lake: Lake, monkeypatch) -> None:
    monkeypatch.setattr(expectation, "JUDGED_PARTS", 1)
    lake.deliver(*costs(), *costs(sub_account_id="222"))
    run(lake)
    (row,) = kept(lake)
    day = next(one for one in days_of(lake, row) if one.is_unusual)
    assert (day.actual, day.expected) == (1400, None)


def test_what_the_bills_no_longer_have_has_no_days(lake: Lake) -> None:
    row = make_anomaly(lake.session, lake.organization)
    assert days_of(lake, row) == []
    lake.deliver(Charge(day=TODAY - timedelta(days=3), service_name="S3"), Charge(day=TODAY))
    assert days_of(lake, row) == []
