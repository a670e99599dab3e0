"""Finds what is live elsewhere and seems to be what a delivery brings: money that comes twice.

Elsewhere is another source; another format or billing account of the same source; or a billing
period that overlaps without being equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from costoptix.bills.ledger import coverage
from costoptix.bills.ledger.coverage import Part
from costoptix.bills.ledger.coverages import Coverages, coming
from costoptix.bills.ledger.delivery_periods import overlapping
from costoptix.bills.ledger.findings import Placement
from costoptix.bills.ledger.questions import Effect, Kind, Question
from costoptix.bills.read.staged import Scope, Staged
from costoptix.lake.providers import canonical_billing_account
from costoptix.models import Delivery, Source

MOST_DAYS_IN_COMMON = 1
"""Of two billing periods of one account that follow each other; zones and inclusive ends differ."""

TWINS = "twins"
"""The setting of a source that names what a person said is no twin of it."""


@dataclass(frozen=True)
class Elsewhere:
    """What is live elsewhere and seems to be the same."""

    effects: tuple[Effect, ...] = ()  # of the same accounts and months, or of the same amounts
    doubled: tuple[str, ...] = ()  # ids of these deliveries
    twins: tuple[str, ...] = ()  # names of what is the same by its amounts
    overlaps: tuple[Effect, ...] = ()  # of periods
    overlapped: tuple[str, ...] = ()  # ids of these deliveries

    def questions(self) -> Iterator[Question]:
        """Yield what a person must decide."""
        if self.overlaps:
            yield Question(
                kind=Kind.PERIOD,
                sentence="Another billing period of this source is live that overlaps this one or "
                "holds the same charges.",
                effects=self.overlaps,
                aspects=("period",),
            )
        if self.effects:
            name = self.effects[0].source
            sentence = (
                f"This looks like what the source {name} already bills."
                if self.twins
                else f"The source {name} covers the same accounts and months already."
            )
            yield Question(
                kind=Kind.OVERLAP, sentence=sentence, effects=self.effects, aspects=("overlap",)
            )


@dataclass(frozen=True)
class BillGroup:
    """What is live of one format and billing account of one source."""

    source_id: str
    source_name: str
    family: str
    billing_account_id: str
    deliveries: tuple[Delivery, ...]

    @property
    def name(self) -> str:
        """Return its name among the twins of another source."""
        return twin_name(self.source_id, self.family, self.billing_account_id)


def twin_name(source_id: str, family: str | None, billing_account_id: str) -> str:
    """Return the name of a source's bills of one format and billing account."""
    return f"{source_id}|{family}|{canonical_billing_account(billing_account_id)}"


def compare(
    session: Session,
    organization_id: str,
    source: Source | None,
    staged: Staged,
    delivered_at: datetime,
    coverages: Coverages,
    placements: Sequence[Placement],
) -> Elsewhere:
    """Compare the scopes of a delivery, placed in their months, with what is live elsewhere."""
    new = [
        coming(scope, number, delivered_at, coverages) for number, scope in enumerate(staged.scopes)
    ]
    groups = _groups(session, organization_id, staged)
    return compare_groups(
        source, staged, new, placements, groups, partial(coverages.parts_of, session)
    )


def compare_groups(
    source: Source | None,
    staged: Staged,
    new: Sequence[Part],
    placements: Sequence[Placement],
    groups: Iterable[BillGroup],
    parts_of: Callable[[Iterable[Delivery]], list[Part]],
) -> Elsewhere:
    """Compare the scopes of a delivery, which are ``new`` parts, with groups of what is live.

    Only accounts that are not live in a month yet can come twice by account and month. What costs
    the same is looked for in all that would be live of the month: files that add up are small.
    """
    comparison = _Comparison(source, staged, new, placements, parts_of)
    for group in groups:
        comparison.add(group)
    return comparison.outcome()


def _groups(session: Session, organization_id: str, staged: Staged) -> list[BillGroup]:
    """Return what is live with charges on the days of a delivery, by source, oldest first."""
    if not staged.scopes:
        return []
    first = min(scope.first_day for scope in staged.scopes)
    last = max(scope.last_day for scope in staged.scopes)
    begin = min(scope.billing_period.first for scope in staged.scopes)
    end = max(scope.billing_period.last for scope in staged.scopes)
    live = (
        select(Delivery, Source.name)
        .join(Source, Source.id == Delivery.source_id)
        .where(
            Delivery.organization_id == organization_id,
            Delivery.is_live,
            or_(
                and_(*overlapping(begin, end)),
                and_(Delivery.first_day <= last, Delivery.last_day >= first),
            ),
        )
        .order_by(Source.name, Delivery.delivered_at)
    )
    by_group: defaultdict[tuple[str, str, str, str], list[Delivery]] = defaultdict(list)
    for delivery, name in session.execute(live):
        account = canonical_billing_account(delivery.billing_account_id)
        by_group[delivery.source_id, name, delivery.family or "", account].append(delivery)
    return [BillGroup(*key, tuple(deliveries)) for key, deliveries in by_group.items()]


