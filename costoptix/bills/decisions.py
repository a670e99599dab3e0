"""What a person decides before money is lost or doubled.

Rows that cannot be read, charges that would vanish, the same cloud billed twice: an import of
these waits with its effect in money; nothing of it is live, its file is kept, and the decision
makes its job due again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import money, queue
from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission, require
from costoptix.bills.deliveries import delivered_at, half_of
from costoptix.bills.receive import JOB_KIND
from costoptix.bills.staged import Scope, Staged, SubAccount
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import Conflict
from costoptix.models import Delivery, Import, Organization, Source

LARGEST_LOSS = Decimal("0.2")
"""Of what a live month costs; a delivery that takes away more waits for a person."""


class Decision(StrEnum):
    """What a person may answer."""

    REPLACE = "replace"  # import, in the place of what is live
    ADD = "add"  # import beside what is live
    DISCARD = "discard"


class Kind(StrEnum):
    """Why a person is asked."""

    REJECTED = "rejected"  # more rows cannot be read than goes without saying
    REMOVAL = "removal"  # sub-accounts or much money of a live month would vanish
    OVERLAP = "overlap"  # another source covers the same sub-accounts of the same month


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


def question_of(row: Import) -> Question | None:
    """Return what an import waits for; None when it does not wait."""
    said = row.options.get("question")
    return None if said is None or row.state != "waiting" else Question.model_validate(said)


def find(session: Session, row: Import, source: Source | None, staged: Staged) -> Question | None:
    """Compare what would go live with what is; None when nothing is lost or doubled."""
    lost: list[Effect] = []
    doubled: list[Effect] = []
    for scope in staged.scopes:
        for delivery, name in _live(session, row, scope):
            if half_of(delivery) != scope.half:
                continue  # the two halves of a scope go together
            known = [SubAccount.model_validate(each) for each in _facts(delivery)]
            if source is not None and delivery.source_id == source.id:
                lost += _lost(scope, known, name)
            else:
                doubled += _doubled(scope, known, name)
    if lost:
        return Question(
            kind=Kind.REMOVAL,
            sentence="This delivery would take charges away from a month that is live.",
            effects=tuple(lost),
        )
    if doubled:
        return Question(
            kind=Kind.OVERLAP,
            sentence=f"The source {doubled[0].source} covers the same accounts and months already.",
            effects=tuple(doubled),
        )
    return None


def _live(session: Session, row: Import, scope: Scope) -> Iterable[tuple[Delivery, str]]:
    """Return what is live for a scope, in any source, and not newer than the import."""
    found = session.execute(
        select(Delivery, Source.name)
        .join(Source, Source.id == Delivery.source_id)
        .where(
            Delivery.organization_id == row.organization_id,
            Delivery.billing_account_id == scope.billing_account_id,
            Delivery.billing_period == scope.billing_period,
            Delivery.is_live,
            Delivery.delivered_at <= delivered_at(row),
        )
    )
    return [(delivery, name) for delivery, name in found]


def _facts(delivery: Delivery) -> list[dict[str, object]]:
    return list(delivery.facts.get("sub_accounts", []))


def _lost(scope: Scope, live: Sequence[SubAccount], source: str) -> list[Effect]:
    vanishing = _names(live) - _names(scope.sub_accounts)
    before, after = _billed(live), _billed(scope.sub_accounts)
    return [
        _effect(scope, currency, before, after, vanishing, source)
        for currency, amount in before.items()
        if vanishing or amount - after.get(currency, Decimal(0)) > abs(amount) * LARGEST_LOSS
    ]


def _doubled(scope: Scope, live: Sequence[SubAccount], source: str) -> list[Effect]:
    both = _names(live) & _names(scope.sub_accounts)
    before, after = _billed(live), _billed(scope.sub_accounts)
    return [_effect(scope, c, before, after, both, source) for c in before if both]


def _effect(
    scope: Scope,
    currency: str,
    before: dict[str, Decimal],
    after: dict[str, Decimal],
    sub_accounts: set[tuple[str, str]],
    source: str,
) -> Effect:
    return Effect(
        billing_account_id=scope.billing_account_id,
        billing_period=scope.billing_period,
        currency=currency,
        live=before.get(currency, Decimal(0)),
        delivered=after.get(currency, Decimal(0)),
        sub_accounts=tuple(sorted(name for _, name in sub_accounts)),
        source=source,
    )


def _names(sub_accounts: Iterable[SubAccount]) -> set[tuple[str, str]]:
    return {(each.provider_name or "", each.sub_account_id or "") for each in sub_accounts}


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
    """
    require(caller, Permission.WRITE)
    with writing(session):
        session.refresh(row, with_for_update={"of": Import})
        question = question_of(row)
        if question is None:
            raise Conflict(f"This import is {row.state}; it does not wait for a decision.")
        if decision is Decision.DISCARD:
            row.state, row.finished_at, row.message = "withdrawn", utc_now(), "discarded"
        else:
            answers: dict[str, object] = {"accept_rejected": True}
            if question.kind is not Kind.REJECTED:
                answers = {"decision": decision.value}
            row.options, row.state, row.message = row.options | answers, "received", None
            queue.enqueue(session, JOB_KIND, {"import_id": row.id}, organization_id=organization.id)
        audit.record(
            session, caller, "import.decided", subject=row.file_name, subject_id=row.id,
            after={"decision": decision.value},
        )  # fmt: skip
