"""The floor of an organization: what is worth less is neither kept, counted nor told."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from costoptix.anomalies import floors, listing, service
from costoptix.anomalies.dispositions import Disposition
from costoptix.anomalies.recording import ALERT
from costoptix.models import Anomaly, Event
from costoptix.periods import DateRange
from tests.anomalies.anomaly import make_anomaly
from tests.support.lake import TODAY, Charge, Lake

SPIKE = date(2026, 3, 10)
DAYS = DateRange(date(2025, 12, 1), TODAY)

TOLD = select(Event).where(Event.name == ALERT)


def costs(usual: str, on_spike: str, **values: Any) -> list[Charge]:
    return [
        Charge(day=day, effective_cost=Decimal(on_spike if day == SPIKE else usual), **values)
        for day in DAYS
    ]


def impacts(lake: Lake) -> list[Decimal]:
    return [row.impact for row in listing.list_anomalies(lake.session, lake.organization)]


@pytest.mark.parametrize(
    ("currency", "daily", "floor"),
    [
        ("USD", "0", "1"), ("USD", "999.99", "1"), ("USD", "53000.10", "53"), ("USD", "-5000", "1"),
        ("JPY", "5000", "100"), ("JPY", "1234567.8", "1235"), ("EUR", "99999999999999999999",
         "99999999999999999.999999999999999999"),
    ],
)  # fmt: skip
def test_the_usual_floor_is_a_thousandth_of_a_day(currency: str, daily: str, floor: str) -> None:
    expected = Decimal(floor)
    assert abs(floors.usual_floor(currency, Decimal(daily)) - expected) <= Decimal("0.005")


def test_cents_are_counted_and_neither_kept_nor_told(lake: Lake) -> None:
    lake.deliver(
        *costs("100", "700"),
        *costs("0.0001", "0.5", service_name="S3", sub_account_id="S3"),
        *costs("0.1", "1.2", service_name="SQS", sub_account_id="SQS"),
        *costs("10", "105", service_name="SES", sub_account_id="SES", billing_currency="JPY"),
    )
    outcome = service.run(lake.session, lake.organization, lake.store)
    assert [result.disposition for result in outcome.episodes] == [Disposition.NEW] * 2
    assert outcome.below_floor == 2
    assert impacts(lake) == [Decimal(600), Decimal("1.1")]
    run = listing.last_run(lake.session, lake.organization)
    assert run is not None
    assert (run.below_floor, run.daily_costs) == (2, {"USD": "100.1001", "JPY": "10"})
    assert len(lake.session.scalars(TOLD).all()) == 1


def test_cents_take_nothing_of_what_a_tier_keeps(lake: Lake) -> None:
    lake.organization.tier = "starter"
    lake.session.commit()
    for number in range(3):
        make_anomaly(
            lake.session, lake.organization, service_name=f"s{number}", impact=Decimal("0.01"),
            day=date(2026, 3, 2),
        )  # fmt: skip
    lake.deliver(*costs("100", "700"))
    outcome = service.run(lake.session, lake.organization, lake.store)
    assert [result.disposition for result in outcome.episodes] == [Disposition.NEW]


def test_a_restated_anomaly_that_falls_below_the_floor_is_not_told(lake: Lake) -> None:
    lake.organization.anomaly_floors = {"USD": "1000"}
    lake.session.commit()
    row = make_anomaly(
        lake.session, lake.organization, day=SPIKE, threshold=Decimal(str(service.AUTOMATIC.limit))
    )
    lake.deliver(*costs("100", "700"))
    service.run(lake.session, lake.organization, lake.store)
    assert lake.session.get_one(Anomaly, row.id).impact == 600
    assert lake.session.scalars(select(Event)).all() == []
    assert SPIKE - row.first_day == timedelta(0)
