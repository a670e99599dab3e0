"""The cloud accounts that the bills contain: what they are called, what they cost, how fresh.

An account is a provider and a sub-account id, as the parameter ``account`` names it. The name
that a team gives it is kept beside the bills, which stay as they are.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from costoptix import drafts
from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission, require
from costoptix.clock import utc_today
from costoptix.costs import report, sql
from costoptix.costs.answers import CostRow, CostStore
from costoptix.costs.parts import parts_of
from costoptix.costs.query import ACCOUNT, CostQuery, Filter
from costoptix.database import writing
from costoptix.errors import NotFound
from costoptix.failures import NOT_COMPUTED, reason
from costoptix.lake.live import LiveData, LiveDelivery, freshness, renew_data_version
from costoptix.lake.providers import account_of, slug_of
from costoptix.models import AccountName, Delivery, DeliverySubAccount, Organization
from costoptix.money import Amount, total
from costoptix.periods import FIRST_DAY, MAX_RANGE_DAYS, DateRange, Granularity

_GROUPS = ("provider_name", "sub_account_id")
_DAY = timedelta(days=1)


class AccountDraft(drafts.Draft):
    """The name that a team gives an account; None removes it."""

    name: drafts.Name | None


@dataclass(frozen=True)
class AccountCost:
    """What an account cost in one currency; a cost that no charge has is None."""

    currency: str
    billed_cost: Amount
    effective_cost: Amount
    list_cost: Amount | None
    contracted_cost: Amount | None

    def of(self, metric: str) -> Amount:
        """Return the cost by its name: billed or effective, which every charge has."""
        return self.billed_cost if metric == "billed_cost" else self.effective_cost


@dataclass(frozen=True)
class Account:
    """One cloud account. ``costs`` are over its days of the last five years, largest first.

    Where they do not fit into an amount there are none, and ``error`` says so.
    """

    id: str
    account: str  # slug:sub_account_id
    provider_name: str | None
    sub_account_id: str | None
    given_name: str | None  # by the team
    billed_name: str | None  # the newest in the bills
    first_day: date  # with charges
    last_day: date  # with charges
    complete_through: date | None
    missing: tuple[DateRange, ...]  # days without charges between first and last
    costs: tuple[AccountCost, ...]
    error: str | None = None  # "cannot be computed: …"

    @property
    def name(self) -> str | None:
        """Return what people call it; None when neither team nor bills name it."""
        return self.given_name or self.billed_name

    @property
    def missing_days(self) -> int:
        """Count the days without charges between first and last."""
        return sum(gap.length for gap in self.missing)


def account_id(account: str) -> str:
    """Return the id of an account, which is safe in a path: the ids of clouds are not."""
    return hashlib.sha256(account.encode()).hexdigest()[:32]


def given_names(session: Session, organization: Organization) -> Mapping[str, str]:
    """Return the names that the team gave, by ``account_id``."""
    rows = session.execute(
        select(AccountName.account_id, AccountName.name).where(
            AccountName.organization_id == organization.id
        )
    )
    return {row.account_id: row.name for row in rows}


def list_accounts(session: Session, organization: Organization, store: CostStore) -> list[Account]:
    """List the accounts of the last five years of bills: by currency, most expensive first.

    What is expensive goes by the organization's metric.
    """
    span, sightings = report.with_live(
        session, organization, store, lambda live: _sightings(live, store)
    )
    if span is None:
        return []
    query = CostQuery(span, group_by=_GROUPS)
    names = given_names(session, organization)
    costs, errors = _costs_or_errors(session, organization, query, sightings, store)
    accounts = [
        replace(
            _account(account, seen, names.get(account_id(account)), costs.get(account, ())),
            error=errors.get(account),
        )
        for account, seen in sightings.items()
        if account in costs or account in errors
    ]
    return sorted(accounts, key=partial(_largest_first, metric=organization.metric))


def _costs_or_errors(
    session: Session,
    organization: Organization,
    query: CostQuery,
    accounts: Iterable[str],
    store: CostStore,
) -> tuple[Mapping[str, tuple[AccountCost, ...]], Mapping[str, str]]:
    """Return the costs of each account, and why an account has none.

    All are asked together, without the sum over them, which may not fit where each does; one by
    one where a single one does not.
    """
    try:
        return _costs(report.stream(session, organization, query, store).rows), {}
    except Exception as error:
        reason(error, "the costs of all accounts")
    costs: dict[str, tuple[AccountCost, ...]] = {}
    errors: dict[str, str] = {}
    for account in accounts:
        alone = replace(query, filters=(Filter(ACCOUNT, (account,)),))
        try:
            costs |= _costs(report.stream(session, organization, alone, store).rows)
        except Exception as error:
            errors[account] = NOT_COMPUTED + reason(error, f"the costs of account {account}")
    return costs, errors


def rename(
    session: Session,
    organization: Organization,
    caller: Caller,
    account_id: str,
    draft: AccountDraft,
    store: CostStore,
) -> Account:
    """Give an account a name, or take it back; answers depend on it, so the data version changes.

    Raises:
        Forbidden: the caller may only read.
        NotFound: no bill of the organization has this account.
    """
    require(caller, Permission.WRITE)
    before = find(session, organization, account_id, store)
    mine = (
        AccountName.organization_id == organization.id,
        AccountName.account_id == before.id,
    )
    with writing(session):
        session.execute(delete(AccountName).where(*mine))
        if draft.name is not None:
            session.add(
                AccountName(organization_id=organization.id, account_id=before.id, name=draft.name)
            )
        renew_data_version(session, organization.id)
        audit.record(
            session, caller, "account.renamed", subject=before.account,
            before={"name": before.given_name}, after={"name": draft.name},
        )  # fmt: skip
    return find(session, organization, before.id, store)


def find(
    session: Session, organization: Organization, account_id: str, store: CostStore
) -> Account:
    """Return an account by its id, or by one that it had when it was spelled otherwise.

    Raises:
        NotFound: no bill of the organization has this account.
    """
    accounts = {account.id: account for account in list_accounts(session, organization, store)}
    if account_id not in accounts:
        account_id = _earlier_ids(session, organization).get(account_id, account_id)
    if account_id not in accounts:
        raise NotFound
    return accounts[account_id]


def _earlier_ids(session: Session, organization: Organization) -> Mapping[str, str]:
    """Map the ids of accounts as bills spell them, which were in addresses, to those of now."""
    spellings = session.execute(
        select(DeliverySubAccount.provider_name, DeliverySubAccount.sub_account_id)
        .join(Delivery, Delivery.id == DeliverySubAccount.delivery_id)
        .where(Delivery.organization_id == organization.id)
        .distinct()
    )
    return {
        account_id(f"{slug}:{number or ''}"): account_id(account_of(provider, number))
        for provider, number in spellings
        for slug in (slug_of(provider or ""), (provider or "").lower().replace(" ", "-"))
    }


@dataclass
class _Seen:
    """The days and names of one account, by source."""

    provider_name: str | None
    sub_account_id: str | None
    names: dict[date, str | None] = field(default_factory=dict)  # by the last day of a source
    days: set[date] = field(default_factory=set)
    complete_through: list[date | None] = field(default_factory=list)  # of each source


def _span(live: LiveData) -> DateRange | None:
    """Return the days of all bills, at most the last five years of them."""
    if not live.deliveries:
        return None
    first = min(delivery.first_day for delivery in live.deliveries)
    last = max(delivery.last_day for delivery in live.deliveries)
    return DateRange(max(first, last - (MAX_RANGE_DAYS - 1) * _DAY, FIRST_DAY), last)


def _sightings(live: LiveData, store: CostStore) -> tuple[DateRange | None, dict[str, _Seen]]:
    """Find the accounts and their days, source by source: each has a freshness of its own."""
    span = _span(live)
    sightings: dict[str, _Seen] = {}
    if span is None:
        return None, sightings
    for deliveries in _by_source(live):
        source = LiveData(live.data_version, deliveries)
        through = freshness(source, None, utc_today()).complete_through
        for provider, number, name, days in _days(span, deliveries, store):
            seen = sightings.setdefault(account_of(provider, number), _Seen(provider, number))
            seen.names[max(days)] = name
            seen.days.update(days)
            seen.complete_through.append(through)
    return span, sightings


def _by_source(live: LiveData) -> Iterable[tuple[LiveDelivery, ...]]:
    by_source: dict[str, list[LiveDelivery]] = defaultdict(list)
    for delivery in live.deliveries:
        by_source[delivery.source_id].append(delivery)
    return map(tuple, by_source.values())


def _days(
    span: DateRange, deliveries: Iterable[LiveDelivery], store: CostStore
) -> Iterable[tuple[str | None, str | None, str | None, list[date]]]:
    """Yield provider, sub-account id, newest name and days with charges, in any order."""
    query = CostQuery(span, Granularity.DAILY, group_by=(*_GROUPS, "sub_account_name"))
    parts = parts_of(query, deliveries, store)
    if not parts:
        return ()
    statement = sql.days_statement(query, parts, store.engine.path)
    return store.engine.read(statement.sql, statement.parameters)


def _costs(rows: Iterable[CostRow]) -> dict[str, tuple[AccountCost, ...]]:
    """Add rows up by account: a provider can have more than one name in bills."""
    amounts: defaultdict[str, defaultdict[str, list[CostRow]]]
    amounts = defaultdict(lambda: defaultdict(list))
    for row in rows:
        amounts[account_of(*row.group)][row.currency].append(row)
    return {
        account: tuple(
            sorted(
                (
                    _added_up(currency, currency_rows)
                    for currency, currency_rows in by_currency.items()
                ),
                key=lambda cost: (-cost.billed_cost, cost.currency),
            )
        )
        for account, by_currency in amounts.items()
    }


def _added_up(currency: str, rows: list[CostRow]) -> AccountCost:
    return AccountCost(
        currency,
        total([row.billed_cost for row in rows]),
        total([row.effective_cost for row in rows]),
        _total_or_none(row.list_cost for row in rows),
        _total_or_none(row.contracted_cost for row in rows),
    )


def _total_or_none(amounts: Iterable[Amount | None]) -> Amount | None:
    present = [amount for amount in amounts if amount is not None]
    return total(present) if present else None


def _account(
    account: str, seen: _Seen, given_name: str | None, costs: tuple[AccountCost, ...]
) -> Account:
    return Account(
        id=account_id(account),
        account=account,
        provider_name=seen.provider_name,
        sub_account_id=seen.sub_account_id,
        given_name=given_name,
        billed_name=seen.names[max(seen.names)],
        first_day=min(seen.days),
        last_day=max(seen.days),
        complete_through=min(filter(None, seen.complete_through), default=None),
        missing=tuple(_gaps(sorted(seen.days))),
        costs=costs,
    )


def _gaps(days: list[date]) -> Iterable[DateRange]:
    """Yield what lies between days, in order."""
    for before, after in pairwise(days):
        if after - before > _DAY:
            yield DateRange(before + _DAY, after - _DAY)


def _largest_first(account: Account, metric: str) -> tuple[bool, str, Decimal, str]:
    if not account.costs:
        return True, "", Decimal(0), account.account  # last
    cost = account.costs[0]
    return False, cost.currency, -cost.of(metric), account.account
