"""Tags, words and optional costs as clouds write them: files in which people reported them."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from config import Config
from tests.api.conftest import Api
from tests.bills.bill import ORDINARY, write
from tests.support.bills import DATA
from tests.support.bills import work as do_imports

REPORTED = DATA / "reported"
MARCH = "/costs?start_date=2025-03-01&end_date=2025-03-31"
Send = Callable[[Path | bytes], dict[str, Any]]
Costs = Callable[[str], dict[str | None, str]]


@pytest.fixture
def send(api: Api, session: Session, config: Config) -> Send:
    """Import a bill; what the API says of it then."""
    work = partial(do_imports, session, config)

    def send(bill: Path | bytes) -> dict[str, Any]:
        content = bill if isinstance(bill, bytes) else bill.read_bytes()
        sent = api.post("/imports", data=content, content_type="text/csv").json
        work()
        shown: dict[str, Any] = api.get(f"/imports/{sent['data']['id']}").json["data"]
        assert shown["state"] == "live", shown
        assert shown["rows"]["rejected"] == 0
        return shown

    return send


@pytest.fixture
def costs(api: Api) -> Costs:
    """Ask for the billed costs of March 2025 by a dimension."""

    def costs(dimension: str, path: str = MARCH) -> dict[str | None, str]:
        rows = api.get(f"{path}&group_by={dimension}").json["data"]["rows"]
        return {row[dimension]: row["billed_cost"] for row in rows}

    return costs


FORMS = {
    "arr0": {}, "empty": {}, "null": {}, "obj0": {}, "emptyval": {"env": ""}, "emptykey": {"": "v"},
    "athena": {"env": "prod", "team": "a"}, "braceless": {"env": "prod", "team": "a"},
    "case": {"Env": "a", "env": "b"}, "dup": {"env": "y"}, "list": {"env": "prod"},
    "listpascal": {"env": "prod"}, "nested": {"a": '{"b":1}'}, "nullval": {"a": None},
    "num": {"env": "5"}, "pyrepr": {"env": "prod"}, "true": {"a": "true"},
    "unicode": {"größe": "ä", "emoji": "🚀"},
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_tags_of_every_form_are_tags_and_cost_nothing(
    name: str, send: Send, costs: Costs, api: Api
) -> None:
    shown = send(REPORTED / "focus-tag-forms" / f"{name}.csv")
    assert (shown["rows"]["kept"], shown["notes"]) == (2, [])
    dimensions = [row["name"] for row in api.get("/costs/dimensions").json["data"]]
    assert {name for name in dimensions if name.startswith("tag:")} == {
        f"tag:{key}" for key in (*FORMS[name], "z") if key
    }
    for key in filter(None, FORMS[name]):
        value = FORMS[name][key]
        assert costs(f"tag:{key}") == ({value: "1", None: "1"} if value else {None: "2"})
    assert costs("tag:z") == {"1": "1", None: "1"}


@pytest.mark.parametrize("name", ["view.csv", "view.jsonl", "view_notags.jsonl"])
def test_the_focus_view_of_google(name: str, send: Send, costs: Costs) -> None:
    shown = send(REPORTED / "bigquery-focus-view" / name)
    assert (shown["rows"]["kept"], shown["notes"]) == (3, [])
    assert costs("charge_category") == {"Usage": "2.5", "Tax": "1.25"}
    assert costs("service_category") == {"Compute": "3.75"}
    assert costs("pricing_category") == {"Standard": "2.5", None: "1.25"}
    tagged = {None: "3.75"} if "notags" in name else {"prod": "1.25", None: "2.5"}
    assert costs("tag:env") == tagged


def test_tags_that_parquet_lists(send: Send, costs: Costs) -> None:
    shown = send(REPORTED / "parquet-types" / "tags_liststruct.parquet")
    assert (shown["rows"]["kept"], shown["notes"]) == (3, [])
    assert sum(map(Decimal, costs("charge_category").values())) == Decimal("6.75")
    assert len(costs("tag:env")) == 2


def test_tags_of_azure_without_braces(send: Send, costs: Costs, api: Api) -> None:
    shown = send(REPORTED / "azure-tags-and-savings-plan" / "tags.csv")
    assert shown["rows"]["kept"] == 10
    assert shown["notes"] == [
        "Tags of 1 row could not be read: line 5. What the file says is kept with them."
    ]
    assert costs("tag:env") == {"prod": "30", 'a "b"': "10", "x": "10", None: "50"}
    assert costs("tag:link-hidden:/subscriptions/a") == {"Resource": "10", None: "90"}
    exported = api.get(MARCH.replace("/costs?", "/costs/export?format=focus&file=csv.gz&"))
    assert exported.status_code == 200


def test_usage_of_a_savings_plan_is_billed_nothing(send: Send, costs: Costs) -> None:
    send(REPORTED / "azure-tags-and-savings-plan" / "sp.csv")
    assert costs("charge_category") == {"Usage": "1", "Adjustment": "-0.01"}


def test_the_newer_tags_of_aws_have_the_keys_of_the_older(send: Send, costs: Costs) -> None:
    shown = send(REPORTED / "cur2-tags-column" / "a.csv")
    assert (shown["rows"]["kept"], shown["notes"]) == (2, [])
    assert costs("tag:env") == {"prod": "1", None: "2"}
    assert costs("tag:accountTag/team") == {"a": "1", None: "2"}


def test_what_could_not_be_read_comes_out_again(send: Send, api: Api) -> None:
    rows = [{"Tags": "five"}, {"Tags": "{a=b}", "ListCost": "n/a"}]
    shown = send(write(rows))
    assert shown["notes"] == [
        "Tags of 1 row could not be read: line 2. What the file says is kept with them.",
        "The ListCost of 1 row could not be read and is missing: line 3. "
        "What the file says is kept with them.",
    ]
    days = "start_date=2026-03-01&end_date=2026-03-31"
    answer = api.get(f"/costs/export?format=focus&file=csv.gz&{days}")
    text = gzip.decompress(answer.data).decode()
    exported = {row["Tags"]: row for row in csv.DictReader(text.splitlines())}
    assert exported[""]["x_Tags"] == "five"
    assert json.loads(exported['{"a":"b"}']["Tags"]) == {"a": "b"}
    assert exported['{"a":"b"}']["ListCost"] == ""
    assert exported['{"a":"b"}']["x_ListCost"] == "n/a"


def test_a_cost_that_a_charge_may_lack_is_missing_where_it_cannot_be_read(
    send: Send, api: Api
) -> None:
    rows = [{"ListCost": "n/a", "ContractedCost": "€3"}, {"ListCost": "7.0000000000000000001"}]
    shown = send(write(rows))
    assert len(shown["notes"]) == 2
    answer = api.get("/costs?start_date=2026-03-01&end_date=2026-03-31").json
    (total,) = answer["data"]["totals"]
    assert (total["billed_cost"], total["list_cost"], total["contracted_cost"]) == ("2", "7", "1")
    assert answer["meta"]["missing"] == {"USD": {"list_cost": 1, "contracted_cost": 1}}


def test_a_currency_in_small_letters_is_that_currency(send: Send, api: Api) -> None:
    send(write([{"BillingCurrency": " usd"}, {"BillingCurrency": "USD"}]))
    answer = api.get("/costs?start_date=2026-03-01&end_date=2026-03-31").json["data"]
    assert [(one["currency"], one["billed_cost"]) for one in answer["totals"]] == [("USD", "2")]


def test_words_of_the_specification_and_others(send: Send, api: Api, costs: Costs) -> None:
    columns = [*ORDINARY, "PricingCategory"]
    rows = [
        {"ChargeCategory": "USAGE", "PricingCategory": "standard"},
        {"PricingCategory": "Preemptible"}, {"PricingCategory": "Preemptible"},
    ]  # fmt: skip
    shown = send(write(rows, columns))
    assert shown["notes"] == [
        "2 rows with the PricingCategory “Preemptible”, which FOCUS does not know "
        "(line 3, line 4): it is kept."
    ]
    march = "/costs?start_date=2026-03-01&end_date=2026-03-31"
    assert costs("pricing_category", march) == {"Standard": "1", "Preemptible": "2"}
    assert costs("charge_category", march) == {"Usage": "3"}
