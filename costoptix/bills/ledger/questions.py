"""What a person decides before money is lost or doubled.

Rows that cannot be read, charges that would vanish, the same cloud billed twice: an import of
these waits with its effect in money; nothing of it is live, what was made of its file is kept, and
the decision makes its job due again.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from costoptix import money, queue
from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission, require
from costoptix.bills.intake.receive import JOB_KIND
from costoptix.bills.ledger.states import move_import
from costoptix.bills.read.staged import PeriodAsText
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import Conflict, Invalid
from costoptix.models import Import, ImportState, Organization


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
    billing_period: PeriodAsText
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
    written = row.options.get("question")
    return (
        None
        if written is None or row.state != ImportState.WAITING
        else Question.model_validate(written)
    )


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
            move_import(row, ImportState.WITHDRAWN)
            row.finished_at, row.message = utc_now(), "discarded"
        else:
            row.options = row.options | _said(question, decision)
            move_import(row, ImportState.RECEIVED)
            row.message = None
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
