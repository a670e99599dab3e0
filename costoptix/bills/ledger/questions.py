"""What a person decides before money is lost or doubled.

Rows that cannot be read, charges that would vanish, the same cloud billed twice: an import of
these waits with its effect in money; nothing of it is live, its file is kept, and the decision
makes its job due again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import money, queue
from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission, require
from costoptix.bills.intake.receive import JOB_KIND
from costoptix.bills.ledger.deliveries import in_scope, replaced_by, version_of
from costoptix.bills.ledger.precedence import Version, live_versions
from costoptix.bills.read import recognize
from costoptix.bills.read.staged import Scope, Staged, SubAccount
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import Conflict, Invalid
from costoptix.lake.providers import slug_of
from costoptix.models import Delivery, Import, Organization, Source

LARGEST_LOSS = Decimal("0.2")
"""Of what a live month costs; a delivery that takes away more waits for a person."""


class Decision(StrEnum):
    """What a person may answer."""

    REPLACE = "replace"  # import, in the place of what is live
    ADD = "add"  # import beside what is live
    DISCARD = "discard"
    ACTUAL = "actual"  # the file is of the actual export
    AMORTIZED = "amortized"  # the file is of the amortized export


class Kind(StrEnum):
    """Why a person is asked."""

    REJECTED = "rejected"  # more rows cannot be read than goes without saying
    REMOVAL = "removal"  # sub-accounts or much money of a live month would vanish
    OVERLAP = "overlap"  # another source covers the same sub-accounts of the same month
    DATASET = "dataset"  # of Azure's two exports the file could be either, and it matters


_DATASETS = (Decision.ACTUAL, Decision.AMORTIZED)


class Effect(BaseModel):
    """What is live for one month and currency, and what this delivery has for it."""

    model_config = ConfigDict(frozen=True)

    billing_account_id: str
    billing_period: date
    currency: str
    live: Decimal
    delivered: Decimal
    sub_accounts: tuple[str, ...]  # those that would vanish, or that both have
    source: str  # whose charges are live

    @property
    def change(self) -> Decimal:
        """Return what the month costs more if the delivery replaces what is live; or less."""
        return money.EXACT.subtract(self.delivered, self.live)

    @property
    def together(self) -> Decimal:
        """Return what the month costs if both count."""
        return money.EXACT.add(self.live, self.delivered)


class Question(BaseModel):
    """What a person is asked, with the effect in money (billed cost)."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    sentence: str
    effects: tuple[Effect, ...] = ()

    @property
    def answers(self) -> tuple[Decision, ...]:
        """Return what a person may decide."""
        ways = _DATASETS if self.kind is Kind.DATASET else (Decision.REPLACE, Decision.ADD)
        return (*ways, Decision.DISCARD)


def question_of(row: Import) -> Question | None:
    """Return what an import waits for; None when it does not wait."""
    said = row.options.get("question")
    return None if said is None or row.state != "waiting" else Question.model_validate(said)


def find(
    session: Session, row: Import, source: Source | None, staged: Staged, delivered_at: datetime
) -> Question | None:
    """Compare what would be live with what is; None when nothing is lost or doubled."""
    lost: list[Effect] = []
    doubled: list[Effect] = []
    either: list[Effect] = []
    for key, scopes in _by_month(staged).items():
        month = _Month(session, row, source, *key)
        if staged.is_undecided:
            either += month.either(scopes, staged, delivered_at)
        after = month.after(scopes, staged, delivered_at)
        lost += month.lost(after)
        doubled += month.doubled(after)
    if either:
        return Question(
            kind=Kind.DATASET,
            sentence="The content does not tell whether this is the actual or the amortized "
            "export, and what is live of its months depends on it.",
            effects=tuple(either),
        )
    if lost:
        return Question(
            kind=Kind.REMOVAL,
            sentence="This delivery would take charges away from a month that is live."
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
        " to replace takes those out there."
    )


def covered(
    session: Session, row: Import, source: Source | None, staged: Staged, delivered_at: datetime
) -> list[Delivery]:
    """Return what is live in other sources of sub-accounts that an import brings to its own."""
    found = []
    for key, scopes in _by_month(staged).items():
        month = _Month(session, row, source, *key)
        after = month.after(scopes, staged, delivered_at)
        found += [delivery for delivery, *_ in month.covered(after)]
    return found


def _by_month(staged: Staged) -> Mapping[tuple[str, date], list[Scope]]:
    months: defaultdict[tuple[str, date], list[Scope]] = defaultdict(list)
    for scope in staged.scopes:
        months[scope.billing_account_id, scope.billing_period].append(scope)
    return months


SubAccounts = Sequence[SubAccount]


