"""The last days of each account as a small curve, and how fresh its data are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from markupsafe import Markup

from costoptix.charts import sparkline
from costoptix.costs.accounts import Account
from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.figures.breakdown import amount_of
from costoptix.lake.providers import account_of
from costoptix.money import EXACT, Amount
from costoptix.periods import DateRange, Granularity

DAYS = 30
"""How many days a curve has; the last one is the newest that any account has charges on."""

LATE, VERY_LATE = 3, 8
"""So many days behind make an account late, and very late: bills come a day or two after."""

QUIET = 7
"""An account is quiet that has so many complete days without charges at its end."""


def account_curves(ask: Ask, accounts: Iterable[Account], metric: str) -> dict[str, Markup]:
    """Draw the last days of each account in its largest currency: one question for all.

    Days without charges are gaps.
    """
    currencies = {one.account: one.costs[0].currency for one in accounts if one.costs}
    last = max((one.last_day for one in accounts), default=None)
    if last is None:
        return {}
    days = DateRange(last - timedelta(days=DAYS - 1), last)
    query = CostQuery(days, Granularity.DAILY, group_by=("provider_name", "sub_account_id"))
    by_account: dict[str, dict[date, Amount]] = {}
    for row in ask(query).rows:
        account, amount = account_of(*row.group), amount_of(row, metric)
        if amount is not None and currencies.get(account) == row.currency:
            by_day = by_account.setdefault(account, {})
            by_day[row.period_start] = EXACT.add(by_day.get(row.period_start, Amount(0)), amount)
    return {
        account: sparkline([by_day.get(day) for day in days])
        for account, by_day in by_account.items()
    }


def freshness_badge(account: Account, today: date) -> tuple[str, str]:
    """Say how far the data of an account are behind, and the colour of the badge."""
    through = account.complete_through
    if through is None:
        return "no complete day", "warn"
    if (through - account.last_day).days >= QUIET:
        return "no recent charges", ""
    behind = (today - through).days
    if behind < LATE:
        return "up to date", "down"
    return f"{behind} days behind", "up" if behind >= VERY_LATE else "warn"
