"""Judges a delivery before it is live: does money go, or does it come twice?

Compared are the sub-accounts of each of its months, as they are live and as they would be: within
the source itself, and with what other sources have of the same month. Nothing is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import money
from costoptix.bills.ledger.deliveries import in_scope, replaced_by, sub_accounts_of, version_of
from costoptix.bills.ledger.delivery_periods import overlapping
from costoptix.bills.ledger.precedence import Version, live_versions
from costoptix.bills.ledger.questions import Effect, Kind, Question
from costoptix.bills.read import recognize
from costoptix.bills.read.staged import Scope, Staged, SubAccount
from costoptix.clock import utc_now
from costoptix.lake.providers import slug_of
from costoptix.models import Delivery, Source
from costoptix.periods import BillingPeriod

LARGEST_LOSS = Decimal("0.2")
"""Of what a live month costs; a delivery that takes away more waits for a person."""

SubAccounts = Sequence[SubAccount]


@dataclass(frozen=True)
class Judgement:
    """What a delivery would take away or double."""

    question: Question | None  # None: nothing is lost or doubled
    doubled: tuple[str, ...]  # ids of what is live in other sources of sub-accounts that come


def judge(
    session: Session,
    organization_id: str,
    source: Source | None,
    staged: Staged,
    delivered_at: datetime,
) -> Judgement:
    """Compare what would be live in a source (None: in a new one) with what is live."""
    lost: list[Effect] = []
    doubled: list[Effect] = []
    either: list[Effect] = []
    ids: list[str] = []
    elsewhere = _Elsewhere(session, organization_id, source)
    for (account, period), scopes in _by_month(staged).items():
        month = _LedgerMonth(session, source, account, period, elsewhere.of(account, period))
        if staged.is_undecided:
            either += month.either(scopes, staged, delivered_at)
        after = month.after(scopes, staged, delivered_at)
        lost += month.lost(after)
        for delivery, effects in month.doubled(after):
            ids.append(delivery.id)
            doubled += effects
    return Judgement(_question(either, lost, doubled), tuple(ids))


def _question(
    either: Sequence[Effect], lost: Sequence[Effect], doubled: Sequence[Effect]
) -> Question | None:
    if either:
        return Question(
            kind=Kind.DATASET,
            sentence="The content does not show whether this is the actual or the amortized "
            "export, and what is live of its months depends on it.",
            effects=tuple(either),
        )
    if lost:
        return Question(
            kind=Kind.REMOVAL,
            sentence="This delivery would remove charges from a month that is live."
            + _also(doubled),
            effects=tuple(lost),
        )
    if doubled:
        return Question(
            kind=Kind.OVERLAP,
            sentence=f"The source {doubled[0].source} covers the same accounts and months already.",
            effects=tuple(doubled),
        )
    return None


def _also(doubled: Sequence[Effect]) -> str:
    """Say that to replace a month takes out what other sources bill of the same accounts."""
    if not doubled:
        return ""
    return (
        f" It also brings accounts that the source {doubled[0].source} bills already:"
        " replacing removes those there."
    )


def _by_month(staged: Staged) -> Mapping[tuple[str, BillingPeriod], list[Scope]]:
    months: defaultdict[tuple[str, BillingPeriod], list[Scope]] = defaultdict(list)
    for scope in staged.scopes:
        months[scope.billing_account_id, scope.billing_period].append(scope)
    return months


class _Elsewhere:
    """What is live in other sources than one, a month at a time, with the names of the sources."""

    def __init__(self, session: Session, organization_id: str, source: Source | None) -> None:
        self._session = session
        self._live = (
            select(Delivery, Source.name)
            .join(Source, Source.id == Delivery.source_id)
            .where(
                Delivery.organization_id == organization_id,
                Delivery.source_id != (source.id if source is not None else ""),
                Delivery.is_live,
            )
            .order_by(Source.name, Delivery.delivered_at)
        )
        self._months: dict[BillingPeriod, defaultdict[str, list[tuple[Delivery, str]]]] = {}

    def of(self, account: str, period: BillingPeriod) -> Sequence[tuple[Delivery, str]]:
        """Return what is live of a billing account in a period, however its id is spelled."""
        if period not in self._months:  # asked once: a bill may name thousands of accounts
            accounts: defaultdict[str, list[tuple[Delivery, str]]] = defaultdict(list)
            month = self._live.where(*overlapping(period.first, period.last))
            for delivery, name in self._session.execute(month):
                accounts[_last_part(delivery.billing_account_id)].append((delivery, name))
            self._months[period] = accounts
        return self._months[period][_last_part(account)]


class _LedgerMonth:
    """One billing account and month: what is live of it, in the source itself and in others."""

    def __init__(
        self,
        session: Session,
        source: Source | None,
        account: str,
        period: BillingPeriod,
        others: Sequence[tuple[Delivery, str]],
    ) -> None:
        self._session = session
        self._key = (account, period)
        self._source = source
        mine = in_scope(session, source.id, account, period) if source is not None else []
        counting = [delivery for delivery in mine if replaced_by(session, delivery) is None]
        self._versions = [version_of(delivery) for delivery in counting]
        self._before = self._all(delivery.id for delivery in counting if delivery.is_live)
        self._others = others

    def _all(
        self, delivery_ids: Iterable[str], coming: Mapping[str, SubAccounts] | None = None
    ) -> SubAccounts:
        """Return the sub-accounts of deliveries; ``coming`` are those that are no rows yet."""
        return [
            sub_account
            for delivery_id in delivery_ids
            for sub_account in (coming or {}).get(delivery_id)
            or sub_accounts_of(self._session, delivery_id)
        ]

    def after(self, scopes: Sequence[Scope], staged: Staged, delivered_at: datetime) -> SubAccounts:
        """Return what would be live in the source once the scopes of an import are in it."""
        coming = {str(number): scope.sub_accounts for number, scope in enumerate(scopes)}
        versions = [
            Version(
                id=str(number),
                delivered_at=delivered_at,
                created_at=utc_now(),
                first_day=scope.first_day,
                last_day=scope.last_day,
                family=staged.family,
                dataset=scope.dataset,
                batch=scope.batch,
                exported=staged.exported,
            )
            for number, scope in enumerate(scopes)
        ]
        live = live_versions((*self._versions, *versions))
        return self._all((version.id for version in live), coming)

    def either(
        self, scopes: Sequence[Scope], staged: Staged, delivered_at: datetime
    ) -> list[Effect]:
        """Say what is live where it matters of which dataset a file is that does not show it."""
        datasets = recognize.datasets_of(staged.family)
        is_answered = any(scope.dataset is not None for scope in scopes)
        if datasets is None or is_answered or self._source is None:
            return []
        first, *others = (
            self.after([scope.as_dataset(choice) for scope in scopes], staged, delivered_at)
            for choice in datasets.choices
        )
        if all(other == first for other in others):
            return []
        before = _billed(self._before)
        after = _billed(sub_account for scope in scopes for sub_account in scope.sub_accounts)
        return [
            _effect(self._key, currency, before, after, {}, self._source.name)
            for currency in before
        ]

    def lost(self, after: SubAccounts) -> list[Effect]:
        """Say what would be gone: sub-accounts, or more of the month than goes without saying."""
        if self._source is None:
            return []
        vanishing = _without(_names(self._before), _names(after))
        amounts, left = _billed(self._before), _billed(after)
        return [
            _effect(self._key, currency, amounts, left, vanishing, self._source.name)
            for currency, amount in amounts.items()
            if vanishing
            or money.EXACT.subtract(amount, left.get(currency, Decimal(0)))
            > money.EXACT.multiply(abs(amount), LARGEST_LOSS)
        ]

    def doubled(self, after: SubAccounts) -> Iterator[tuple[Delivery, list[Effect]]]:
        """Yield what is live in other sources of sub-accounts that come to this one."""
        coming = _without(_names(after), _names(self._before))
        if not coming:
            return
        billed = _billed(after)
        for delivery, name in self._others:
            theirs = sub_accounts_of(self._session, delivery.id)
            both = {one: named for one, named in _names(theirs).items() if one in coming}
            if both:
                before = _billed(theirs)
                yield (
                    delivery,
                    [
                        _effect(self._key, currency, before, billed, both, name)
                        for currency in before
                    ],
                )


def _effect(
    key: tuple[str, BillingPeriod],
    currency: str,
    before: dict[str, Decimal],
    after: dict[str, Decimal],
    sub_accounts: Names,
    source: str,
) -> Effect:
    return Effect(
        billing_account_id=key[0],
        billing_period=key[1],
        currency=currency,
        live=before.get(currency, Decimal(0)),
        delivered=after.get(currency, Decimal(0)),
        sub_accounts=tuple(sorted(sub_accounts.values())),
        source=source,
    )


Names = dict[tuple[str, str], str]
"""Sub-accounts as their bills name them, by what exports of different formats have in common."""


def _names(sub_accounts: Iterable[SubAccount]) -> Names:
    return {
        (slug_of(sub_account.provider_name or ""), _last_part(sub_account.sub_account_id or "")): (
            sub_account.sub_account_id or ""
        )
        for sub_account in sub_accounts
    }


def _last_part(cloud_id: str) -> str:
    """Return ``b`` of ``/subscriptions/B``, as Azure's own export has it bare, in any case."""
    return cloud_id.rsplit("/", 1)[-1].lower()


def _without(names: Names, others: Names) -> Names:
    return {one: named for one, named in names.items() if one not in others}


def _billed(sub_accounts: Iterable[SubAccount]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for sub_account in sub_accounts:
        before = totals.get(sub_account.currency, Decimal(0))
        totals[sub_account.currency] = money.EXACT.add(before, sub_account.billed_cost)
    return totals