class _Month:
    """One billing account and month: what is live of it, in the source itself and in others."""

    def __init__(
        self, session: Session, row: Import, source: Source | None, account: str, period: date
    ) -> None:
        self._key = (account, period)
        self._source = source
        mine = in_scope(session, source.id, account, period) if source is not None else []
        self._mine = [each for each in mine if replaced_by(session, each) is None]
        self._before = _all(_sub_accounts(each) for each in self._mine if each.is_live)
        self._others = _live_elsewhere(session, row, source, account, period)

    def after(self, scopes: Sequence[Scope], staged: Staged, delivered_at: datetime) -> SubAccounts:
        """Return what would be live in the source once the scopes of an import are in it."""
        sub_accounts = {each.id: _sub_accounts(each) for each in self._mine}
        versions = [version_of(each) for each in self._mine]
        for number, scope in enumerate(scopes):
            sub_accounts[str(number)] = scope.sub_accounts
            versions.append(
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
            )
        return _all(sub_accounts[each.id] for each in live_versions(versions))

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
        after = _billed(_all(scope.sub_accounts for scope in scopes))
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
            if vanishing or amount - left.get(currency, Decimal(0)) > abs(amount) * LARGEST_LOSS
        ]

    def doubled(self, after: SubAccounts) -> list[Effect]:
        """Say which sub-accounts would count in two sources that count in one until now."""
        effects = []
        for delivery, name, both in self.covered(after):
            amounts = _billed(_sub_accounts(delivery))
            effects += [
                _effect(self._key, each, amounts, _billed(after), both, name) for each in amounts
            ]
        return effects

    def covered(self, after: SubAccounts) -> Iterator[tuple[Delivery, str, Names]]:
        """Yield what is live in other sources, with their names, of sub-accounts that come."""
        coming = _without(_names(after), _names(self._before))
        for delivery, name in self._others:
            known = _names(_sub_accounts(delivery))
            both = {one: named for one, named in known.items() if one in coming}
            if both:
                yield delivery, name, both


def _all(found: Iterable[SubAccounts]) -> SubAccounts:
    return [each for sub_accounts in found for each in sub_accounts]


def _live_elsewhere(
    session: Session, row: Import, source: Source | None, account: str, period: date
) -> Sequence[tuple[Delivery, str]]:
    """Return what is live of a month in other sources, with their names."""
    found = session.execute(
        select(Delivery, Source.name)
        .join(Source, Source.id == Delivery.source_id)
        .where(
            Delivery.organization_id == row.organization_id,
            Delivery.source_id != (source.id if source is not None else ""),
            Delivery.billing_period == period,
            Delivery.is_live,
        )
        .order_by(Source.name, Delivery.delivered_at)
    )
    return [
        (delivery, name)
        for delivery, name in found
        if _last_part(delivery.billing_account_id) == _last_part(account)
    ]


def _sub_accounts(delivery: Delivery) -> SubAccounts:
    return [SubAccount.model_validate(row, from_attributes=True) for row in delivery.sub_accounts]


def _effect(
    key: tuple[str, date],
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
        (slug_of(each.provider_name or ""), _last_part(each.sub_account_id or "")): (
            each.sub_account_id or ""
        )
        for each in sub_accounts
    }


def _last_part(cloud_id: str) -> str:
    """Return ``b`` of ``/subscriptions/B``, as Azure's own export has it bare, in any case."""
    return cloud_id.rsplit("/", 1)[-1].lower()


def _without(names: Names, others: Names) -> Names:
    return {one: named for one, named in names.items() if one not in others}


def _billed(sub_accounts: Iterable[SubAccount]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for each in sub_accounts:
        before = totals.get(each.currency, Decimal(0))
        totals[each.currency] = money.EXACT.add(before, each.billed_cost)
    return totals


def decide(
    session: Session, organization: Organization, caller: Caller, row: Import, decision: Decision
) -> None:
    """Answer the question of a waiting import: it goes on in the background, or is discarded.

    Raises:
        Forbidden: the caller may only read.
        Conflict: the import does not wait for a decision.
        Invalid: the decision is no answer to its question.
    """
    require(caller, Permission.WRITE)
    with writing(session):
        session.refresh(row, with_for_update={"of": Import})
        question = question_of(row)
        if question is None:
            raise Conflict(f"This import is {row.state}; it does not wait for a decision.")
        if decision not in question.answers:
            raise Invalid(f"Decide one of: {', '.join(question.answers)}. {question.sentence}")
        if decision is Decision.DISCARD:
            row.state, row.finished_at, row.message = "withdrawn", utc_now(), "discarded"
        else:
            row.options = row.options | _said(question, decision)
            row.state, row.message = "received", None
            queue.enqueue(session, JOB_KIND, {"import_id": row.id}, organization_id=organization.id)
        audit.record(
            session, caller, "import.decided", subject=row.file_name, subject_id=row.id,
            after={"decision": decision.value},
        )  # fmt: skip


def _said(question: Question, decision: Decision) -> dict[str, object]:
    """Return what an answer adds to the options of the import."""
    match question.kind:
        case Kind.REJECTED:
            return {"accept_rejected": True}
        case Kind.DATASET:
            return {"dataset": decision.value}
        case _:
            return {"decision": decision.value}
