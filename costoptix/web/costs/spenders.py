"""Who spent: providers and accounts beside each other, currency by currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from costoptix.costs.answers import CostReport
from costoptix.costs.query import ACCOUNT
from costoptix.figures.breakdown import Group, amount_of
from costoptix.figures.ranking import account_names
from costoptix.figures.trends import share, sums_by
from costoptix.lake.providers import account_of
from costoptix.money import Amount
from costoptix.web.costs.account_names import given_name
from costoptix.web.costs.questions import CostQuestion
from costoptix.web.parts.wording import value_title


@dataclass(frozen=True)
class Spender:
    """A line of spend by provider or account."""

    name: str
    detail: str
    currency: str
    amount: Amount
    share: Decimal | None  # of what is spent in its currency
    href: str


@dataclass(frozen=True)
class Spenders:
    """Who spent, the largest first."""

    providers: list[Spender]
    accounts: list[Spender]


def spenders(explorer: CostQuestion, report: CostReport) -> Spenders:
    """Add up who spent; ``report`` has provider, id and name of accounts."""
    return Spenders(
        providers=_spenders(explorer, report, by_account=False),
        accounts=_spenders(explorer, report, by_account=True),
    )


def _spenders(explorer: CostQuestion, whole: CostReport, *, by_account: bool) -> list[Spender]:
    """Add up the accounts' rows by provider or account: currency by currency, largest first."""
    metric, depth = explorer.metric, 2 if by_account else 1
    names = account_names(whole.rows) if by_account else {}
    sums = sums_by(
        ((row.currency, row.group[:depth]), amount)
        for row in whole.rows
        if (amount := amount_of(row, metric)) is not None
    )
    totals = {sums.currency: amount_of(sums, metric) for sums in whole.totals}
    spenders = [
        _spender(explorer, currency, group, names.get(group), amount, totals[currency])
        for (currency, group), amount in sums.items()
    ]
    rank = {sums.currency: abs(totals[sums.currency] or Amount(0)) for sums in whole.totals}
    spenders.sort(
        key=lambda spender: (rank[spender.currency], spender.currency, spender.amount), reverse=True
    )
    return spenders


def _spender(
    explorer: CostQuestion,
    currency: str,
    group: Group,
    name: str | None,
    amount: Amount,
    whole: Amount | None,
) -> Spender:
    provider, *account = group
    question = explorer.grouped("service_name")
    part = share(amount, whole or Amount(0))
    if not account:
        href = question.only("provider_name", provider).url
        return Spender(value_title(provider, "provider_name"), "", currency, amount, part, href)
    (number,) = account
    chosen = (
        question.only(ACCOUNT, account_of(provider, number))
        if number
        else (question.only("provider_name", provider).only("sub_account_id", None))
    )
    given = given_name(account_of(provider, number))
    title = given or name or value_title(number, "sub_account_id")
    return Spender(title, provider or "", currency, amount, part, chosen.url)
