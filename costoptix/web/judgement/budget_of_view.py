"""A budget of a view of the cost explorer: what a budget can hold of it, and what it cannot."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask_login import current_user

from costoptix.access.tiers import Feature, tier_of
from costoptix.budgets.drafts import DEFAULT_METRIC, ChargeCategory
from costoptix.costs.query import ACCOUNT, CostQuery, Filter, is_raw_tag, is_tag, tag_key
from costoptix.figures import summary
from costoptix.lake.providers import account_of, slug_of
from costoptix.web.costs.questions import CostQuestion, asker
from costoptix.web.judgement.budget_form import (
    RULES,
    BudgetForm,
    account_title,
    currencies_in_bills,
    filled_with,
)
from costoptix.web.parts.wording import dimension_title, value_title

_CATEGORY = "charge_category"
_OF_AN_ACCOUNT = ("provider_name", "sub_account_id", "sub_account_name")
"""Filters that together can come down to one account."""

MAX_NAMED = 10
"""How many values of a filter are named."""


@dataclass(frozen=True)
class CarriedView:
    """The form of a budget, filled in from a view, and in words what a budget cannot hold of it."""

    form: BudgetForm
    left_out: list[str]


def of_view(question: CostQuestion) -> CarriedView:
    """Fill the form of a budget in from a view of the explorer.

    Its account, tags, charge categories, metric and currency are carried; its days are not, as a
    budget counts each month anew.
    """
    query = question.query
    account, consumed = _account(query)
    rules, unheld = _rules(query)
    categories, unheld_categories = _categories(query)
    currency, others = _currency(question)
    left_out = [
        *(_words(chosen) for chosen in query.filters if _is_left_out(chosen, consumed)),
        *unheld,
        *unheld_categories,
        *(_words(chosen, is_excluded=True) for chosen in query.exclusions
          if chosen.dimension != _CATEGORY),
        *others,
    ]  # fmt: skip
    if question.complete_days:
        left_out.append("Complete days only: a budget counts through today")
    form = filled_with(
        charge_categories=categories,
        tag_rules=rules,
        name=_name(account, rules),
        account=account,
        metric=question.metric,
        currency=currency,
    )
    return CarriedView(form, left_out)


def _is_left_out(chosen: Filter, consumed: frozenset[str]) -> bool:
    is_carried = is_tag(chosen.dimension) or chosen.dimension == _CATEGORY
    return not is_carried and chosen.dimension not in consumed


def _account(query: CostQuery) -> tuple[str, frozenset[str]]:
    """Return the one account of a view, and the filters that it stands for; "" where none is."""
    chosen = {condition.dimension: condition.values for condition in query.filters}
    account = ""
    consumed = frozenset(name for name in _OF_AN_ACCOUNT if name in chosen)
    if len(chosen.get(ACCOUNT, ())) == 1:
        account = chosen[ACCOUNT][0] or ""
        consumed = frozenset({ACCOUNT})
        provider = chosen.get("provider_name", ())
        if [slug_of(name) for name in provider if name] == [account.partition(":")[0]]:
            consumed |= {"provider_name"}
    elif consumed - {"provider_name"} and ACCOUNT not in chosen:
        account = _only_account(query, consumed)
    return account, consumed if account else frozenset()


def _only_account(query: CostQuery, consumed: frozenset[str]) -> str:
    """Return the account that some filters come down to; "" where there is none, or several."""
    filters = tuple(chosen for chosen in query.filters if chosen.dimension in consumed)
    within = replace(query, filters=filters, exclusions=())
    days = query.date_range
    asked = summary.asked_over(within, days, *summary.ACCOUNT, metric=DEFAULT_METRIC)
    accounts = {row.group[:2] for row in asker()(asked).rows}
    if len(accounts) != 1:
        return ""
    ((provider, number),) = accounts
    return account_of(provider, number) if number else ""


def _rules(query: CostQuery) -> tuple[list[dict[str, object]], list[str]]:
    """Return the tag filters as rules, and in words those that the form cannot hold."""
    has_rules = Feature.TAG_BUDGETS in tier_of(current_user.organization.tier).features
    rules: list[dict[str, object]] = []
    unheld = []
    for chosen in query.filters:
        if not is_tag(chosen.dimension):
            continue
        values = [value or "" for value in chosen.values]
        is_one = len(values) == 1
        # The form parts several values at their commas.
        can_be_written = is_one or not any("," in value for value in values)
        can_be_written &= not is_raw_tag(chosen.dimension)  # budgets go by cleaned tags
        if has_rules and can_be_written and len(rules) < RULES:
            operator = "=" if is_one else "in"
            rules.append({"key": tag_key(chosen.dimension), "operator": operator, "values": values})
        else:
            unheld.append(_words(chosen))
    return rules, unheld


def _categories(query: CostQuery) -> tuple[list[str], list[str]]:
    """Return the charge categories of a view (none: all), and in words what is no such choice."""
    every = [category.value for category in ChargeCategory]
    chosen = next((one for one in query.filters if one.dimension == _CATEGORY), None)
    gone = next((one for one in query.exclusions if one.dimension == _CATEGORY), None)
    kept = [name for name in every if chosen is None or name in chosen.values]
    kept = [name for name in kept if gone is None or name not in gone.values]
    unheld = [_words(one) for one in (chosen,) if one and not set(one.values) <= set(every)]
    if gone and (not kept or not set(gone.values) <= set(every)):
        unheld.append(_words(gone, is_excluded=True))
    return ([] if kept == every else kept), unheld


def _currency(question: CostQuestion) -> tuple[str, list[str]]:
    """Return the currency in which a view has most, and in words the others."""
    query = question.query
    amounts = list(summary.totals(asker(), query, query.date_range, question.metric))
    currency, *others = amounts or currencies_in_bills() or [""]
    if not amounts:
        others = []
    return currency, [f"{other}: a budget counts one currency" for other in others]


def _name(account: str, rules: list[dict[str, object]]) -> str:
    words = [account_title(account)] if account else []
    for rule in rules:
        values = rule["values"]
        words += [str(value) for value in values if value] if isinstance(values, list) else []
    return ", ".join(words)[:100]


def _words(chosen: Filter, *, is_excluded: bool = False) -> str:
    names = [value_title(value, chosen.dimension) for value in chosen.values[:MAX_NAMED]]
    more = len(chosen.values) - len(names)
    listed = ", ".join(names) + (f" and {more} more" if more else "")
    verb = " is not " if is_excluded else ": "
    return f"{dimension_title(chosen.dimension)}{verb}{listed}"
