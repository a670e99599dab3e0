"""The form of a budget: what it suggests, how it reads, and what it says of the wrong field."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.models import Budget, Organization
from tests.support.budgets import keep_budget
from tests.support.cost_pages import text
from tests.support.lake import Charge, Lake
from tests.support.pages import Browser, latest

NEW = "/budgets/new"
FORM = {"name": "Web", "amount": "100", "currency": "USD"}


@pytest.fixture
def billed(lake: Lake) -> Lake:
    lake.deliver(
        Charge(billed_cost=Decimal(85), sub_account_name="Shop", tags='{"team":"web"}'),
        Charge(billed_cost=Decimal(7), tags='{"team":"data, web"}'),
        Charge(sub_account_id="222", billing_currency="EUR", tags='{"team":"ops"}'),
    )
    return lake


def test_accounts_currencies_and_tags_are_suggested(billed: Lake, alice_browser: Browser) -> None:
    page = alice_browser.get(NEW).text
    assert '<option value="aws:111">Shop (AWS)</option>' in page
    assert '<option value="team"></option>' in page
    currencies = page[page.index('id="currencies"') :]
    assert currencies.index('"USD"') < currencies.index('"EUR"') < currencies.index('"AED"')
    assert 'list="currencies"' in page
    answer = alice_browser.get("/budgets/tag-values.json?key=team")
    assert answer.json == {"values": ["web", "data, web", "ops"]}
    assert alice_browser.get("/budgets/tag-values.json?key=nobody").json == {"values": []}


def test_values_of_a_key_are_suggested_without_javascript(
    billed: Lake, alice_browser: Browser, session: Session
) -> None:
    fields = {"key_1": "team", "name": "half", "suggest": "1"}
    page = alice_browser.post("/budgets", form=NEW, **fields)
    assert page.status_code == 200
    assert '<option value="ops"></option>' in page.text
    assert 'value="half"' in page.text
    assert latest(session).scalars(select(Budget)).all() == []


@pytest.mark.parametrize("query", ["?key=a&key=b", "?key=", f"?key={'x' * 3000}", "?name=a"])
def test_a_wrong_question_for_values_is_400(
    billed: Lake, alice_browser: Browser, query: str
) -> None:
    assert alice_browser.get(f"/budgets/tag-values.json{query}").status_code == 400


@pytest.mark.parametrize(
    ("amount", "kept"),
    [("9,000", "9000"), ("9 000.50", "9000.5"), ("1e12", "1000000000000"), ("0.01", "0.01")],
)
def test_an_amount_is_read_as_people_write_it(
    billed: Lake, alice_browser: Browser, session: Session, amount: str, kept: str
) -> None:
    fields = FORM | {"amount": amount, "currency": " usd "}
    assert alice_browser.post("/budgets", form=NEW, **fields).status_code == 302
    assert latest(session).scalars(select(Budget.amount)).one() == Decimal(kept)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"amount": "9.000,5"}, "amount", "Amount: 9.000,5 can be read in two ways"),
        ({"amount": "9.000"}, "amount", "Amount: 9.000 can be read as 9 or as 9000"),
        ({"amount": "0"}, "amount", "Amount: it must be above zero"),
        ({"amount": "-3"}, "amount", "Amount: it must be above zero"),
        ({"amount": "1" * 40}, "amount", "Amount: it is too large"),
        ({"amount": ""}, "amount", "Amount: give a plain number"),
        ({"amount": "x" * 9_000}, "amount", "Amount: give a plain number"),
        ({"name": " "}, "name", "Name: it must not be empty"),
        ({"name": "n" * 101}, "name", "Name: at most 100 characters"),
        ({"currency": "US"}, "currency", "Currency: give an ISO 4217 code"),
        ({"currency": "ZZZ"}, "currency", "Currency: ZZZ is not an ISO 4217 code"),
        ({"account": "aws:999"}, "account", "Account: no bill of the last two years"),
        ({"account": "aws"}, "account", "Account: give slug:sub_account_id"),
        ({"metric": "cost"}, "metric", "Metric: it must be one of"),
        ({"period": "weekly"}, "period", "Period: it must be one of"),
        ({"warning_threshold": "99"}, "critical_threshold", "Critical at, percent: it must be abo"),
        ({"key_2": "gone", "values_2": "a"}, "key_2", "Key 2: no charge has the tag"),
        ({"key_3": "team", "values_3": "v" * 9_000}, "values_3", "Values 3: "),
        ({"values_3": "web"}, "key_3", "Key 3: the values need a key"),
        ({"key_2": "team", "operator_2": ">"}, "operator_2", "Operator 2: it must be one of"),
    ],
)  # fmt: skip
def test_the_wrong_field_is_marked_in_the_words_of_its_label(
    billed: Lake, alice_browser: Browser, fields: dict[str, str], field: str, words: str
) -> None:
    refused = alice_browser.post("/budgets", form=NEW, **(FORM | fields))
    assert refused.status_code == 400
    assert words in text(refused.text)
    assert refused.text.count('aria-invalid="true"') == 1
    marked = rf'id="{field}"[^>]* aria-invalid="true" aria-describedby="{field}-error"'
    assert re.search(marked, refused.text)
    assert f'id="{field}-error"' in refused.text
    for name, typed in (FORM | fields).items():
        assert name in ("metric", "period", "operator_2") or f'value="{typed}"' in refused.text


def test_a_name_that_is_taken_is_said_beside_it(
    billed: Lake, alice_browser: Browser, session: Session, acme: Organization
) -> None:
    keep_budget(session, acme, name="Web")
    refused = alice_browser.post("/budgets", form=NEW, **FORM)
    assert refused.status_code == 409
    assert "There is already a budget called Web." in text(refused.text)
    assert 'aria-describedby="name-error"' in refused.text


def test_a_field_given_twice_is_refused_and_the_rest_is_kept(
    billed: Lake, alice_browser: Browser
) -> None:
    refused = alice_browser.post("/budgets", form=NEW, **(FORM | {"amount": ["7", "8"]}))
    assert refused.status_code == 400
    assert "Amount: it may be given only once" in text(refused.text)
    assert 'value="Web"' in refused.text


def test_a_rule_whose_key_is_gone_can_be_kept_and_not_made(
    billed: Lake, alice_browser: Browser, session: Session, acme: Organization
) -> None:
    rules = [{"key": "gone", "operator": "=", "values": ["x"]}]
    row = keep_budget(session, acme, name="Old", tag_rules=rules)
    path = f"/budgets/{row.id}"
    assert "No charge has the tag gone any more." in text(alice_browser.get(path).text)
    fields = FORM | {"name": "Older", "key_1": "gone", "values_1": "x"}
    assert alice_browser.post(f"{path}/edit", form=f"{path}/edit", **fields).status_code == 302
    assert alice_browser.post("/budgets", form=NEW, **(fields | {"name": "b"})).status_code == 400


def test_one_account_in_two_currencies_counts_the_one_of_the_budget(
    lake: Lake, alice_browser: Browser
) -> None:
    lake.deliver(
        Charge(billed_cost=Decimal(85)), Charge(billed_cost=Decimal(9), billing_currency="EUR")
    )
    for currency, shown in (("EUR", "€9.00 of €100.00"), ("USD", "$85.00 of $100.00")):
        fields = FORM | {"name": currency, "currency": currency, "account": "aws:111"}
        answer = alice_browser.post("/budgets", form=NEW, **fields)
        assert shown in text(alice_browser.get(answer.headers["Location"]).text)


def test_a_currency_that_no_bill_has_is_said(billed: Lake, alice_browser: Browser) -> None:
    tried = FORM | {"currency": "GBP", "try_it": "1"}
    page = text(alice_browser.post("/budgets", form=NEW, **tried).text)
    assert "No bill of the last 12 months is in GBP." in page
    assert "£0.00 of £100.00" in page


def test_the_page_of_a_budget_has_its_curve(
    lake: Lake, alice_browser: Browser, session: Session, acme: Organization
) -> None:
    lake.deliver(*(Charge(day=date(2026, 3, day), billed_cost=Decimal(3)) for day in range(1, 20)))
    row = keep_budget(session, acme, name="Web")
    page = alice_browser.get(f"/budgets/{row.id}").text
    assert 'class="spent s0"' in page
    assert 'class="range s0"' in page
    shown = text(page)
    assert "1–31 Mar 2026: $57.00 of $100.00 spent" in " ".join(page.split())
    for words in ("Spent $57.00", "Ceiling 95%", "Amount $100.00", "Even pace, through today"):
        assert words in shown
    assert page.count('<tr><th scope="row">') >= 31
