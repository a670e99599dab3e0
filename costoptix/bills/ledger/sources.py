"""Sources: within one, deliveries replace each other. Named, or proposed from what a file holds."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from costoptix.bills.read import recognize
from costoptix.bills.read.staged import Staged
from costoptix.models import Delivery, DeliveryState, DeliverySubAccount, Source, new_id
from costoptix.periods import BillingPeriod

DATASET = "dataset"
"""The setting of a source that says which of a provider's datasets it sends."""

ASKED_AT_ONCE = 500
"""Sub-accounts that one statement names: databases bound the parameters of one."""


def find(session: Session, organization_id: str, name: str | None) -> Source | None:
    """Return the organization's source of this name."""
    return session.scalar(
        select(Source).where(Source.organization_id == organization_id, Source.name == name)
    )


def create(
    session: Session, organization_id: str, name: str, staged: Staged, currency: str | None
) -> Source:
    """Make a source; ``currency`` (ISO 4217) is for files of it that do not say theirs."""
    source = Source(
        id=new_id(),
        organization_id=organization_id,
        name=name,
        format=staged.family,
        currency=currency,
    )
    session.add(source)
    session.flush()
    return source


def currencies(session: Session, organization_id: str) -> dict[str, str]:
    """Return, by format, the currency that all sources of it which have one agree on."""
    by_format: defaultdict[str, set[str]] = defaultdict(set)
    query = select(Source.format, Source.currency).where(
        Source.organization_id == organization_id, Source.currency.is_not(None)
    )
    for format_, currency in session.execute(query):
        by_format[format_ or ""].add(currency or "")
    return {format_: codes.pop() for format_, codes in by_format.items() if len(codes) == 1}


def usual_dataset(session: Session, source: Source | None) -> str | None:
    """Return which dataset a source sends, where a person said it; None where it sends others too.

    A file of which the content does not show it is taken for that.
    """
    if source is None or (usual := source.settings.get(DATASET)) is None:
        return None
    sent = select(Delivery.dataset).where(
        Delivery.source_id == source.id, Delivery.state != DeliveryState.WITHDRAWN
    )
    datasets = recognize.datasets_of(source.format)
    choices = set() if datasets is None else {*datasets.choices}
    others = choices & {*session.scalars(sent.distinct())} - {usual}
    return None if others else str(usual)


def propose(session: Session, organization_id: str, staged: Staged) -> str:
    """Return the name of the source that a file without one belongs to.

    The source that has brought most of its sub-accounts before, in the same format and billing
    account; else one of that format and billing account that has none of its months; else a name
    that is not in use. What was taken back does not count; of several, the oldest source wins.
    """
    names = _names(session, organization_id)
    shared = _shared_accounts(session, organization_id, staged)
    best = max(names, key=lambda source_id: shared[source_id], default="")
    if shared[best]:
        return names[best]
    by_source = _months(session, organization_id, staged)
    months = {(scope.billing_account_id, scope.billing_period) for scope in staged.scopes}
    for source_id in names:
        if source_id in by_source and not by_source[source_id] & months:
            return names[source_id]
    payers = {account for account, _ in months}
    return _unused(session, organization_id, staged.family, payers)


def _names(session: Session, organization_id: str) -> dict[str, str]:
    """Return the names of the sources of an organization by their ids, the oldest first."""
    query = (
        select(Source.id, Source.name)
        .where(Source.organization_id == organization_id)
        .order_by(Source.created_at, Source.id)
    )
    return {row.id: row.name for row in session.execute(query)}


def _shared_accounts(session: Session, organization_id: str, staged: Staged) -> Counter[str]:
    """Count, by source, the sub-accounts of a file that it has brought in the same format."""
    accounts: defaultdict[str, set[str | None]] = defaultdict(set)
    for scope in staged.scopes:
        accounts[scope.billing_account_id] |= {
            sub_account.sub_account_id for sub_account in scope.sub_accounts
        }
    shared: Counter[str] = Counter()
    for payer, sub_accounts in accounts.items():
        for condition in _conditions(sub_accounts):
            # NULL is no value to count: one that is asked for counts as "".
            sub_account = func.coalesce(DeliverySubAccount.sub_account_id, "")
            query = (
                select(Delivery.source_id, func.count(sub_account.distinct()))
                .join(DeliverySubAccount, DeliverySubAccount.delivery_id == Delivery.id)
                .where(*_brought(organization_id, staged.family, payer), condition)
                .group_by(Delivery.source_id)
            )
            for source_id, count in session.execute(query):
                shared[source_id] += count
    return shared


def _conditions(sub_accounts: Collection[str | None]) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that together find these sub-accounts, each of bounded length."""
    named = sorted(sub_account for sub_account in sub_accounts if sub_account is not None)
    for start in range(0, len(named), ASKED_AT_ONCE):
        yield DeliverySubAccount.sub_account_id.in_(named[start : start + ASKED_AT_ONCE])
    if None in sub_accounts:
        yield DeliverySubAccount.sub_account_id.is_(None)


def _months(
    session: Session, organization_id: str, staged: Staged
) -> dict[str, set[tuple[str, BillingPeriod]]]:
    """Return, by source, the months that it has of the billing accounts of a file."""
    months: defaultdict[str, set[tuple[str, BillingPeriod]]] = defaultdict(set)
    for payer in {scope.billing_account_id for scope in staged.scopes}:
        query = (
            select(Delivery.source_id, Delivery.billing_period, Delivery.billing_period_last)
            .where(*_brought(organization_id, staged.family, payer))
            .distinct()
        )
        for source_id, first, last in session.execute(query):
            months[source_id].add((payer, BillingPeriod.stored(first, last)))
    return months


def _brought(organization_id: str, family: str, payer: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Delivery.organization_id == organization_id,
        Delivery.billing_account_id == payer,
        Delivery.family == family,
        Delivery.state != DeliveryState.WITHDRAWN,
    )


def _unused(session: Session, organization_id: str, family: str, payers: set[str]) -> str:
    """Return a name that says the format and, where that is taken, the billing account."""
    named = [family, *(f"{family} {payer}"[:190] for payer in payers if len(payers) == 1 and payer)]
    numbered = (f"{named[-1]} ({number})" for number in itertools.count(2))
    return next(
        name for name in itertools.chain(named, numbered) if is_free(session, organization_id, name)
    )


def is_free(session: Session, organization_id: str, name: str) -> bool:
    """Tell whether nothing that is not withdrawn came from a source of this name."""
    brought = (
        select(Delivery.id)
        .join(Source, Source.id == Delivery.source_id)
        .where(
            Source.organization_id == organization_id,
            Source.name == name,
            Delivery.state != DeliveryState.WITHDRAWN,
        )
    )
    return session.scalar(brought.limit(1)) is None


def beside(session: Session, organization_id: str, name: str) -> str:
    """Return a free name for what is to count beside the source of this name."""
    names = (f"{name} ({number})" for number in itertools.count(2))
    return next(free for free in names if is_free(session, organization_id, free))
