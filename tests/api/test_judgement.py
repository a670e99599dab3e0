"""/anomalies and /budgets at the door: the contract's fields, the explorer's numbers, words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.anomalies.ordering import ORDERS
from costoptix.costs.engine import Engine
from costoptix.models import Organization
from costoptix.periods import DateRange
from tests.anomalies.anomaly import make_anomaly
from tests.api.conftest import Api, MakeKey
from tests.support.lake import Charge, Lake, new_organization, open_writer

BUDGET = {"name": "Web", "amount": "100.50", "currency": "USD"}
ANOMALY_FIELDS = {
    "id", "date", "provider_name", "service_name", "account", "currency", "actual", "expected",
    "low", "high", "deviation_percent", "impact", "severity", "method", "status", "note",
    "drivers", "created_at",
}  # fmt: skip
BUDGET_FIELDS = {
    "id", "name", "amount", "currency", "period", "account", "metric", "charge_categories",
    "tag_rules", "warning_threshold", "critical_threshold", "current_spend", "predicted_spend",
    "utilization_percent", "state", "days_remaining", "crosses_on",
}  # fmt: skip


@pytest.fixture
def lake(app: Flask, session: Session, acme: Organization) -> Iterator[Lake]:
    """The lake of the application, as acme's."""
    clock.configure("2026-03-20T12:00:00Z")
    with open_writer() as writer:
        yield Lake(session, app.extensions["cost_store"], writer, acme)


def test_a_budget_is_made_looked_at_changed_checked_and_deleted(api: Api, lake: Lake) -> None:
    lake.deliver(
        Charge(billed_cost=Decimal("90.123456789012345678"), tags='{"team":"web"}'),
        Charge(billed_cost=Decimal(7), tags='{"team":"data"}'),
        Charge(billed_cost=Decimal(5), sub_account_id="222"),
    )
    rules = [{"key": "team", "operator": "in", "values": ["web"]}]
    made = api.post("/budgets", json=BUDGET | {"account": "aws:111", "tag_rules": rules})
    assert made.status_code == 201
    budget = made.get_json()["data"]
    assert set(budget) >= BUDGET_FIELDS | {"history", "curve"}
    today = budget["curve"][19]
    assert (today["date"], today["spent"]) == ("2026-03-20", budget["current_spend"])
    assert (budget["curve"][20]["spent"], budget["curve"][-1]["pace"]) == (None, "100.5")
    path = f"/budgets/{budget['id']}"
    assert made.headers["Location"] == f"/api/v1{path}"
    asked = "/costs?range=this_month&account=aws:111&tag:team=web"
    (total,) = api.get(asked).get_json()["data"]["totals"]
    assert budget["current_spend"] == total["billed_cost"] == "90.123456789012345678"
    assert (budget["amount"], budget["state"]) == ("100.5", "warning")
    assert (budget["days_remaining"], budget["tag_rules"]) == (11, rules)
    assert api.get(path).get_json()["data"] == budget
    (listed,) = api.get("/budgets").get_json()["data"]
    assert set(listed) >= BUDGET_FIELDS
    check = api.get(f"{path}/check").get_json()["data"]
    assert (check["state"], check["current_spend"]) == ("warning", total["billed_cost"])
    changed = api("PATCH", path, json={"amount": 90})
    assert changed.get_json()["data"]["state"] == "exceeded"
    assert api.get(f"{path}/check").get_json()["data"]["state"] == "exceeded"
    assert api.delete(path).status_code == 200
    assert api.get(path).status_code == 404


def test_a_number_of_a_body_keeps_every_digit(api: Api, lake: Lake) -> None:
    for digits in ("12345678901234567.89", "0.123456789012345678", "1.5e3"):
        body = f'{{"name": "{digits}", "currency": "USD", "amount": {digits}}}'
        made = api.post("/budgets", data=body, headers={"Content-Type": "application/json"})
        kept = made.get_json()["data"]["amount"]
        assert Decimal(kept) == Decimal(digits)


