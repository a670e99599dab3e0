"""``/accounts`` at the door."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from costoptix import clock
from costoptix.models import Organization
from tests.api.conftest import Api, MakeKey
from tests.bills.bill import ORDINARY, write
from tests.support.bills import TakeIn, operator, take_in

__all__ = ["operator", "take_in"]
COLUMNS = [*ORDINARY, "SubAccountName"]


def row(day: str, **cells: str) -> dict[str, str]:
    return {"ChargePeriodStart": f"2026-03-{day}T00:00:00Z", **cells}


@pytest.fixture(autouse=True)
def _bill(take_in: TakeIn) -> None:
    clock.configure("2026-03-20T12:00:00Z")
    rows = [
        row("02", BilledCost="5", SubAccountName="old"),
        row("03", BilledCost="5.5", SubAccountName="shop"),
        row("07", BilledCost="0.000000000000000001"),
        row("09", SubAccountId="222", BilledCost="-1", ListCost="", BillingCurrency="EUR"),
        row("09", SubAccountId="", BilledCost="2"),
    ]
    take_in(write(rows, COLUMNS))


def of(answer: dict[str, object], account: str) -> dict[str, object]:
    return next(each for each in answer["data"] if each["account"] == account)


def test_accounts_are_listed_with_their_days_and_exact_costs(api: Api) -> None:
    found = of(api.get("/accounts").json, "aws:111")
    assert found["provider_name"] == "AWS"
    assert found["name"] == "shop"
    assert (found["currency"], found["billed_cost"]) == ("USD", "10.500000000000000001")
    assert (found["first_day"], found["last_day"]) == ("2026-03-02", "2026-03-07")
    assert found["missing_days"] == [{"start_date": "2026-03-04", "end_date": "2026-03-06"}]
    assert found["complete_through"] == "2026-03-08"


def test_currencies_stand_apart_and_a_missing_cost_is_null(api: Api) -> None:
    found = of(api.get("/accounts").json, "aws:222")
    assert found["costs"] == [
        {
            "currency": "EUR",
            "billed_cost": "-1",
            "effective_cost": "1",
            "list_cost": None,
            "contracted_cost": "1",
        }
    ]


def test_charges_without_an_account_are_an_account_of_their_own(api: Api) -> None:
    found = of(api.get("/accounts").json, "aws:")
    assert found["sub_account_id"] is None
    assert found["name"] is None


def test_accounts_add_up_to_the_costs(api: Api) -> None:
    totals = api.get("/costs?start_date=2026-03-01&end_date=2026-03-31").json["data"]["totals"]
    usd = next(total for total in totals if total["currency"] == "USD")
    assert usd["billed_cost"] == "12.500000000000000001"


def test_a_name_holds_until_it_is_taken_back(api: Api) -> None:
    path = f"/accounts/{of(api.get('/accounts').json, 'aws:111')['id']}"
    renamed = api("PATCH", path, json={"name": "  Web shop "})
    assert renamed.status_code == 200
    assert renamed.json["data"]["name"] == "Web shop"
    assert of(api.get("/accounts").json, "aws:111")["name"] == "Web shop"
    assert of(api.get("/accounts").json, "aws:111")["billed_name"] == "shop"
    assert api("PATCH", path, json={"name": None}).json["data"]["name"] == "shop"


def test_a_name_is_a_new_data_version(api: Api) -> None:
    listed = api.get("/accounts")
    headers = {"If-None-Match": listed.headers["ETag"]}
    assert api.get("/accounts", headers=headers).status_code == 304
    api("PATCH", f"/accounts/{of(listed.json, 'aws:111')['id']}", json={"name": "Web shop"})
    assert api.get("/accounts", headers=headers).status_code == 200


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "a\nb"}, {"name": 5}, {"x": "y"}])
def test_a_wrong_name_is_refused(api: Api, body: dict[str, object]) -> None:
    path = f"/accounts/{of(api.get('/accounts').json, 'aws:111')['id']}"
    assert api("PATCH", path, json=body).status_code == 400


def test_who_may_only_read_names_nothing(
    api: Api, make_key: MakeKey, as_key: Callable[[str], Api]
) -> None:
    path = f"/accounts/{of(api.get('/accounts').json, 'aws:111')['id']}"
    assert as_key(make_key("read")[1])("PATCH", path, json={"name": "x"}).status_code == 403


def test_strangers_see_and_name_no_account(
    api: Api, make_key: MakeKey, as_key: Callable[[str], Api], elsewhere: Organization
) -> None:
    stranger = as_key(make_key("admin", elsewhere)[1])
    assert stranger.get("/accounts").json["data"] == []
    path = f"/accounts/{of(api.get('/accounts').json, 'aws:111')['id']}"
    assert stranger("PATCH", path, json={"name": "x"}).status_code == 404


def test_accounts_come_in_pages(api: Api) -> None:
    first = api.get("/accounts?limit=2").json
    second = api.get(f"/accounts?limit=2&cursor={first['meta']['next_cursor']}").json
    found = [each["account"] for each in (*first["data"], *second["data"])]
    assert found == ["aws:222", "aws:111", "aws:"]
    assert second["meta"]["next_cursor"] is None
