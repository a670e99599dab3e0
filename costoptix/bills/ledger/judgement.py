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

from costoptix.bills.ledger import coverage, elsewhere, wording
from costoptix.bills.ledger.coverage import Aspect, Part
from costoptix.bills.ledger.coverages import Coverages, coming, coming_id
from costoptix.bills.ledger.deliveries import in_scope, replaced_by, version_of
from costoptix.bills.ledger.precedence import WHOLE, Version, live_versions
from costoptix.bills.ledger.questions import Effect, Kind, Question
from costoptix.bills.read import recognize
from costoptix.bills.read.staged import Scope, Staged
from costoptix.clock import utc_now
from costoptix.models import Source, new_id
from costoptix.periods import BillingPeriod


@dataclass(frozen=True)
class Placement:
    """Whose place a scope takes: parts of its month, by what a person decides."""

    parts: frozenset[str]  # where nothing is asked of it
    added: frozenset[str]  # where it shall count beside what is live
    replacing: frozenset[str]  # where it shall replace what is live
    new_accounts: frozenset[str]  # that are not live in its month yet, as ``account_of`` writes
    is_live: bool  # whether it would be live, of the parts that it takes unasked


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
class _Findings:
    """What was findings in the scopes of a delivery."""

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
    findings = _Findings()
    chosen: dict[int, Placement] = {}
    for scopes in _by_month(staged).values():
        month = _LedgerMonth(
            session, source, scopes, staged, delivered_at, coverages, copies_count=copies_count
        )
        if staged.is_undecided:
            findings.undecided += month.either(staged)
        chosen |= month.judged(findings)
    placements = tuple(placement for _, placement in sorted(chosen.items()))
    others = elsewhere.compare(
        session, organization_id, source, staged, delivered_at, coverages,
        [placement.new_accounts for placement in placements],
    )  # fmt: skip
    return Judgement(
        questions=tuple(_questions(findings, others)),
        doubled=others.doubled,
        twins=others.twins,
        overlapped=others.overlapped,
        placements=placements,
        is_live=any(placement.is_live for placement in placements),
    )