class _Comparison:
    def __init__(
        self,
        source: Source | None,
        staged: Staged,
        new: Sequence[Part],
        placements: Sequence[Placement],
        parts_of: Callable[[Iterable[Delivery]], list[Part]],
    ) -> None:
        self._source, self._staged = source, staged
        self._coming, self._placements, self._parts_of = new, placements, parts_of
        self._accepted = set(() if source is None else source.settings.get(TWINS, ()))
        self._effects: list[Effect] = []
        self._overlaps: list[Effect] = []
        self._doubled: dict[str, None] = {}
        self._twins: dict[str, None] = {}
        self._overlapped: dict[str, None] = {}

    def outcome(self) -> Elsewhere:
        """Return what was found."""
        return Elsewhere(
            effects=tuple(self._effects),
            doubled=tuple(self._doubled),
            twins=tuple(self._twins),
            overlaps=tuple(self._overlaps),
            overlapped=tuple(self._overlapped),
        )

    def add(self, group: BillGroup) -> None:
        """Note what is the same in a group."""
        is_mine = self._source is not None and self._source.id == group.source_id
        numbers = [
            number
            for number, scope in enumerate(self._staged.scopes)
            if is_mine and self._is_of(scope, group)
        ]
        if is_mine:
            self._add_overlaps(group, numbers)
        else:
            self._add_same_accounts(group)
        others = [number for number in range(len(self._coming)) if number not in numbers]
        if others:
            self._add_twin(group, others)

    def _is_of(self, scope: Scope, group: BillGroup) -> bool:
        """Tell whether a scope is of the format and billing account of a group."""
        account = canonical_billing_account(scope.billing_account_id)
        return (self._staged.family, account) == (group.family, group.billing_account_id)

    def _add_same_accounts(self, group: BillGroup) -> None:
        for number, scope in enumerate(self._staged.scopes):
            if _last_part(scope.billing_account_id) != _last_part(group.billing_account_id):
                continue
            for delivery in group.deliveries:
                if delivery.period != scope.billing_period:
                    continue
                (theirs,) = self._parts_of([delivery])
                both = _both(coverage.accounts(theirs), self._placements[number].new_accounts)
                if both and delivery.id not in self._doubled:
                    self._doubled[delivery.id] = None
                    self._effects += self._effect(group, delivery, [self._coming[number]], both)

    def _add_overlaps(self, group: BillGroup, numbers: Sequence[int]) -> None:
        """Note other periods with days, or with most of their charges, in common with one."""
        for number in numbers:
            period = self._staged.scopes[number].billing_period
            for delivery in group.deliveries:
                if delivery.period == period:
                    continue
                in_common = delivery.period.overlap_days(period)
                if in_common > MOST_DAYS_IN_COMMON or self._holds(number, delivery):
                    self._overlapped[delivery.id] = None
                    self._overlaps += self._effect(
                        group, delivery, [self._coming[number]], frozenset()
                    )

    def _holds(self, number: int, delivery: Delivery) -> bool:
        """Tell whether a scope holds most charges of a delivery that is under another period.

        A month in local time counted as another one before it was read as what it is.
        """
        scope, part = self._staged.scopes[number], self._coming[number]
        if not _have_days_in_common(scope, delivery):
            return False
        (theirs,) = self._parts_of([delivery])
        return coverage.share_told_again(theirs, [part]) >= coverage.TOLD_AGAIN

    def _add_twin(self, group: BillGroup, numbers: Sequence[int]) -> None:
        if group.name in self._accepted or any(one.id in self._doubled for one in group.deliveries):
            return
        theirs = self._parts_of(group.deliveries)
        others = [self._coming[number] for number in numbers]
        beside = {part.id: part for number in numbers for part in self._placements[number].beside}
        if not coverage.looks_like([*others, *beside.values()], theirs):
            return
        self._twins[group.name] = None
        for delivery, part in zip(group.deliveries, theirs, strict=True):
            same_days = [one for one in others if coverage.days(one) & coverage.days(part)]
            if same_days:
                self._doubled[delivery.id] = None
                self._effects += self._effect(group, delivery, same_days, frozenset())

    def _effect(
        self, group: BillGroup, delivery: Delivery, parts: Sequence[Part], both: frozenset[str]
    ) -> list[Effect]:
        live = coverage.net_billed(self._parts_of([delivery]))
        billed = coverage.net_billed(parts)
        return [
            Effect(
                billing_account_id=delivery.billing_account_id,
                billing_period=delivery.period,
                currency=currency,
                live=live[currency],
                delivered=billed.get(currency, Decimal(0)),
                sub_accounts=tuple(sorted(account.split(":", 1)[1] for account in both)),
                source=group.source_name,
            )
            for currency in live
        ]


def _have_days_in_common(scope: Scope, delivery: Delivery) -> bool:
    first, last = delivery.first_day, delivery.last_day
    return (
        first is not None
        and last is not None
        and first <= scope.last_day
        and last >= scope.first_day
    )


def _both(theirs: frozenset[str], new: frozenset[str]) -> frozenset[str]:
    """Return those of their accounts that are new here, however the exports spell them."""
    spelled = {_spelling(account) for account in new}
    return frozenset(account for account in theirs if _spelling(account) in spelled)


def _spelling(account: str) -> tuple[str, str]:
    provider, _, account_id = account.partition(":")
    return provider, _last_part(account_id)


def _last_part(cloud_id: str) -> str:
    """Return ``b`` of ``/subscriptions/B``, as Azure's own export has it bare, in any case."""
    return cloud_id.rsplit("/", 1)[-1].lower()
