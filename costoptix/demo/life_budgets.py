"""The budgets of Acme Cloud: one is broken, one nearly; their amounts follow what is spent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.budgets import service
from costoptix.budgets.drafts import BudgetDraft, BudgetPeriod, TagRule
from costoptix.budgets.figures import period_of
from costoptix.budgets.questions import query_of
from costoptix.clock import utc_now, utc_today
from costoptix.costs.answers import CostStore
from costoptix.costs.asking import Ask, asker
from costoptix.database import writing
from costoptix.demo.company import ACCOUNTS
from costoptix.models import Budget, Organization
from costoptix.money import EXACT, Amount, rounded
from costoptix.periods import DateRange, add_months, month_range, month_start

FEWEST_DAYS = 8
"""A budget that shall be broken has a period of which so many days are billed."""

_ONE = BudgetPeriod.MONTHLY, BudgetPeriod.QUARTERLY, BudgetPeriod.YEARLY


@dataclass(frozen=True)
class MadeUpBudget:
    """A budget whose amount is ``share`` of what is spent.

    Of this period so far where it ``is_tight``, else of the last whole month.
    """

    name: str
    share: Decimal
    account: str = ""  # of ``ACCOUNTS``; empty: all
    currency: str = "USD"
    team: str = ""  # of the tag ``team``
    is_tight: bool = False
    made: int = 250  # days ago


BUDGETS = (
    MadeUpBudget("All clouds", Decimal("1.35"), made=330),
    MadeUpBudget("Staging", Decimal("0.86"), "aws-staging", is_tight=True, made=297),
    MadeUpBudget("Analytics", Decimal("1.028"), "gcp-analytics", is_tight=True, made=262),
    MadeUpBudget("Team data", Decimal("1.5"), team="data", made=140),
    MadeUpBudget("ERP in Europe", Decimal("1.4"), "azure-europe", "EUR", made=118),
)
"""Broken is Staging, where a cluster was forgotten; critical is Analytics."""


def settle(
    session: Session, organization: Organization, caller: Caller, store: CostStore, last: date
) -> None:
    """Make the budgets that are missing; ``last`` is the last day of the bills."""
    mine = select(Budget.name).where(Budget.organization_id == organization.id)
    there = set(session.scalars(mine))
    ask = asker(session, organization, store)
    for made_up in BUDGETS:
        if made_up.name not in there:
            draft = _draft(ask, made_up, last)
            budget = service.create(session, organization, caller, draft, store)
            with writing(session):
                budget.created_at = utc_now() - timedelta(days=made_up.made)


def _draft(ask: Ask, made_up: MadeUpBudget, last: date) -> BudgetDraft:
    account = ACCOUNTS.get(made_up.account)
    draft = BudgetDraft(
        name=made_up.name,
        amount=Decimal(1),
        currency=made_up.currency,
        account=f"{account.provider.slug}:{account.id}" if account else None,
        tag_rules=[TagRule(key="team", values=[made_up.team])] if made_up.team else [],
        period=_period(last) if made_up.is_tight else BudgetPeriod.MONTHLY,
    )
    spent = _spent(ask, draft, period_of(draft.period, utc_today())) if made_up.is_tight else None
    if not spent:  # on the first day of a year there is nothing yet that could break a budget
        spent = _spent(ask, draft, month_range(add_months(month_start(utc_today()), -1)))
    amount = _nice(EXACT.multiply(spent, made_up.share))
    return draft.model_copy(update={"amount": amount})


def _period(last: date) -> BudgetPeriod:
    """Return the shortest period that runs today and of which enough days are billed."""
    for period in _ONE:
        if (last - period_of(period, utc_today()).first).days + 1 >= FEWEST_DAYS:
            return period
    return BudgetPeriod.YEARLY


def _spent(ask: Ask, draft: BudgetDraft, days: DateRange) -> Amount:
    totals = ask(query_of(draft, days)).totals
    return sum((one.billed_cost for one in totals if one.currency == draft.currency), Amount(0))


def _nice(amount: Amount) -> Amount:
    """Round to three digits, as people choose amounts; at least 1."""
    return max(rounded(amount, 2 - amount.adjusted()), Amount(1)) if amount > 0 else Amount(1)
