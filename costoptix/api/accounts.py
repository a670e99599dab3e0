"""``/accounts``: the cloud accounts that the bills contain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field

from costoptix.access.permissions import Permission
from costoptix.api.answers import Answer
from costoptix.api.endpoint import Call, operation
from costoptix.api.paging import PageQuery, page
from costoptix.costs import accounts
from costoptix.costs.accounts import AccountCost, AccountDraft
from costoptix.money import to_text
from costoptix.periods import DateRange


@dataclass(frozen=True)
class AccountDays:
    """Days from the first to the last, both included."""

    start_date: date
    end_date: date


@dataclass(frozen=True)
class Costs:
    """What the account cost in one currency over its days."""

    currency: str
    billed_cost: str
    effective_cost: str
    list_cost: str | None
    contracted_cost: str | None


@dataclass(frozen=True)
class CloudAccount:
    """An account. ``currency`` and ``billed_cost`` are those of the first of its ``costs``.

    Where its costs cannot be computed, ``error`` says why, and there are none.
    """

    id: str
    account: str  # slug:sub_account_id
    provider_name: str | None
    sub_account_id: str | None
    name: str | None  # the team's, else the one in the bills
    billed_name: str | None
    currency: str | None
    billed_cost: str | None
    costs: list[Costs]
    error: Annotated[
        str | None,
        Field(description="null, or `cannot be computed: …`; only this account is affected"),
    ]
    first_day: date
    last_day: date
    complete_through: date | None
    missing_days: list[AccountDays]


@operation(
    "GET", "/accounts", permission=Permission.READ, query=PageQuery, data=list[CloudAccount],
    summary="List the cloud accounts in the bills, with their days and costs",
)  # fmt: skip
def list_accounts(call: Call, query: PageQuery) -> Answer:
    """List them, by currency, most expensive first."""
    call.check_etag("accounts", query)
    everything = accounts.list_accounts(call.session, call.organization, call.store)
    shown, cursor = page(
        f"accounts:{call.organization.id}", everything, query, lambda account: account.id
    )
    return Answer([_described(account) for account in shown], meta={"next_cursor": cursor})


@operation(
    "PATCH", "/accounts/<account_id>", permission=Permission.WRITE, body=AccountDraft,
    data=CloudAccount, summary="Name a cloud account; null takes the name back",
)  # fmt: skip
def rename_account(call: Call, account_id: str, body: AccountDraft) -> CloudAccount:
    """Name it."""
    return _described(
        accounts.rename(call.session, call.organization, call.caller, account_id, body, call.store)
    )


def _described(account: accounts.Account) -> CloudAccount:
    costs = [_costs(cost) for cost in account.costs]
    return CloudAccount(
        id=account.id,
        account=account.account,
        provider_name=account.provider_name,
        sub_account_id=account.sub_account_id,
        name=account.name,
        billed_name=account.billed_name,
        currency=costs[0].currency if costs else None,
        billed_cost=costs[0].billed_cost if costs else None,
        costs=costs,
        error=account.error,
        first_day=account.first_day,
        last_day=account.last_day,
        complete_through=account.complete_through,
        missing_days=[_days(gap) for gap in account.missing],
    )


def _costs(cost: AccountCost) -> Costs:
    return Costs(
        currency=cost.currency,
        billed_cost=to_text(cost.billed_cost),
        effective_cost=to_text(cost.effective_cost),
        list_cost=None if cost.list_cost is None else to_text(cost.list_cost),
        contracted_cost=None if cost.contracted_cost is None else to_text(cost.contracted_cost),
    )


def _days(gap: DateRange) -> AccountDays:
    return AccountDays(gap.first, gap.last)