def test_a_dry_run_makes_no_budget(api: Api, lake: Lake) -> None:
    lake.deliver(
        Charge(day=date(2026, 1, 5), billed_cost=Decimal(200)),
        Charge(day=date(2026, 2, 5), billed_cost=Decimal(50)),
        Charge(billed_cost=Decimal(99)),
    )
    tried = api.post("/budgets/dry-run", json=BUDGET).get_json()["data"]
    assert tried["state"] == "critical"
    assert [(each["period_start"], each["kept"]) for each in tried["history"]] == [
        ("2026-02-01", True), ("2026-01-01", False),
    ]  # fmt: skip
    assert [each["complete"] for each in tried["history"]] == [True, False]
    assert api.get("/budgets").get_json()["data"] == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "n", "currency": "USD", "amount": NaN}',
        b'{"name": "n", "currency": "USD", "amount": Infinity}',
        b'{"name": "n", "currency": "USD", "amount": "NaN"}',
        b'{"name": "n", "currency": "USD", "amount": -1}',
        b'{"name": "n", "currency": "USD", "amount": 1, "warning_threshold": NaN}',
        b'{"name": "n", "currency": "USD", "amount": 1, "tag_rules": "team=web"}',
        b'{"name": "n", "currency": "USD", "amount": 1, "tag_rules": [{"key": "a,b"}]}',
        b'{"name": "n", "currency": "usd", "amount": 1}',
    ],
)  # fmt: skip
def test_a_budget_of_nonsense_is_400_in_words(api: Api, lake: Lake, body: bytes) -> None:
    answer = api.post("/budgets", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert len(answer.get_json()["error"].split()) > 3


def test_tag_rules_without_the_tier_are_403_naming_it(
    api: Api, lake: Lake, session: Session, acme: Organization
) -> None:
    acme.tier = "starter"
    session.commit()
    answer = api.post("/budgets", json=BUDGET | {"tag_rules": [{"key": "a", "values": ["b"]}]})
    assert answer.status_code == 403
    assert "Professional" in answer.get_json()["error"]


def test_a_read_key_sees_and_cannot_judge_or_make(
    lake: Lake, session: Session, acme: Organization, make_key: MakeKey,
    as_key: Callable[[str | None], Api],
) -> None:  # fmt: skip
    row = make_anomaly(session, acme)
    reader = as_key(make_key("read")[1])
    assert reader.get(f"/anomalies/{row.id}").status_code == 200
    assert reader("PATCH", f"/anomalies/{row.id}", json={"note": "x"}).status_code == 403
    assert reader.post("/anomalies/detect", json={"dry_run": True}).status_code == 403
    assert reader.post("/budgets", json=BUDGET).status_code == 403
    assert reader.post("/budgets/dry-run", json=BUDGET).status_code == 200


def _spike(lake: Lake) -> None:
    charges = [
        Charge(day=day, effective_cost=Decimal(100 + day.day % 4), resource_id="i-1")
        for day in DateRange(date(2026, 1, 1), date(2026, 3, 20))
    ]
    spike = date(2026, 3, 10)
    lake.deliver(
        *(replace(each, effective_cost=Decimal(900)) if each.day == spike else each
          for each in charges)
    )  # fmt: skip


def test_what_is_detected_is_listed_judged_and_counted(api: Api, lake: Lake) -> None:
    _spike(lake)
    wish = {"method": "adaptive", "dry_run": True}
    dry = api.post("/anomalies/detect", json=wish).get_json()["data"]
    assert [(each["date"], each["disposition"], each["id"]) for each in dry["anomalies"]] == [
        ("2026-03-10", "new", None)
    ]
    assert api.get("/anomalies").get_json()["data"] == []
    run = api.post("/anomalies/detect", json=wish | {"dry_run": False}).get_json()["data"]
    (found,) = run["anomalies"]
    assert set(found) >= ANOMALY_FIELDS
    path = f"/anomalies/{found['id']}"
    details = api.get(path).get_json()["data"]
    assert set(details) >= ANOMALY_FIELDS
    (total,) = api.get(
        "/costs?start_date=2026-03-10&end_date=2026-03-10&service_name=EC2&account=aws:111"
    ).get_json()["data"]["totals"]
    assert details["actual"] == total["effective_cost"] == "900"
    assert Decimal(details["impact"]) == 900 - Decimal(details["expected"])
    assert (details["account"], details["status"]) == ("aws:111", "new")
    (part,) = details["parts"]
    assert part.items() <= details.items()
    assert details["account_name"] == "prod"  # in the bill
    named = api.get("/accounts").get_json()["data"][0]["id"]
    api("PATCH", f"/accounts/{named}", json={"name": "Shop"})
    assert api.get(path).get_json()["data"]["account_name"] == "Shop"
    (driver,) = details["drivers"][:1]
    assert (driver["dimension"], driver["value"], driver["now"]) == ("resource_id", "i-1", "900")
    of_resources = [d for d in details["drivers"] if d["dimension"] == "resource_id"]
    assert sum(Decimal(d["change"]) for d in of_resources) == Decimal(details["impact"])
    assert details["sentence"].startswith("EC2 in prod cost $")
    (day,) = [one for one in details["days"] if one["is_unusual"]]
    assert {name: day[name] for name in ("actual", "expected", "low", "high")}.items() <= (
        details.items()
    )
    (mutes,) = details["mutes"]
    assert (mutes["account"], mutes["direction"], details["earlier"]) == ("aws:111", "above", [])
    judged = api("PATCH", path, json={"status": "resolved", "note": "a load test"})
    assert judged.get_json()["data"]["note"] == "a load test"
    (said,) = judged.get_json()["data"]["judgements"]
    assert (said["status"], said["note"]) == ("resolved", "a load test")
    before = {"note": "x", "seen_at": "2020-01-01T00:00:00Z"}
    assert api("PATCH", path, json=before).status_code == 409
    again = api.post("/anomalies/detect", json={"dry_run": False}).get_json()["data"]
    assert [(each["disposition"], each["status"]) for each in again["anomalies"]] == [
        ("known", "resolved")
    ]
    meta = api.get("/anomalies?status=resolved&severity=high").get_json()["meta"]
    right = {"right": 1, "wrong": 0, "count": 1, "percent": "100"}
    part = {"method": "adaptive", "service_category": "Compute"} | right
    assert meta["precision"] == {"days": 90, "parts": [part]} | right
    assert api.get("/anomalies?status=new").get_json()["data"] == []


def test_several_are_judged_alike_or_none(
    api: Api, lake: Lake, session: Session, acme: Organization, make_key: MakeKey,
    as_key: Callable[[str | None], Api],
) -> None:  # fmt: skip
    ids = [make_anomaly(session, acme, day=date(2026, 3, day)).id for day in (1, 2, 3)]
    closed = make_anomaly(session, acme, service_name="S3", status="resolved").id
    foreign = make_anomaly(session, new_organization(session)).id
    wish = {"status": "acknowledged", "note": "one campaign"}
    reader = as_key(make_key("read")[1])
    assert reader.post("/anomalies/judge", json=wish | {"ids": ids}).status_code == 403
    for other, status in ((foreign, 404), ("nobody", 404), (closed, 409)):
        refused = api.post("/anomalies/judge", json=wish | {"ids": [*ids, other]})
        assert refused.status_code == status
        assert {each["status"] for each in api.get("/anomalies").json["data"]} == {
            "new", "resolved",
        }  # fmt: skip
    judged = api.post("/anomalies/judge", json=wish | {"ids": [*ids, ids[0]]})
    assert [(each["id"], each["status"], each["note"]) for each in judged.json["data"]] == [
        (anomaly_id, "acknowledged", "one campaign") for anomaly_id in ids
    ]


def test_the_list_is_paged_and_cut_to_days(
    api: Api, lake: Lake, session: Session, acme: Organization
) -> None:
    for day in range(1, 6):
        make_anomaly(session, acme, day=date(2026, 3, day))
    first = api.get("/anomalies?limit=3&order_by=-date").get_json()
    rest = api.get(
        f"/anomalies?limit=3&order_by=-date&cursor={first['meta']['next_cursor']}"
    ).get_json()
    dates = [each["date"] for each in first["data"] + rest["data"]]
    assert dates == [f"2026-03-0{day}" for day in (5, 4, 3, 2, 1)]
    assert rest["meta"]["next_cursor"] is None
    cut = api.get("/anomalies?start_date=2026-03-02&end_date=2026-03-03").get_json()["data"]
    assert {each["date"] for each in cut} == {"2026-03-02", "2026-03-03"}


@pytest.mark.parametrize(
    ("asked", "services"),
    [
        ("", ["EC2", "S3", "VM"]),
        ("account=aws:111", ["EC2"]),
        ("account=aws:111&account=azure:111", ["EC2", "VM"]),
        ("account=aws:333", []),
        ("service_name=S3", ["S3"]),
        ("severity=low&severity=high", ["EC2", "S3"]),
        ("status=new&status=resolved", ["EC2", "VM"]),
        ("status=history", ["Old"]),
        ("status=new&account=aws:222", []),
        ("range=last_14_days", ["S3"]),
        ("start_date=2026-03-02", ["EC2", "S3"]),
        ("end_date=2026-03-01", ["VM"]),
    ],
)
def test_the_list_is_narrowed(
    api: Api, lake: Lake, session: Session, acme: Organization, asked: str, services: list[str]
) -> None:
    make_anomaly(session, acme)
    make_anomaly(session, acme, service_name="Old", status="history", severity="medium")
    make_anomaly(
        session, acme, service_name="S3", sub_account_id="222", day=date(2026, 3, 7),
        severity="low", status="investigating", impact=Decimal(-200),
    )  # fmt: skip
    make_anomaly(
        session, acme, provider_name="Microsoft Azure", service_name="VM", day=date(2026, 3, 1),
        severity="medium", status="resolved", impact=Decimal(100),
    )  # fmt: skip
    found = api.get(f"/anomalies?{asked}").get_json()["data"]
    assert [each["service_name"] for each in found] == services


@pytest.mark.parametrize(
    ("method", "path", "body", "word"),
    [
        ("GET", "/anomalies?status=open", None, "status"),
        ("GET", "/anomalies?order_by=size", None, "order_by"),
        ("GET", "/anomalies?order_by=-date,impact", None, "order_by"),
        ("GET", "/anomalies?order_by=", None, "order_by"),
        ("POST", "/anomalies/judge", {"status": "resolved"}, "ids"),
        ("POST", "/anomalies/judge", {"ids": [], "status": "resolved"}, "ids"),
        ("POST", "/anomalies/judge", {"ids": ["x"] * 201, "status": "resolved"}, "ids"),
        ("POST", "/anomalies/judge", {"ids": "all", "status": "resolved"}, "ids"),
        ("POST", "/anomalies/judge", {"ids": ["x"]}, "status"),
        ("POST", "/anomalies/judge", {"ids": ["x"], "status": "done"}, "status"),
        ("POST", "/anomalies/detect", {"dry_run": "maybe"}, "dry_run"),
        ("POST", "/anomalies/detect", {"keep": 2}, "keep"),
        ("GET", "/anomalies?severity=huge", None, "severity"),
        ("GET", "/anomalies?start_date=yesterday", None, "start_date"),
        ("GET", "/anomalies?start_date=2026-03-02&end_date=2026-03-01", None, "end_date"),
        ("GET", "/anomalies?range=last_7_days&end_date=2026-03-01", None, "range"),
        ("GET", "/anomalies?range=always", None, "range"),
        ("GET", "/anomalies?account=111", None, "account"),
        ("GET", "/anomalies?limit=0", None, "limit"),
        ("POST", "/anomalies/detect", {"method": "zscore"}, "method"),
        ("POST", "/anomalies/detect", {"lookback_days": 0}, "lookback_days"),
        ("POST", "/anomalies/detect", {"lookback_days": 10_000}, "lookback_days"),
        ("POST", "/anomalies/detect", {"threshold": -1}, "threshold"),
        ("POST", "/anomalies/detect", {"start_date": "2010-01-01"}, "5 years"),
        ("POST", "/anomalies/detect", {"end_date": "2026-13-01"}, "end_date"),
    ],
)
def test_a_wrong_question_is_400_naming_what(
    api: Api, lake: Lake, method: str, path: str, body: dict[str, object] | None, word: str
) -> None:
    answer = api(method, path, json=body)
    assert answer.status_code == 400
    assert word in answer.get_json()["error"]


def test_without_data_detection_says_so(api: Api, lake: Lake) -> None:
    found = api.post("/anomalies/detect", json={}).get_json()["data"]
    assert (found["anomalies"], found["start_date"]) == ([], None)
    assert "Not enough history" in found["note"]


def test_drivers_that_cannot_be_computed_leave_the_anomaly_to_be_judged(
    api: Api, lake: Lake, session: Session, acme: Organization
) -> None:
    for source in ("one", "other"):
        usual = Charge(day=date(2026, 2, 10))
        lake.deliver(usual, Charge(effective_cost=Decimal("9e19")), source=source)
    path = f"/anomalies/{make_anomaly(session, acme).id}"
    shown = api.get(path)
    assert shown.status_code == 200
    data = shown.get_json()["data"]
    assert data["drivers"] is None
    assert data["drivers_error"].startswith("cannot be computed: ")
    judged = api("PATCH", path, json={"status": "resolved"})
    assert (judged.status_code, judged.get_json()["data"]["status"]) == (200, "resolved")


def test_an_anomaly_whose_drivers_cannot_be_computed_is_kept_without_them(
    api: Api, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    _spike(lake)
    read = Engine.read

    def broken(engine: Engine, sql: str, parameters: dict[str, object]) -> object:
        if "resource_id AS group_0" in sql:
            raise RuntimeError("a mistake")
        return read(engine, sql, parameters)

    monkeypatch.setattr(Engine, "read", broken)
    run = api.post("/anomalies/detect", json={"method": "adaptive", "dry_run": False})
    assert run.status_code == 200
    (kept,) = run.get_json()["data"]["anomalies"]
    assert (kept["date"], kept["drivers"]) == ("2026-03-10", None)


def test_an_account_that_cannot_be_computed_is_listed_with_the_reason(api: Api, lake: Lake) -> None:
    for source in ("one", "other"):
        lake.deliver(Charge(billed_cost=Decimal("9e19")), source=source)
    lake.deliver(Charge(sub_account_id="222", billed_cost=Decimal(7)), source="more")
    good, bad = api.get("/accounts").get_json()["data"]
    assert (good["account"], good["billed_cost"], good["error"]) == ("aws:222", "7", None)
    assert (bad["account"], bad["billed_cost"], bad["costs"]) == ("aws:111", None, [])
    assert bad["error"].startswith("cannot be computed: ")


@pytest.mark.parametrize("order", ORDERS)
def test_pages_of_sorted_anomalies_hold_each_once(
    api: Api, lake: Lake, session: Session, acme: Organization, order: str
) -> None:
    impacts = ["300", "-4000", "20.5", "300.000000000000000001", "-300", "7"]
    for number, impact in enumerate(impacts):
        make_anomaly(
            session, acme, day=date(2026, 3, 1 + number // 2), impact=Decimal(impact),
            service_name=f"Service {number}",
            deviation_percent=None if number % 2 else Decimal(impact),
            sub_account_id=None if number % 3 else "111", severity=["low", "high"][number % 2],
        )  # fmt: skip
    listed: list[str] = []
    cursor = ""
    while cursor is not None:
        answer = api.get(f"/anomalies?limit=2&order_by={order}{cursor}").get_json()
        listed += [each["service_name"] for each in answer["data"]]
        cursor = answer["meta"]["next_cursor"] and f"&cursor={answer['meta']['next_cursor']}"
    whole = api.get(f"/anomalies?order_by={order}").get_json()["data"]
    assert listed == [each["service_name"] for each in whole]
    assert len(set(listed)) == 6
    if order == "-impact":
        assert (listed[0], listed[-1]) == ("Service 1", "Service 5")
