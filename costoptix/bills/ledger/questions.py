"""What a person decides before money is lost or doubled.

Rows that cannot be read, charges that would vanish, the same cloud billed twice: an import of
these waits with its effect in money; nothing of it is live, what was made of its file is kept, and
the decision makes its job due again. An answer may be remembered: for the source, and for what was
seen (``Question.aspects``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

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
from costoptix.models import Import, ImportState

DISCARDED = "discarded"
"""What is said of an import that a person did not want."""


class Decision(StrEnum):
    """What a person may answer."""

    REPLACE = "replace"  # import, in the place of what is live
    ADD = "add"  # import beside what is live
    DISCARD = "discard"
    ACTUAL = "actual"  # the file is of the actual export
    AMORTIZED = "amortized"  # the file is of the amortized export
    IMPORT_ANYWAY = "import_anyway"  # without the rows that cannot be read


class Kind(StrEnum):
    """Why a person is asked."""

    REJECTED = "rejected"  # more rows cannot be read than goes without saying
    PART = "part"  # what is live is not in the delivery: it may be another part of the month
    REMOVAL = "removal"  # days, sub-accounts or much money of a live month would vanish
    PERIOD = "period"  # the billing period overlaps another one that is live
    OVERLAP = "overlap"  # what is live elsewhere seems to be the same bill
    VERSIONS = "versions"  # two of the files sent together seem to be one month twice
    DATASET = "dataset"  # of Azure's two exports the file could be either, and it matters


_ANSWERS: Mapping[Kind, tuple[Decision, ...]] = {
    Kind.REJECTED: (Decision.IMPORT_ANYWAY,),
    Kind.PART: (Decision.ADD, Decision.REPLACE),
    Kind.REMOVAL: (Decision.REPLACE, Decision.ADD),
    Kind.PERIOD: (Decision.ADD, Decision.REPLACE),
    Kind.OVERLAP: (Decision.REPLACE, Decision.ADD),
    Kind.VERSIONS: (Decision.REPLACE, Decision.ADD),
    Kind.DATASET: (Decision.ACTUAL, Decision.AMORTIZED),
}
"""What may be answered to a question beside ``discard``, the likely answer first."""


_ALIKE = (Kind.PART, Kind.REMOVAL)
"""What is asked may change between these while an import waits; the answer holds for either."""


class Effect(BaseModel):
    """What is live for one month and currency, and what this delivery has for it."""

    model_config = ConfigDict(frozen=True)

    billing_account_id: str
    billing_period: PeriodAsText
    currency: str
    live: Decimal
    delivered: Decimal  # what would be live, or what the delivery has of the same
    days: tuple[str, ...] = ()  # that would go: YYYY-MM-DD, or from/to, both inclusive
    sub_accounts: tuple[str, ...] = ()  # those that would vanish, or that both have
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
    aspects: tuple[str, ...] = ()  # what was seen; an answer is remembered for each
    holds_live: bool = False  # charges that are live may come twice if it is added

    @property
    def answers(self) -> tuple[Decision, ...]:
        """Return what a person may decide, the likely answer first."""
        likely = _ANSWERS[self.kind]
        if self.kind is Kind.PART and self.holds_live:
            likely = likely[::-1]
        return (*likely, Decision.DISCARD)

    def accepts(self, decision: Decision) -> bool:
        """Tell whether a decision is an answer; what scripts said before there was another word."""
        is_older_word = decision in (Decision.REPLACE, Decision.ADD)
        return decision in self.answers or (self.kind is Kind.REJECTED and is_older_word)

    def answered_by(
        self, options: Mapping[str, Any], remembered: Mapping[str, str]
    ) -> Decision | None:
        """Return the answer that was given to it; None where a person must still decide.

        ``options`` are those of the import, ``remembered`` the answers that a source keeps.
        """
        decisions = options.get("decisions", {})
        kinds = _ALIKE if self.kind in _ALIKE else (self.kind,)
        given = next(filter(None, map(decisions.get, kinds)), options.get("decision"))
        if given in self.answers:
            return Decision(given)
        kept = {remembered.get(aspect) for aspect in self.aspects}
        answer = kept.pop() if len(kept) == 1 else None
        if answer not in self.answers or (answer == Decision.ADD and self.holds_live):
            return None
        return Decision(answer)


def question_of(row: Import) -> Question | None:
    """Return what an import waits for; None when it does not wait."""
    return _written(row) if row.state == ImportState.WAITING else None


@dataclass(frozen=True)
class DryRun:
    """What would become of a file, by its dry run."""

    state: ImportState
    question: Question | None


def outlook_of(row: Import) -> DryRun | None:
    """Return what a dry run has shown; None of any other import."""
    if row.state != ImportState.CHECKED:
        return None
    return DryRun(ImportState(row.options["would"]), _written(row))


def _written(row: Import) -> Question | None:
    written = row.options.get("question")
    return None if written is None else Question.model_validate(written)


def decide(
    session: Session,
    caller: Caller,
    row: Import,
    decision: Decision,
    *,
    remember: bool = False,
) -> None:
    """Answer the question of a waiting import: it goes on in the background, or is discarded.

    ``remember`` has the source answer the same question so from now on.

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
        if not question.accepts(decision):
            raise Invalid(f"Decide one of: {', '.join(question.answers)}. {question.sentence}")
        carry_out(session, row, question, decision, remember=remember)
        audit.record(
            session, caller, "import.decided", subject=row.file_name, subject_id=row.id,
            after={"decision": decision.value, "remember": remember},
        )  # fmt: skip


def carry_out(
    session: Session, row: Import, question: Question, decision: Decision, *, remember: bool
) -> None:
    """Have a waiting import go on as decided, or end; within ``writing``.

    What is discarded and remembered ends by its job, which knows the source.
    """
    if decision is Decision.DISCARD and not remember:
        move_import(row, ImportState.WITHDRAWN)
        row.finished_at, row.message = utc_now(), DISCARDED
        return
    row.options = {**row.options, **_said(row, question, decision, remember=remember)}
    move_import(row, ImportState.RECEIVED)
    row.message = None
    queue.enqueue(session, JOB_KIND, {"import_id": row.id}, organization_id=row.organization_id)


def given_beforehand(question: Question, options: Mapping[str, Any]) -> Decision | None:
    """Return how the options of an import answer the question of another one of the same file."""
    match question.kind:
        case Kind.REJECTED:
            answer = Decision.IMPORT_ANYWAY if options.get("accept_rejected") else None
        case Kind.DATASET:
            answer = options.get("dataset")
        case _:
            answer = options.get("decision")
    if options.get("decision") == Decision.DISCARD:
        answer = Decision.DISCARD
    return Decision(answer) if answer in question.answers else None


def _said(
    row: Import, question: Question, decision: Decision, *, remember: bool
) -> dict[str, object]:
    """Return what an answer adds to the options of the import."""
    kinds = {*row.options.get("remember", ()), question.kind.value}
    additions: dict[str, object] = {"remember": sorted(kinds)} if remember else {}
    match question.kind, decision:
        case Kind.REJECTED, Decision.IMPORT_ANYWAY | Decision.REPLACE | Decision.ADD:
            return additions | {"accept_rejected": True}
        case Kind.DATASET, Decision.ACTUAL | Decision.AMORTIZED:
            return additions | {"dataset": decision.value}
        case _:
            decisions = row.options.get("decisions", {})
            return additions | {"decisions": decisions | {question.kind.value: decision.value}}
