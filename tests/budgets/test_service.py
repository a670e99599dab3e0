"""Budgets of an organization: what they are about, who may make them, told once when crossed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from costoptix import drafts
from costoptix.access.permissions import Caller, Permission
from costoptix.budgets import service
from costoptix.budgets.drafts import BudgetChange, BudgetDraft
from costoptix.budgets.figures import Figures
from costoptix.budgets.questions import figures_of
from costoptix.costs.query import CostQuery
from costoptix.errors import Conflict, Forbidden, Invalid, NotFound
from costoptix.models import AuditEntry, Budget
from tests.support.lake import TODAY, Charge, Lake, new_organization, open_lake

FIRST = date(2026, 3, 1)


def draft(**values: Any) -> BudgetDraft:
    return drafts.read(BudgetDraft, {"name": "All", "amount": "100", "currency": "USD"} | values)


def make(lake: Lake, writer: Caller, **values: Any) -> Budget:
    return service.create(lake.session, lake.organization, writer, draft(**values), lake.store)


def stand(lake: Lake, asked: BudgetDraft) -> Figures:
    return figures_of(lake.question, asked, TODAY)


# What it is about --------------------------------------------------------------------------

_ACCOUNTS = ("111", "222")
_TEAMS = ("web", "data", None)
_CATEGORIES = ("Usage", "Tax", "Credit")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Charges of every account, team, category and currency, of odd amounts."""
    charges, amount = [], Decimal("0.000000000000000001")
    for day in (date(2025, 11, 5), date(2026, 3, 3), date(2026, 3, 20)):
        for account in _ACCOUNTS:
            for team in _TEAMS:
                for category in _CATEGORIES:
                    for currency in ("USD", "EUR"):
                        amount = amount * 3 + Decimal("1.01")
                        amount %= 1000
                        sign = -1 if category == "Credit" else 1
                        charges.append(
                            Charge(
                                day=day, sub_account_id=account, billed_cost=sign * amount,
                                effective_cost=sign * amount / 2, charge_category=category,
                                billing_currency=currency,
                                tags=None if team is None else f'{{"team":"{team}"}}',
                            )
                        )  # fmt: skip
    folder: Path = tmp_path_factory.mktemp("mixed")
    with open_lake(folder) as lake:
        lake.deliver(*charges)
        yield lake


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    account=st.sampled_from([None, "aws:111", "aws:222"]),
    categories=st.sets(st.sampled_from(_CATEGORIES)),
    teams=st.sets(st.sampled_from(["web", "data", ""])),
    currency=st.sampled_from(["USD", "EUR"]),
    metric=st.sampled_from(["billed_cost", "effective_cost"]),
    period=st.sampled_from(["monthly", "quarterly", "yearly"]),
)
def test_what_is_spent_is_what_the_explorer_says(
    mixed: Lake, account: str | None, categories: set[str], teams: set[str], currency: str,
    metric: str, period: str,
) -> None:  # fmt: skip
    """The same filters, the same digits."""
    rule = {"key": "team", "operator": "in", "values": sorted(teams)}
    found = stand(
        mixed,
        draft(
            account=account, charge_categories=sorted(categories), currency=currency,
            metric=metric, period=period, tag_rules=[rule] if teams else [],
        ),
    )  # fmt: skip
    params = [("start_date", str(found.days.first)), ("end_date", str(TODAY))]
    params += [("account", account)] if account else []
    params += [("charge_category", category) for category in categories]
    params += [("tag:team", team) for team in teams]
    report = mixed.question(CostQuery.from_params(params, TODAY))
    totals = {each.currency: getattr(each, metric) for each in report.totals}
    assert found.current_spend == totals.get(currency, 0)


