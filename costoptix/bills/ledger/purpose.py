"""Works out once what a delivery is for: its source, its instant, what it replaces, a question.

Read without the write lock. The data version says of which moment the answer is: a delivery or an
undo since then renews it, and the answer is worked out anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from costoptix.bills.ledger import deliveries, elsewhere, judgement, rejected_rows, sources
from costoptix.bills.ledger.coverages import Coverages
from costoptix.bills.ledger.deliveries import SumKey
from costoptix.bills.ledger.judgement import Judgement
from costoptix.bills.ledger.questions import Decision, Kind, Question
from costoptix.bills.read.staged import Staged
from costoptix.lake.live import data_version_of
from costoptix.models import Import, Source

REMEMBERED = "answers"
"""The setting of a source that holds remembered answers, by what was seen."""


@dataclass(frozen=True)
class Purpose:
    """What the deliveries of an import are for, as of a data version."""

    data_version: str
    staged: Staged  # its scopes with the dataset that is said, and whose place they take
    question: Question | None  # what a person must answer first; then nothing below is used
    source_name: str
    source_id: str | None  # None: the source is new
    delivered_at: datetime
    is_live: bool  # whether anything of it would be live
    is_discarded: bool  # a person has said so, beforehand or for the source
    replaced: tuple[str, ...]  # ids of deliveries of other scopes that count no more
    before: Mapping[SumKey, Decimal]  # what is live in its scopes
    settings: Mapping[str, Any]  # of the source, to be kept from now on


def work_out(session: Session, row: Import, staged: Staged, coverages: Coverages) -> Purpose:
    """Work out what the deliveries of an import are for, as it is now."""
    data_version = data_version_of(session, row.organization_id)  # first: see the module
    name = row.source_name or sources.propose(session, row.organization_id, staged)
    source = sources.find(session, row.organization_id, name)
    staged = _with_dataset(session, row, source, staged)
    instant = deliveries.delivered_at(session, row, source, staged)
    judge = partial(judgement.judge, session, row.organization_id, coverages=coverages,
                    staged=staged, copies_count=_copies_count(row, source, staged))  # fmt: skip
    judged = judge(source=source, delivered_at=instant)
    answers, question = _answers(row, source, _questions(staged, judged))
    if (target := _target(judged, answers, name)) != name:
        name, source = target, sources.find(session, row.organization_id, target)
        instant = deliveries.delivered_at(session, row, source, staged)
        there = judge(source=source, delivered_at=instant)
        parts = [placement.replacing for placement in there.placements]
    else:
        parts = _parts(judged, answers)
    return Purpose(
        data_version=data_version,
        staged=_with_parts(staged, parts),
        question=question,
        source_name=name,
        source_id=None if source is None else source.id,
        delivered_at=instant,
        is_live=judged.is_live or bool(answers),
        is_discarded=Decision.DISCARD in answers.values(),
        replaced=_replaced(judged, answers),
        before={} if source is None else deliveries.live_sums(session, source, staged),
        settings=_settings(row, source, staged, judged, answers),
    )


def answer_to(session: Session, row: Import, staged: Staged, question: Question) -> Decision | None:
    """Return the answer to a question that is asked before it is known what a delivery is for."""
    name = row.source_name or sources.propose(session, row.organization_id, staged)
    source = sources.find(session, row.organization_id, name)
    return question.answered_by(row.options, _remembered(source))


def remember_rejected(session: Session, row: Import, staged: Staged, answer: Decision) -> None:
    """Have the source answer so from now on, if that was said and there is one; in ``writing``."""
    name = row.source_name or sources.propose(session, row.organization_id, staged)
    source = sources.find(session, row.organization_id, name)
    if source is not None and (kept := _rejected(row, answer)):
        source.settings = {**source.settings, REMEMBERED: {**_remembered(source), **kept}}


def _rejected(row: Import, answer: Decision) -> dict[str, str]:
    """Return what a source remembers of the question about rows that cannot be read."""
    is_kept = Kind.REJECTED in row.options.get("remember", ())
    return {Kind.REJECTED.value: answer.value} if is_kept else {}


def _remembered(source: Source | None) -> Mapping[str, str]:
    return {} if source is None else source.settings.get(REMEMBERED, {})


_LOSSES = (Kind.PART, Kind.REMOVAL)
Answers = Mapping[Kind, Decision]


def _questions(staged: Staged, judged: Judgement) -> tuple[Question, ...]:
    return (*_copies_question(staged), *judged.questions)


def _copies_question(staged: Staged) -> Iterator[Question]:
    """Yield what is asked where files of one delivery seem to hold one month twice."""
    for first, later in staged.copies[:1]:
        more = f" (and {len(staged.copies) - 1} more)" if len(staged.copies) > 1 else ""
        yield Question(
            kind=Kind.VERSIONS,
            sentence=f"These look like two versions of one month: {first} and {later}{more}. Does "
            "the later one replace the earlier one (replace), or do both count (add)?",
            aspects=(Kind.VERSIONS.value,),
        )


def _copies_count(row: Import, source: Source | None, staged: Staged) -> bool:
    """Tell whether a person says that such files are parts of the month."""
    return any(
        question.answered_by(row.options, _remembered(source)) is Decision.ADD
        for question in _copies_question(staged)
    )


def _answers(
    row: Import, source: Source | None, questions: Sequence[Question]
) -> tuple[Answers, Question | None]:
    """Return the answers there are, and the first question that has none."""
    remembered = _remembered(source)
    answers: dict[Kind, Decision] = {}
    for question in questions:
        decision = question.answered_by(row.options, remembered)
        if question.kind is Kind.OVERLAP and _is_replacing(answers):
            decision = Decision.REPLACE  # the question that was answered says so
        if decision is None:
            return answers, question
        answers[question.kind] = decision
        if decision is Decision.DISCARD:
            break
    return answers, None


def _is_replacing(answers: Answers) -> bool:
    return any(answers.get(kind) is Decision.REPLACE for kind in _LOSSES)


def _target(judged: Judgement, answers: Answers, name: str) -> str:
    """Return the source that a person's decision leads to."""
    if answers.get(Kind.OVERLAP) is Decision.REPLACE and not _is_replacing(answers):
        overlap = next(one for one in judged.questions if one.kind is Kind.OVERLAP)
        return overlap.effects[0].source
    return name


