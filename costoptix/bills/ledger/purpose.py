"""Works out once what a delivery is for: its source, its instant, what it replaces, a question.

Read without the write lock. The data version says of which moment the answer is: a delivery or an
undo since then renews it, and the answer is worked out anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from costoptix.bills.ledger import coverage, deliveries, sources
from costoptix.bills.ledger.deliveries import SumKey
from costoptix.bills.ledger.questions import Decision, Kind, Question
from costoptix.bills.read.staged import Staged
from costoptix.lake.live import data_version_of
from costoptix.models import Import, Source


@dataclass(frozen=True)
class Purpose:
    """What the deliveries of an import are for, as of a data version."""

    data_version: str
    staged: Staged  # its scopes with the dataset that the sender or the source says
    question: Question | None  # what a person must answer first; then nothing below is used
    source_name: str
    source_id: str | None  # None: the source is new
    delivered_at: datetime
    replaced: tuple[str, ...]  # ids of deliveries of other sources that count no more
    before: Mapping[SumKey, Decimal]  # what is live in its scopes


def work_out(session: Session, row: Import, staged: Staged) -> Purpose:
    """Work out what the deliveries of an import are for, as it is now."""
    data_version = data_version_of(session, row.organization_id)  # first: see the module
    name = row.source_name or sources.propose(session, row.organization_id, staged)
    source = sources.find(session, row.organization_id, name)
    staged = _with_dataset(session, row, source, staged)
    instant = deliveries.delivered_at(session, row, source, staged)
    covered = coverage.judge(session, row.organization_id, source, staged, instant)
    question, decision = covered.question, row.options.get("decision")
    replaced: tuple[str, ...] = ()
    if question is not None and decision in question.answers:
        target = _target(session, row, question, decision, name)
        if decision == Decision.REPLACE:
            replaced = covered.doubled
        if target != name:
            name, source = target, sources.find(session, row.organization_id, target)
            instant = deliveries.delivered_at(session, row, source, staged)
        question = None
    return Purpose(
        data_version=data_version,
        staged=staged,
        question=question,
        source_name=name,
        source_id=None if source is None else source.id,
        delivered_at=instant,
        replaced=replaced,
        before={} if source is None else deliveries.live_sums(session, source, staged),
    )


def _with_dataset(session: Session, row: Import, source: Source | None, staged: Staged) -> Staged:
    """Answer by the sender or the source of which dataset a file is that does not show it."""
    if not staged.is_undecided:
        return staged
    dataset = row.options.get("dataset") or sources.usual_dataset(session, source)
    if dataset is None:
        return staged
    scopes = tuple(scope.as_dataset(dataset) for scope in staged.scopes)
    return staged.model_copy(update={"scopes": scopes})


def _target(session: Session, row: Import, question: Question, decision: str, name: str) -> str:
    """Return the source that a person's decision leads to."""
    if decision == Decision.REPLACE and question.kind is Kind.OVERLAP:
        return question.effects[0].source
    if decision == Decision.ADD and question.kind is Kind.REMOVAL:
        return sources.beside(session, row.organization_id, name)
    return name
