"""``/tags/rules``: made by anybody who may write, in force at once, undone by deleting."""

from __future__ import annotations

import csv
import gzip
import io
from typing import Any

import pytest
from flask import current_app
from sqlalchemy.orm import Session

from costoptix.models import Organization
from tests.api.conftest import Api
from tests.bills.bill import ORDINARY, write
from tests.support.bills import TakeIn, operator, take_in
from tests.support.lake import Charge, Lake, open_writer

__all__ = ["operator", "take_in"]
MARCH = "start_date=2026-03-01&end_date=2026-03-31"
COSTS = f"/costs?{MARCH}&group_by=tag:team"


@pytest.fixture
def billed(app: Any, session: Session, acme: Organization) -> None:
    with open_writer() as writer:
        Lake(session, current_app.extensions["cost_store"], writer, acme).deliver(
            Charge(tags='{"team":"A"}'), Charge(tags='{"Team":"a"}'), Charge()
        )


def costs(api: Api, path: str = COSTS) -> dict[str | None, str]:
    data = api.get(path).get_json()["data"]
    return {next(v for k, v in row.items() if ":" in k): row["billed_cost"] for row in data["rows"]}


@pytest.mark.usefixtures("billed")
def test_a_rule_is_in_force_at_once_and_undone_by_its_end(api: Api) -> None:
    before, tag = costs(api), api.get(COSTS).headers["ETag"]
    keys = api.post("/tags/rules", json={"from": ["Team"], "to": "team"})
    values = api.post("/tags/rules", json={"key": "team", "from": ["A"], "to": "a"})
    assert (keys.status_code, values.status_code) == (201, 201)
    assert costs(api) == {None: "1", "a": "2"}
    assert api.get(COSTS, headers={"If-None-Match": tag}).status_code == 200
    assert costs(api, f"/costs?{MARCH}&group_by=raw:team") == before == {None: "2", "A": "1"}
    names = [row["name"] for row in api.get("/costs/dimensions?limit=1000").get_json()["data"]]
    assert [name for name in names if name.startswith("tag:")] == ["tag:team"]
    values_of = api.get(f"/costs/dimensions/tag:team?{MARCH}").get_json()["data"]
    assert {row["value"]: row["billed_cost"] for row in values_of} == {None: "1", "a": "2"}
    path = values.headers["Location"].removeprefix("/api/v1")
    assert api.get(path).get_json()["data"] == values.get_json()["data"]
    listed = api.get("/tags/rules?order_by=key").get_json()["data"]
    assert [(rule["key"], rule["from"], rule["to"]) for rule in listed] == [
        (None, ["Team"], "team"), ("team", ["A"], "a"),
    ]  # fmt: skip
    assert {api.delete(f"/tags/rules/{rule['id']}").status_code for rule in listed} == {200}
    assert costs(api) == before


def test_the_same_rule_twice_is_a_conflict_and_a_repeated_call_is_not(api: Api) -> None:
    rule, key = {"key": "team", "from": ["A"], "to": "a"}, {"Idempotency-Key": "1"}
    first = api.post("/tags/rules", json=rule, headers=key)
    assert api.post("/tags/rules", json=rule, headers=key).data == first.data
    assert api.post("/tags/rules", json=rule).status_code == 409


@pytest.mark.usefixtures("billed")
def test_a_preview_tells_money_and_changes_nothing(api: Api) -> None:
    rule = {"key": "team", "from": ["A", "none"], "to": "a"}
    answer = api.post(f"/tags/rules/preview?{MARCH}", json=rule).get_json()
    assert answer["data"]["moves"] == [
        {"from": "A", "to": "a", "currency": "USD", "billed_cost": "1", "effective_cost": "1",
         "charge_count": 1},
    ]  # fmt: skip
    assert api.get("/tags/rules").get_json()["data"] == []
    assert api.post("/tags/rules/preview?granularity=daily", json=rule).status_code == 400


def test_the_list_is_paged_and_says_when_it_changed(api: Api) -> None:
    for name in "abc":
        api.post("/tags/rules", json={"key": "team", "from": [name], "to": "z"})
    first = api.get("/tags/rules?limit=2").get_json()
    rest = f"/tags/rules?limit=2&cursor={first['meta']['next_cursor']}"
    second = api.get(rest).get_json()
    assert [rule["from"] for rule in first["data"] + second["data"]] == [["c"], ["b"], ["a"]]
    assert second["meta"]["next_cursor"] is None
    api.delete(f"/tags/rules/{first['data'][0]['id']}")
    assert api.get(rest).status_code == 409


def test_an_export_has_cleaned_tags_on_request(api: Api, take_in: TakeIn) -> None:
    days = {"ChargePeriodStart": "2026-03-02T00:00:00Z"}
    written = ['{"team":"A"}', '{"Team":"a"}', ""]
    take_in(write([days | {"Tags": text} for text in written], [*ORDINARY, "Tags"]))
    for rule in ({"from": ["Team"], "to": "team"}, {"key": "team", "from": ["A"], "to": "a"}):
        api.post("/tags/rules", json=rule)

    def tags(path: str) -> list[str]:
        lines = csv.DictReader(io.StringIO(gzip.decompress(api.get(path).data).decode()))
        return sorted(line["Tags"] for line in lines)

    assert tags(f"/costs/export?{MARCH}") == ["", '{"Team":"a"}', '{"team":"A"}']
    cleaned = f"/costs/export?{MARCH}&tags=cleaned"
    assert tags(cleaned) == ["", '{"team":"a"}', '{"team":"a"}']
    assert tags(f"{cleaned}&tag:team=A") == ['{"team":"a"}'] * 2
    assert api.get(f"/costs/export?{MARCH}&tags=x").status_code == 400
