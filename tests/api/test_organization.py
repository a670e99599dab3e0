"""``/organization``: what it is, and the floor of its anomalies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.models import Delivery, DeliverySum, Organization
from costoptix.periods import DateRange
from tests.anomalies.anomaly import make_anomaly
from tests.api.conftest import Api
from tests.support.lake import TODAY, Charge, Lake, open_writer

SPIKE = date(2026, 3, 10)


@pytest.fixture
def billed(app: Flask, session: Session, acme: Organization) -> Iterator[Lake]:
    """The lake of the application, as acme's."""
    clock.configure("2026-03-20T12:00:00Z")
    with open_writer() as writer:
        lake = Lake(session, app.extensions["cost_store"], writer, acme)
        days = DateRange(date(2025, 12, 1), TODAY)
        lake.deliver(
            *(Charge(day=d, effective_cost=Decimal(4700 if d == SPIKE else 4000)) for d in days)
        )
        yield lake


def test_the_floor_is_set_and_given_back(api: Api, billed: Lake) -> None:
    def floor_of(answer: Any) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json["data"]["anomaly_floor"]

    keep = {"dry_run": False}
    delivery = billed.session.scalars(select(Delivery.id)).first()
    sums = {"billed_cost": Decimal(1), "effective_cost": Decimal(1)}
    billed.session.add(DeliverySum(delivery_id=delivery, position=0, currency="USD", **sums))
    billed.session.commit()
    assert floor_of(api.get("/organization")) == {"USD": "1"}
    assert len(api.post("/anomalies/detect", json=keep).json["data"]["anomalies"]) == 1
    assert floor_of(api.get("/organization")) == {"USD": "4"}
    for floor, count in (("1e12", 0), (701, 0), ("700", 1), (0, 1), (None, 1)):
        changed = floor_of(api("PATCH", "/organization", json={"anomaly_floor": {"USD": floor}}))
        assert Decimal(changed["USD"]) == Decimal(4 if floor is None else floor)
        assert len(api.get("/anomalies").json["data"]) == count
        assert len(api.get("/anomalies?floor=below").json["data"]) == 1 - count
        assert len(api.get("/anomalies?floor=any").json["data"]) == 1
    set_apart = api("PATCH", "/organization", json={"anomaly_floor": {"EUR": "2.50"}})
    assert floor_of(set_apart) == {"USD": "4", "EUR": "2.5"}
    assert api.get("/organization").json["data"]["tier"] == "enterprise"


@pytest.mark.parametrize(
    "floor", [{"USD": -1}, {"USD": "NaN"}, {"USD": "1,000"}, {"USD": 1e300}, {"usd": 1}, {"": 1},
              [], "1", None, {"USD": [1]}],
)  # fmt: skip
def test_a_wrong_floor_is_400(api: Api, floor: object) -> None:
    answer = api("PATCH", "/organization", json={"anomaly_floor": floor})
    assert answer.status_code == 400
    assert "anomaly_floor" in answer.json["error"]


def test_what_a_person_has_judged_is_listed_below_the_floor_too(
    api: Api, session: Session, acme: Organization
) -> None:
    row = make_anomaly(session, acme, impact=Decimal("0.01"))
    assert api.get("/anomalies").json["data"] == []
    api("PATCH", f"/anomalies/{row.id}", json={"note": "a test"})
    assert [each["id"] for each in api.get("/anomalies").json["data"]] == [row.id]


def test_choices_are_set_one_by_one(api: Api, billed: Lake) -> None:
    def chosen(**values: object) -> Any:
        answer = api("PATCH", "/organization", json=values)
        assert answer.status_code == 200, answer.text
        return answer.json["data"]

    names = ("metric", "time_zone", "report_weekday")
    assert [chosen()[name] for name in names] == ["effective_cost", "UTC", "monday"]
    chosen(metric="billed_cost")
    after = chosen(time_zone="Europe/Berlin", report_weekday="friday", anomaly_floor={"EUR": 2})
    assert [after[name] for name in names] == ["billed_cost", "Europe/Berlin", "friday"]
    assert after == api.get("/organization").json["data"]


def test_analytics_take_the_metric_of_the_organization(api: Api, billed: Lake) -> None:
    days = "start_date=2026-03-09&end_date=2026-03-10"

    def total(more: str = "") -> tuple[str, str]:
        answer = api.get(f"/analytics/summary?{days}{more}").json
        return answer["meta"]["metric"], answer["data"]["currencies"][0]["total"]

    tag = api.get(f"/analytics/summary?{days}").headers["ETag"]
    assert total() == ("effective_cost", "8700")
    api("PATCH", "/organization", json={"metric": "billed_cost"})
    assert total() == ("billed_cost", "2")
    assert total("&metric=effective_cost") == ("effective_cost", "8700")
    # The data version is another: what a caller holds is no answer any more.
    held = {"If-None-Match": tag}
    assert api("GET", f"/analytics/summary?{days}", headers=held).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("metric", "list_cost"), ("metric", None), ("time_zone", "Mars"), ("time_zone", 1),
     ("time_zone", ["UTC"]), ("report_weekday", 8), ("report_weekday", "x" * 5000),
     ("tier", "starter")],
)  # fmt: skip
def test_a_wrong_choice_is_400(api: Api, name: str, value: object) -> None:
    answer = api("PATCH", "/organization", json={name: value})
    assert answer.status_code == 400
    assert name in answer.json["error"]
