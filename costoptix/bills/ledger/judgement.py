"""Judges a delivery before it is live: does money go, or does it come twice?

Gathers what is live of each of its scopes and what would be, has ``coverage`` compare them, and
puts what a person must decide into words. Nothing is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from costoptix.bills.ledger import coverage, elsewhere, findings, wording
from costoptix.bills.ledger.coverage import Part
from costoptix.bills.ledger.coverages import Coverages, coming, coming_id
from costoptix.bills.ledger.deliveries import in_scope, replaced_by, version_of
from costoptix.bills.ledger.findings import Findings, Placement
from costoptix.bills.ledger.losses import Aspect
from costoptix.bills.ledger.precedence import Version, live_versions
from costoptix.bills.ledger.questions import Effect, Kind, Question
from costoptix.bills.read import recognize
from costoptix.bills.read.staged import Scope, Staged
from costoptix.clock import utc_now
from costoptix.models import Source, new_id
from costoptix.periods import BillingPeriod


@dataclass(frozen=True)
class Judgement:
    """What must be decided first, and what the delivery would take the place of."""

    questions: tuple[Question, ...]  # in the order in which they are asked
    doubled: tuple[str, ...]  # ids of what is live of other scopes and seems to be the same
    twins: tuple[str, ...]  # names of what is the same by its amounts (``elsewhere.twin_name``)
    overlapped: tuple[str, ...]  # ids of what is live of periods that overlap without being equal
    placements: tuple[Placement, ...]  # by scope
    is_live: bool  # whether a scope would be live at all


@dataclass
class _Noted:
    """What was found in the scopes of a delivery."""

    undecided: list[Effect] = field(default_factory=list)
    parts: list[Effect] = field(default_factory=list)
    losses: list[Effect] = field(default_factory=list)
    aspects: set[Aspect] = field(default_factory=set)
    sentences: list[str] = field(default_factory=list)
    holds_live: bool = False  # charges that are live, beside which it would count


def judge(
    session: Session,
    organization_id: str,
    source: Source | None,
    staged: Staged,
    delivered_at: datetime,
    coverages: Coverages,
    *,
    copies_count: bool = False,
) -> Judgement:
    """Compare what would be live in a source (None: in a new one) with what is live.

    ``copies_count``: of files that seem to hold one month twice, both are parts of it.
    """
    noted = _Noted()
    chosen: dict[int, Placement] = {}
    for scopes in _by_month(staged).values():
        month = _LedgerMonth(
            session, source, scopes, staged, delivered_at, coverages, copies_count=copies_count
        )
        if staged.is_undecided:
            noted.undecided += month.either(staged)
        chosen |= month.judged(noted)
    placements = tuple(placement for _, placement in sorted(chosen.items()))
    others = elsewhere.compare(
        session, organization_id, source, staged, delivered_at, coverages, placements
    )
    return Judgement(
        questions=tuple(_questions(noted, others)),
        doubled=others.doubled,
        twins=others.twins,
        overlapped=others.overlapped,
        placements=placements,
        is_live=any(placement.is_live for placement in placements),
    )


def _questions(noted: _Noted, others: elsewhere.Elsewhere) -> Iterator[Question]:
    if noted.undecided:
        yield Question(
            kind=Kind.DATASET,
            sentence="The content does not show whether this is the actual or the amortized "
            "export, and what is live of its months depends on it.",
            effects=tuple(noted.undecided),
        )
    if noted.parts:
        yield Question(
            kind=Kind.PART,
            sentence=" ".join(noted.sentences) + wording.also(others.effects),
            effects=tuple(noted.parts),
            aspects=(Aspect.PART.value,),
            holds_live=noted.holds_live,
        )
    elif noted.losses:
        yield Question(
            kind=Kind.REMOVAL,
            sentence=" ".join(
                ["This delivery would remove charges that are live.", *noted.sentences]
            )
            + wording.also(others.effects),
            effects=tuple(noted.losses),
            aspects=tuple(sorted(aspect.value for aspect in noted.aspects)),
            holds_live=True,
        )
    yield from others.questions()


def _by_month(staged: Staged) -> Mapping[tuple[str, BillingPeriod], list[tuple[int, Scope]]]:
    months: defaultdict[tuple[str, BillingPeriod], list[tuple[int, Scope]]] = defaultdict(list)
    for number, scope in enumerate(staged.scopes):
        months[scope.billing_account_id, scope.billing_period].append((number, scope))
    return months


class _LedgerMonth:
    """One billing account and month: what is live of it, and what would be."""

    def __init__(
        self,
        session: Session,
        source: Source | None,
        scopes: Sequence[tuple[int, Scope]],
        staged: Staged,
        delivered_at: datetime,
        coverages: Coverages,
        *,
        copies_count: bool,
    ) -> None:
        _, first = scopes[0]
        mine = (
            []
            if source is None
            else in_scope(session, source.id, first.billing_account_id, first.billing_period)
        )
        self._session, self._coverages = session, coverages
        self._source, self._scopes = source, scopes
        self._beside = {
            coming_id(number) for number, scope in scopes if copies_count and scope.copy_number
        }
        self._key = (first.billing_account_id, first.billing_period)
        self._counting = {
            delivery.id: delivery for delivery in mine if replaced_by(session, delivery) is None
        }
        self._live = [delivery.id for delivery in self._counting.values() if delivery.is_live]
        self._versions = [version_of(delivery) for delivery in self._counting.values()]
        self._coming = [_version(number, scope, staged, delivered_at) for number, scope in scopes]
        self._new = {
            coming_id(number): coming(scope, number, delivered_at, coverages)
            for number, scope in scopes
        }
        self._before = self._parts(self._live)

    def _parts(self, ids: Iterable[str]) -> list[Part]:
        every = list(ids)
        live_parts = self._coverages.parts_of(
            self._session, [self._counting[one] for one in every if one in self._counting]
        )
        by_id = {part.id: part for part in live_parts} | self._new
        return [by_id[one] for one in every]

    def judged(self, noted: _Noted) -> Mapping[int, Placement]:
        """Note what would go, and return whose place each scope would take."""
        names = {version.id: frozenset({new_id()}) for version in self._coming}
        outcome = findings.find(
            self._versions, self._coming, self._live, self._parts, names, self._beside
        )
        self._note_parts(noted, outcome)
        self._note_losses(noted, outcome)
        return {number: outcome.placements[coming_id(number)] for number, _ in self._scopes}

    def _note_parts(self, noted: _Noted, outcome: Findings) -> None:
        """Ask about parts that are not told again, unless they surely are others than came."""
        noted.holds_live |= outcome.holds_live
        for part in outcome.untold:
            noted.parts += self._effects([part], outcome.replacing, days=wording.span(part))
            share = coverage.share_told_again(part, outcome.replacing)
            noted.sentences.append(wording.untold(part, share))
        for part in outcome.late:
            noted.parts += self._effects(outcome.before, outcome.replacing, days=wording.span(part))
            noted.sentences.append(wording.late(part))

    def _note_losses(self, noted: _Noted, outcome: Findings) -> None:
        losses = outcome.losses
        if not losses:
            return
        noted.aspects |= {loss.aspect for loss in losses}
        if noted.holds_live or not noted.parts:
            noted.sentences += wording.losses(losses)
        noted.losses += self._effects(
            outcome.before,
            outcome.after,
            days=tuple(loss.subject for loss in losses if loss.aspect is Aspect.DAY),
            accounts=tuple(
                loss.subject.split(":", 1)[1] for loss in losses if loss.aspect is Aspect.ACCOUNT
            ),
            currencies={loss.currency for loss in losses},
        )

    def either(self, staged: Staged) -> list[Effect]:
        """Say what is live where it matters of which dataset a file is that does not show it."""
        datasets = recognize.datasets_of(staged.family)
        is_answered = any(scope.dataset is not None for _, scope in self._scopes)
        if datasets is None or is_answered or self._source is None or not self._before:
            return []
        outcomes = set()
        for choice in datasets.choices:
            versions = [replace(one, dataset=choice) for one in self._coming]
            live = live_versions((*self._versions, *versions))
            outcomes.add(frozenset(version.id for version in live))
        if len(outcomes) == 1:
            return []
        return self._effects(self._before, list(self._new.values()))

    def _effects(
        self,
        before: Sequence[Part],
        after: Sequence[Part],
        *,
        days: tuple[str, ...] = (),
        accounts: tuple[str, ...] = (),
        currencies: Iterable[str] | None = None,
    ) -> list[Effect]:
        live, then = coverage.net_billed(before), coverage.net_billed(after)
        return [
            Effect(
                billing_account_id=self._key[0],
                billing_period=self._key[1],
                currency=currency,
                live=live.get(currency, Decimal(0)),
                delivered=then.get(currency, Decimal(0)),
                days=days,
                sub_accounts=tuple(sorted(set(accounts))),
                source="" if self._source is None else self._source.name,
            )
            for currency in sorted(currencies if currencies is not None else live)
        ]


def _version(number: int, scope: Scope, staged: Staged, delivered_at: datetime) -> Version:
    return Version(
        id=coming_id(number),
        delivered_at=delivered_at + scope.later,
        created_at=utc_now(),
        first_day=scope.first_day,
        last_day=scope.last_day,
        family=staged.family,
        dataset=scope.dataset,
        batch=scope.batch,
        exported=staged.exported,
    )
