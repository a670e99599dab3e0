"""A budget of a view of the explorer: it holds what a budget can, and says what it cannot."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access import organizations
from costoptix.models import Budget, Organization
from tests.support.cost_pages import links, text
from tests.support.lake import Charge, Lake
from tests.support.pages import Browser, latest

MARCH = "start_date=2026-03-01&end_date=2026-03-20"


@pytest.fixture
def billed(lake: Lake) -> Lake:
    lake.deliver(
        Charge(
            billed_cost=Decimal(85), effective_cost=Decimal(80), sub_account_name="Shop",
            tags='{"team":"web","env":"prod"}',
        ),
        Charge(billed_cost=Decimal(7), sub_account_id="222", sub_account_name="Lab"),
        Charge(charge_category="Tax", billed_cost=Decimal(1), tags='{"team":"a, b"}'),
        Charge(billed_cost=Decimal(5), billing_currency="EUR", provider_name="Oracle"),
    )  # fmt: skip
    return lake


def form(browser: Browser, params: str) -> str:
    answer = browser.get(f"/budgets/new?{MARCH}&{params}")
    assert answer.status_code == 200
    return answer.text


def test_the_explorer_leads_an_admin_to_the_form(
    billed: Lake, alice_browser: Browser, bob_browser: Browser, session: Session
) -> None:
    view = f"/costs?{MARCH}&tag:team=web&account=aws:111&metric=billed_cost"
    (link,) = [one for one in links(alice_browser.get(view).text) if "/budgets/new" in one]
    page = alice_browser.get(link)
    assert 'value="aws:111" selected' in page.text
    assert 'name="key_1" type="text"\n    value="team"' in page.text
    assert "A budget cannot hold" not in page.text
    assert "Make a budget of this view" not in bob_browser.get(view).text
    # What was filled in is a budget that spends what the view shows.
    fields = {
        "name": "Shop", "amount": "100", "currency": "USD", "account": "aws:111",
        "metric": "billed_cost", "key_1": "team", "values_1": "web",
    }  # fmt: skip
    made = alice_browser.post("/budgets", form=link, **fields)
    assert "$85.00 of $100.00" in text(alice_browser.get(made.headers["Location"]).text)
    assert latest(session).scalars(select(Budget.name)).all() == ["Shop"]


@pytest.mark.parametrize(
    ("params", "held"),
    [
        ("account=aws:111", ['value="aws:111" selected']),
        ("sub_account_name=Lab", ['value="aws:222" selected']),
        ("sub_account_id=222&provider_name=AWS", ['value="aws:222" selected']),
        ("account=aws:111&provider_name=AWS", ['value="aws:111" selected']),
        ("tag:team=web&tag:team=", ['value="in" selected', 'value=", web"']),
        ("tag:team=a,+b", ['value="team"', 'value="a, b"']),
        ("charge_category=Usage&charge_category=Tax", ['name="usage" value="1" checked',
                                                       'name="tax" value="1" checked']),
        ("exclude_charge_category=Tax", ['name="usage" value="1" checked',
                                         'name="credit" value="1" checked']),
        ("metric=list_cost", ['value="list_cost" selected']),
        ("", ['value="effective_cost" selected']),
        ("provider_name=Oracle&account=oci:111", ['value="EUR"']),
    ],
)  # fmt: skip
def test_what_a_budget_can_hold_is_filled_in(
    billed: Lake, alice_browser: Browser, params: str, held: list[str]
) -> None:
    page = form(alice_browser, params)
    for part in held:
        assert part in page.replace("\n   ", ""), part
    notice = "EUR: a budget counts one currency"
    assert ("A budget cannot hold" not in page) or notice in page


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ("service_name=EC2", "Service: EC2"),
        ("service_name=EC2&service_name=", "Service: No service, EC2"),
        ("exclude_service_name=EC2", "Service is not EC2"),
        ("account=aws:111&account=aws:222", "Account: prod, Lab"),
        ("provider_name=AWS", "Provider: AWS"),
        ("sub_account_name=Nobody", "Account: Nobody"),
        ("exclude_account=aws:111", "Account is not prod"),
        ("tag:team=a,+b&tag:team=web", "Tag team: a, b, web"),
        ("tag:a=1&tag:b=1&tag:c=1&tag:d=1", "Tag d: 1"),
        ("exclude_tag:team=web", "Tag team is not web"),
        ("charge_category=Other", "Charge category: Other"),
        ("complete_days=1", "Complete days only: a budget counts through today"),
        ("", "EUR: a budget counts one currency"),
    ],
)
def test_what_a_budget_cannot_hold_is_said(
    billed: Lake, alice_browser: Browser, params: str, words: str
) -> None:
    shown = text(form(alice_browser, params))
    assert "A budget cannot hold" in shown
    assert words in shown


def test_a_tier_without_tag_rules_says_so(
    billed: Lake, alice_browser: Browser, session: Session, acme: Organization
) -> None:
    organizations.set_tier(session, acme, "starter")
    assert "Tag team: web" in text(form(alice_browser, "tag:team=web"))


@pytest.mark.parametrize(
    "params", ["metric=effort", "range=never", "name=x", "metric=list_cost&metric=list_cost",
               "account=", "group_by=a,b,c", f"service_name={'x' * 3000}"],
)  # fmt: skip
def test_a_wrong_view_is_400(billed: Lake, alice_browser: Browser, params: str) -> None:
    answer = alice_browser.get(f"/budgets/new?{params}")
    assert answer.status_code in (400, 200) if params == "account=" else answer.status_code == 400