# Who, and what is refused --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"amount": "0"}, "amount is wrong: it must be above zero"),
        ({"amount": "-5"}, "amount is wrong: it must be above zero"),
        ({"amount": "NaN"}, "amount is wrong: give a plain number"),
        ({"amount": float("inf")}, "amount is wrong: give a plain number"),
        ({"amount": True}, "amount is wrong: give a plain number"),
        ({"amount": "1e30"}, "amount is wrong: it is too large"),
        ({"currency": "dollars"}, "currency is wrong"),
        ({"currency": "ZZZ"}, "currency is wrong: ZZZ is not an ISO 4217 code"),
        ({"warning_threshold": 95, "critical_threshold": 80}, "above the warning threshold"),
        ({"warning_threshold": 80, "critical_threshold": 80}, "above the warning threshold"),
        ({"warning_threshold": 0}, "above 0 and at most 100"),
        ({"critical_threshold": "101"}, "above 0 and at most 100"),
        ({"period": "weekly"}, "period is wrong"),
        ({"metric": "cost"}, "metric is wrong"),
        ({"charge_categories": ["usage"]}, "charge_categories.0 is wrong"),
        ({"account": "111"}, "account is wrong: give slug:sub_account_id"),
        ({"account": "aws:999"}, "account is wrong: no bill of the last two years holds it"),
        ({"tag_rules": [{"key": "owner", "values": ["x"]}]}, "no charge has the tag 'owner'"),
        ({"tag_rules": [{"key": "team", "values": ["a", "b"]}]}, "takes exactly one value"),
        ({"tag_rules": [{"key": "team", "operator": "in", "values": []}]}, "at least 1"),
        ({"tag_rules": [{"key": "team", "operator": "!=", "values": ["a"]}]}, "'=' or 'in'"),
        ({"tag_rules": [{"key": "team", "values": ["a"]}] * 2}, "name each key in one rule"),
        ({"name": "  "}, "name is wrong"),
    ],
)
def test_nonsense_is_refused_in_words(
    lake: Lake, writer: Caller, values: dict[str, Any], words: str
) -> None:
    lake.deliver(Charge(tags='{"team":"web"}'))
    with pytest.raises(Invalid) as refusal:
        make(lake, writer, **values)
    assert words in refusal.value.sentence
    assert lake.session.scalars(select(Budget)).all() == []


def test_another_organizations_account_and_tags_are_unknown(lake: Lake, writer: Caller) -> None:
    lake.deliver(Charge())
    theirs = replace(lake, organization=new_organization(lake.session))
    theirs.deliver(Charge(sub_account_id="777", tags='{"owner":"eve"}'))
    for values in ({"account": "aws:777"}, {"tag_rules": [{"key": "owner", "values": ["eve"]}]}):
        with pytest.raises(Invalid):
            make(lake, writer, **values)


def test_a_stranger_sees_no_budget(lake: Lake, writer: Caller) -> None:
    """S24."""
    budget = make(lake, writer)
    with pytest.raises(NotFound):
        service.get(lake.session, new_organization(lake.session), budget.id)


def test_who_may_only_read_can_neither_make_nor_change_nor_delete(
    lake: Lake, writer: Caller
) -> None:
    """Members among them: they see budgets and cannot make them."""
    budget = make(lake, writer)
    reader = replace(writer, permission=Permission.READ)
    with pytest.raises(Forbidden):
        make(lake, reader, name="another")
    with pytest.raises(Forbidden):
        service.change(
            lake.session, lake.organization, reader, budget, BudgetChange(name="x"), lake.store
        )
    with pytest.raises(Forbidden):
        service.delete(lake.session, reader, budget)


def test_tag_rules_need_a_tier_that_has_them(lake: Lake, writer: Caller) -> None:
    lake.deliver(Charge(tags='{"team":"web"}'))
    rules = [{"key": "team", "values": ["web"]}]
    lake.organization.tier = "starter"
    lake.session.commit()
    make(lake, writer)
    with pytest.raises(Forbidden, match="Professional"):
        make(lake, writer, name="Web", tag_rules=rules)
    lake.organization.tier = "professional"
    lake.session.commit()
    make(lake, writer, name="Web", tag_rules=rules)


def test_a_name_is_used_once(lake: Lake, writer: Caller) -> None:
    make(lake, writer)
    with pytest.raises(Conflict, match="already a budget called All"):
        make(lake, writer)


def test_a_change_changes_what_it_names(lake: Lake, writer: Caller) -> None:
    lake.deliver(Charge())
    budget = make(lake, writer, account="aws:111", charge_categories=["Usage"])
    changed = drafts.read(BudgetChange, {"amount": "2.5", "account": None})
    service.change(lake.session, lake.organization, writer, budget, changed, lake.store)
    assert (budget.amount, budget.account) == (Decimal("2.5"), None)
    assert (budget.name, budget.charge_categories) == ("All", ["Usage"])
    with pytest.raises(Invalid, match="above the warning threshold"):
        service.change(
            lake.session, lake.organization, writer, budget,
            drafts.read(BudgetChange, {"critical_threshold": 70}), lake.store,
        )  # fmt: skip
    service.delete(lake.session, writer, budget)
    actions = lake.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["budget.created", "budget.changed", "budget.deleted"]