def _parts(judged: Judgement, answers: Answers) -> list[frozenset[str]]:
    """Return whose place each scope takes."""
    decision = next((answers[kind] for kind in _LOSSES if kind in answers), None)
    match decision:
        case Decision.ADD:
            return [placement.added for placement in judged.placements]
        case Decision.REPLACE:
            return [placement.replacing for placement in judged.placements]
        case _:
            return [placement.parts for placement in judged.placements]


def _with_parts(staged: Staged, parts: Sequence[frozenset[str]]) -> Staged:
    scopes = tuple(
        scope.model_copy(update={"parts": names})
        for scope, names in zip(staged.scopes, parts, strict=True)
    )
    return staged.model_copy(update={"scopes": scopes})


def _replaced(judged: Judgement, answers: Answers) -> tuple[str, ...]:
    """Return the ids of deliveries of other scopes that count no more."""
    doubled = judged.doubled if answers.get(Kind.OVERLAP) is Decision.REPLACE else ()
    overlapped = judged.overlapped if answers.get(Kind.PERIOD) is Decision.REPLACE else ()
    return (*doubled, *overlapped)


def _settings(
    row: Import, source: Source | None, staged: Staged, judged: Judgement, answers: Answers
) -> dict[str, Any]:
    """Return what the source shall remember: answers, and what is no twin of it."""
    settings: dict[str, Any] = {}
    if answers.get(Kind.OVERLAP) is Decision.ADD and judged.twins:
        twins = () if source is None else source.settings.get(elsewhere.TWINS, ())
        settings[elsewhere.TWINS] = sorted({*twins, *judged.twins})
    questions = _questions(staged, judged)
    asked = [one for one in questions if one.kind in row.options.get("remember", ())]
    kept = {
        aspect: answers[one.kind].value
        for one in asked
        if one.kind in answers
        for aspect in one.aspects
    }
    if rejected_rows.are_too_many(staged):
        kept |= _rejected(row, Decision.IMPORT_ANYWAY)
    if kept:
        settings[REMEMBERED] = {**_remembered(source), **kept}
    return settings


def _with_dataset(session: Session, row: Import, source: Source | None, staged: Staged) -> Staged:
    """Answer by the sender or the source of which dataset a file is that does not show it."""
    if not staged.is_undecided:
        return staged
    dataset = row.options.get("dataset") or sources.usual_dataset(session, source)
    if dataset is None:
        return staged
    scopes = tuple(scope.as_dataset(dataset) for scope in staged.scopes)
    return staged.model_copy(update={"scopes": scopes})