def _questions(findings: _Findings, others: elsewhere.Elsewhere) -> Iterator[Question]:
    if findings.undecided:
        yield Question(
            kind=Kind.DATASET,
            sentence="The content does not show whether this is the actual or the amortized "
            "export, and what is live of its months depends on it.",
            effects=tuple(findings.undecided),
        )
    if findings.parts:
        yield Question(
            kind=Kind.PART,
            sentence=" ".join(findings.sentences) + wording.also(others.effects),
            effects=tuple(findings.parts),
            aspects=(Aspect.PART.value,),
            holds_live=findings.holds_live,
        )
    elif findings.losses:
        yield Question(
            kind=Kind.REMOVAL,
            sentence=" ".join(
                ["This delivery would remove charges that are live.", *findings.sentences]
            )
            + wording.also(others.effects),
            effects=tuple(findings.losses),
            aspects=tuple(sorted(aspect.value for aspect in findings.aspects)),
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
        self._versions = [version_of(delivery) for delivery in self._counting.values()]
        self._coming = [_version(number, scope, staged, delivered_at) for number, scope in scopes]
        self._new = {
            coming_id(number): coming(scope, number, delivered_at, coverages)
            for number, scope in scopes
        }
        self._before = self._parts(
            delivery.id for delivery in self._counting.values() if delivery.is_live
        )

    def _parts(self, ids: Iterable[str]) -> list[Part]:
        every = list(ids)
        live_parts = self._coverages.parts_of(
            self._session, [self._counting[one] for one in every if one in self._counting]
        )
        by_id = {part.id: part for part in live_parts} | self._new
        return [by_id[one] for one in every]

    def _live(self, parts: Mapping[str, frozenset[str]]) -> list[str]:
        """Return the ids of what would be live if the coming scopes took these parts' place."""
        versions = [replace(one, parts=parts[one.id]) for one in self._coming]
        return [version.id for version in live_versions((*self._versions, *versions))]

    def judged(self, findings: _Findings) -> dict[int, Placement]:
        """Note what would go, and return whose place each scope would take."""
        own = {version.id: frozenset({new_id()}) for version in self._coming}
        every = self._every_part()
        live = self._live(self._taking(own, every))
        after = self._parts(live)
        leaving = [
            part for part in self._before if part.id not in live and self._is_of_dataset(part)
        ]
        repeated = [part for part in leaving if coverage.is_told_again(part, after)]
        unrepeated = [part for part in leaving if part not in repeated]
        parts = self._parts_of(repeated) if repeated else every
        is_asked = self._judge_untold(findings, repeated, unrepeated, after)
        is_asked |= self._judge_late(findings, live, after)
        if unrepeated and repeated:
            live = self._live(self._taking(own, parts))
            after = self._parts(live)
        is_losing = self._judge_losses(findings, after)
        accounts = _accounts(self._before)
        return {
            number: Placement(
                parts=self._taking(own, parts)[one.id],
                added=own[one.id]
                if one.id in self._beside
                else self._added(own[one.id], parts, repeated, is_asked, is_losing),
                replacing=self._taking(own, every if is_asked else parts)[one.id],
                new_accounts=coverage.accounts(self._new[one.id]) - accounts,
                is_live=one.id in live,
            )
            for (number, _), one in zip(self._scopes, self._coming, strict=True)
        }

    def _taking(
        self, own: Mapping[str, frozenset[str]], parts: frozenset[str]
    ) -> dict[str, frozenset[str]]:
        """Return the parts that each scope takes; one that counts beside another, its own."""
        return {one: own[one] if one in self._beside else parts for one in own}

    def _added(
        self,
        own: frozenset[str],
        parts: frozenset[str],
        repeated: Sequence[Part],
        is_asked: bool,
        is_losing: bool,
    ) -> frozenset[str]:
        """Return the parts of a scope that shall count beside what it does not hold."""
        if is_asked:
            return parts if repeated else own
        return own if is_losing else parts

    def _is_of_dataset(self, part: Part) -> bool:
        """Tell whether a live part is of a dataset that comes: of another, the format decides."""
        return self._counting[part.id].dataset in {version.dataset for version in self._coming}

    def _every_part(self) -> frozenset[str]:
        live = {part.id for part in self._before}
        names = [version.parts for version in self._versions if version.id in live]
        return frozenset().union(*names) or WHOLE

    def _parts_of(self, repeated: Sequence[Part]) -> frozenset[str]:
        ids = {part.id for part in repeated}
        return frozenset().union(
            *(version.parts for version in self._versions if version.id in ids)
        )

    def _judge_untold(
        self,
        findings: _Findings,
        repeated: Sequence[Part],
        unrepeated: Sequence[Part],
        after: Sequence[Part],
    ) -> bool:
        """Ask about parts that are not told again, unless they surely are others than came."""
        new = list(self._new.values())
        doubled = [part for part in unrepeated if coverage.would_double(part, new, repeated)]
        findings.holds_live |= bool(doubled)
        asked = doubled if repeated else unrepeated
        for part in asked:
            findings.parts += self._effects([part], after, days=wording.span(part))
            findings.sentences.append(wording.untold(part))
        return bool(asked)

    def _judge_late(self, findings: _Findings, live: Sequence[str], after: Sequence[Part]) -> bool:
        """Ask about what would not be live although what is does not hold its charges."""
        datasets = {self._counting[part.id].dataset for part in self._before}
        late = [
            self._new[one.id]
            for one in self._coming
            if one.id not in live and one.dataset in datasets
        ]
        asked = [part for part in late if not coverage.is_told_again(part, after)]
        for part in asked:
            findings.parts += self._effects(self._before, after, days=wording.span(part))
            findings.sentences.append(wording.late(part))
        return bool(asked)

    def _judge_losses(self, findings: _Findings, after: Sequence[Part]) -> bool:
        losses = coverage.losses(self._before, after)
        if not losses:
            return False
        findings.aspects |= {loss.aspect for loss in losses}
        findings.sentences += [] if findings.parts else wording.losses(losses)
        findings.losses += self._effects(
            self._before,
            after,
            days=tuple(loss.subject for loss in losses if loss.aspect is Aspect.DAY),
            accounts=tuple(
                loss.subject.split(":", 1)[1] for loss in losses if loss.aspect is Aspect.ACCOUNT
            ),
            currencies={loss.currency for loss in losses},
        )
        return True

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


def _accounts(parts: Sequence[Part]) -> frozenset[str]:
    return frozenset().union(*(coverage.accounts(part) for part in parts))
