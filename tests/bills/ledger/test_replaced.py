"""What newer deliveries changed of what readers were shown before, day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from costoptix import clock
from costoptix.bills.ledger.replaced import replaced
from costoptix.models import Delivery, DeliveryState
from costoptix.periods import DateRange
from tests.support.lake import Charge, Lake, on, query

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
MARCH = (("start_date", "2026-03-01"), ("end_date", "2026-03-31"))


@pytest.fixture(autouse=True)
def now() -> None:
    clock.configure("2026-03-20T12:00:00Z")


def deliver(lake: Lake, cost: int, *days: date, ago: int) -> Delivery:
    """Deliver March anew, so many days ago, with an equal charge on each day."""
    for older in lake.session.query(Delivery):
        older.is_live, older.state = False, DeliveryState.OLDER
    (delivery,) = lake.deliver(*on(Charge(effective_cost=Decimal(cost)), *days))
    delivery.created_at = delivery.delivered_at = NOON - timedelta(days=ago)
    lake.session.commit()
    return delivery


def days(first: int, last: int) -> list[date]:
    return [date(2026, 3, day) for day in range(first, last + 1)]


def restated(lake: Lake, *params: tuple[str, str]) -> Decimal:
    return lake.asks.restated(query(*params), "effective_cost").get("USD", Decimal(0))


def test_what_a_newer_delivery_says_otherwise_of_whole_days_is_restated(lake: Lake) -> None:
    deliver(lake, 10, *days(1, 5), ago=15)
    deliver(lake, 12, *days(1, 9), ago=11)
    assert restated(lake, *MARCH) == 2 * 4  # the fifth was not whole
    assert restated(lake, ("start_date", "2026-03-04"), ("end_date", "2026-03-31")) == 2


def test_a_day_counts_from_the_first_delivery_that_held_it_whole(lake: Lake) -> None:
    deliver(lake, 10, *days(1, 5), ago=15)
    deliver(lake, 12, *days(1, 9), ago=11)
    deliver(lake, 13, *days(1, 15), ago=4)
    assert restated(lake, *MARCH) == 3 * 4 + 1 * 4
    pieces = replaced(lake.session, lake.organization, NOON - timedelta(days=30))
    assert [piece.days for piece in pieces] == [
        DateRange(*days(1, 5)[:4:3]),
        DateRange(date(2026, 3, 5), date(2026, 3, 8)),
    ]


def test_only_deliveries_of_the_last_30_days_restate(lake: Lake) -> None:
    deliver(lake, 10, date(2026, 1, 5), date(2026, 1, 31), ago=44)
    deliver(lake, 11, date(2026, 1, 5), date(2026, 1, 31), ago=40)
    january = (("start_date", "2026-01-01"), ("end_date", "2026-01-31"))
    assert restated(lake, *january) == 0
    deliver(lake, 14, date(2026, 1, 5), date(2026, 1, 31), ago=2)
    assert restated(lake, *january) == 3 * 2  # of a month that was over every day was whole


def test_what_a_filter_leaves_out_is_not_restated(lake: Lake) -> None:
    deliver(lake, 10, *days(1, 5), ago=15)
    deliver(lake, 12, *days(1, 5), ago=11)
    assert restated(lake, *MARCH, ("service_name", "S3")) == 0
    assert restated(lake, *MARCH, ("account", "aws:111")) == 8


def test_a_first_delivery_restates_nothing(lake: Lake) -> None:
    deliver(lake, 10, *days(1, 5), ago=5)
    assert restated(lake, *MARCH) == 0
    assert replaced(lake.session, lake.organization, NOON - timedelta(days=30)) == ()
