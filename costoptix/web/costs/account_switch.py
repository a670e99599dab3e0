"""The account switcher: which accounts a page can be narrowed to, and to which it is."""

from __future__ import annotations

from dataclasses import dataclass

from costoptix.costs.asking import Ask
from costoptix.costs.query import ACCOUNT, CostQuery
from costoptix.figures import summary
from costoptix.lake.providers import account_of
from costoptix.web.costs.account_names import given_name
from costoptix.web.costs.questions import CostQuestion
from costoptix.web.parts.panels import panel

MAX_ACCOUNTS = 500


@dataclass(frozen=True)
class AccountSwitch:
    """Accounts as (``slug:id``, name), and those that are chosen."""

    choices: list[tuple[str, str]]
    chosen: tuple[str, ...]


def account_switch(ask: Ask, question: CostQuestion) -> AccountSwitch:
    """Offer the accounts with charges in the range, and what is chosen already.

    Where the accounts of the range cannot be asked for, only what is chosen.
    """
    everything = question.unfiltered().query
    accounts = summary.asked_over(
        everything, everything.date_range, *summary.ACCOUNT, metric=question.metric
    )
    report = panel("the account switch", lambda: ask(accounts, MAX_ACCOUNTS)).shown
    names: dict[str, str] = {}
    for row in report.rows if report else ():
        provider, number, name = row.group
        if number:
            account = account_of(provider, number)
            names.setdefault(account, given_name(account) or name or number)
    chosen = _chosen(question.query)
    for value in chosen:
        names.setdefault(value, given_name(value) or value)
    return AccountSwitch(sorted(names.items(), key=lambda pair: pair[1].lower()), chosen)


def _chosen(query: CostQuery) -> tuple[str, ...]:
    chosen = (condition.values for condition in query.filters if condition.dimension == ACCOUNT)
    return tuple(value for values in chosen for value in values if value)
