"""One account at the door, over the move from Azure's own exports to FOCUS exports."""

from __future__ import annotations

import csv
import gzip
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock
from costoptix.costs.accounts import account_id
from costoptix.models import AccountName, Organization
from tests.anomalies.anomaly import make_anomaly
from tests.api.conftest import Api
from tests.bills.bill import write
from tests.support.bills import TakeIn, operator, take_in
from tests.support.budgets import judge, keep_budget

__all__ = ["operator", "take_in"]
FILES = Path(__file__).parents[1] / "data" / "azure" / "native_then_focus"
GUID = "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"
SPELLINGS = [GUID, GUID.upper(), f"/subscriptions/{GUID}", f"/SUBSCRIPTIONS/{GUID.upper()}"]
RANGE = "start_date=2025-02-01&end_date=2025-03-31"
ENROLMENT = "8611537"


@pytest.fixture(autouse=True)
def _bills(take_in: TakeIn) -> None:
    clock.configure("2025-03-31T12:00:00Z")
    for name in ("feb.csv", "mar.csv"):
        assert take_in((FILES / name).read_bytes(), name=name).state == "live"


def rows_of(api: Api, question: str) -> list[dict[str, Any]]:
    answer = api.get(f"/costs?{RANGE}&{question}")
    assert answer.status_code == 200, answer.json
    return answer.json["data"]["rows"]


def test_the_account_is_listed_once_with_both_months(api: Api) -> None:
    (account,) = api.get("/accounts").json["data"]
    assert (account["account"], account["sub_account_id"]) == (f"azure:{GUID}", GUID)
    assert (account["billed_cost"], account["currency"]) == ("30", "EUR")
    assert (account["first_day"], account["last_day"]) == ("2025-02-10", "2025-03-10")
    assert account["billed_name"] == "Team A"


def test_a_filter_in_any_spelling_counts_both_months(api: Api) -> None:
    slugs = ("account=azure:", "account=Microsoft:", "account=microsoft-azure:", "sub_account_id=")
    for parameter, written in product(slugs, SPELLINGS):
        months = rows_of(api, f"granularity=monthly&{parameter}{written}")
        assert [row["billed_cost"] for row in months] == ["20", "10"]
        assert rows_of(api, f"exclude_{parameter}{written}") == []


def test_a_grouping_and_the_values_of_a_dimension_hold_it_once(api: Api) -> None:
    names = {"sub_account_id": GUID, "billing_account_id": ENROLMENT, "provider_name": "Microsoft"}
    for dimension, value in names.items():
        (row,) = rows_of(api, f"group_by={dimension}")
        assert (row[dimension], row["billed_cost"]) == (value, "30")
        (listed,) = api.get(f"/costs/dimensions/{dimension}?{RANGE}").json["data"]
        assert (listed["value"], listed["billed_cost"]) == (value, "30")


def test_the_portfolio_holds_it_once(api: Api) -> None:
    (portfolio,) = api.get(f"/analytics/portfolio?{RANGE}").json["data"]
    (account,) = portfolio["accounts"]
    assert (account["account"], account["total"]) == (f"azure:{GUID}", "30")


def test_a_billing_account_is_found_as_either_export_writes_it(api: Api) -> None:
    for written in (ENROLMENT, f"/providers/Microsoft.Billing/billingAccounts/{ENROLMENT}"):
        (row,) = rows_of(api, f"billing_account_id={written}")
        assert row["billed_cost"] == "30"


def test_the_export_holds_what_the_bills_wrote(api: Api) -> None:
    answer = api.get(f"/costs/export?file=csv.gz&{RANGE}&account=azure:{GUID}")
    lines = gzip.decompress(answer.data).decode().splitlines()
    written = {(row["SubAccountId"], row["BillingAccountId"]) for row in csv.DictReader(lines)}
    assert written == {
        (GUID, ENROLMENT),
        (f"/subscriptions/{GUID}", f"/providers/Microsoft.Billing/billingAccounts/{ENROLMENT}"),
    }
    assert len(lines) == 4


def test_a_budget_of_an_old_spelling_counts_both_months(
    api: Api, session: Session, acme: Organization, config: Config
) -> None:
    for number, written in enumerate(SPELLINGS):
        keep_budget(
            session, acme, name=f"old {number}", account=f"azure:{written}", currency="EUR",
            period="yearly",
        )  # fmt: skip
    judge(session, acme, config)  # several of one kind are asked together
    spends = {budget["current_spend"] for budget in api.get("/budgets").json["data"]}
    assert spends == {"30"}


def test_a_new_budget_is_of_the_account_whatever_it_is_called(api: Api) -> None:
    body = {
        "name": "Prod", "amount": "100", "currency": "EUR", "period": "yearly",
        "account": f"azure:/subscriptions/{GUID.upper()}",
    }  # fmt: skip
    budget = api.post("/budgets", json=body).json["data"]
    assert (budget["account"], budget["current_spend"]) == (f"azure:{GUID}", "30")


def test_an_account_is_named_by_the_ids_of_its_other_spellings(api: Api, session: Session) -> None:
    for written in (SPELLINGS[2], SPELLINGS[0]):
        path = f"/accounts/{account_id(f'azure:{written}')}"
        assert api("PATCH", path, json={"name": written[:9]}).json["data"]["name"] == written[:9]
    (account,) = api.get("/accounts").json["data"]
    assert account["name"] == GUID[:9]
    (kept,) = session.scalars(select(AccountName))
    assert kept.account_id == account["id"] == account_id(f"azure:{GUID}")
    assert api("PATCH", f"/accounts/{account_id('azure:x')}", json={"name": "x"}).status_code == 404


def test_anomalies_are_found_by_the_account_in_any_spelling(
    api: Api, session: Session, acme: Organization
) -> None:
    for kept in SPELLINGS:
        make_anomaly(session, acme, provider_name="Microsoft Azure", sub_account_id=kept)
    for written in SPELLINGS:
        anomalies = api.get(f"/anomalies?account=azure:{written}").json["data"]
        assert {anomaly["account"] for anomaly in anomalies} == {f"azure:{GUID}"}
        assert {anomaly["provider_name"] for anomaly in anomalies} == {"Microsoft"}
        assert len(anomalies) == len(SPELLINGS)


def test_all_names_of_a_provider_are_one(api: Api, take_in: TakeIn) -> None:
    names = ["AWS", "Amazon Web Services", "amazon web services, inc.", "Acme Hosting"]
    month = {
        "BillingPeriodStart": "2025-03-01T00:00:00Z", "BillingPeriodEnd": "2025-04-01T00:00:00Z",
        "ChargePeriodStart": "2025-03-02T00:00:00Z", "ChargePeriodEnd": "2025-03-03T00:00:00Z",
    }  # fmt: skip
    take_in(write([month | {"ProviderName": name} for name in names]))
    rows = rows_of(api, "group_by=provider_name")
    sums = {row["provider_name"]: row["billed_cost"] for row in rows}
    assert sums == {"AWS": "3", "Acme Hosting": "1", "Microsoft": "30"}
    for name in names[:3]:
        (row,) = rows_of(api, f"provider_name={name}")
        assert row["billed_cost"] == "3"
    accounts = {account["account"] for account in api.get("/accounts").json["data"]}
    assert accounts == {"aws:111", "acme-hosting:111", f"azure:{GUID}"}
