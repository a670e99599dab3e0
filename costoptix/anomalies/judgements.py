"""People's judgements of an anomaly: its status, who set it, when and why."""

from __future__ import annotations

from pydantic import AwareDatetime, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.permissions import Caller, require_judging
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.drafts import Draft
from costoptix.errors import Conflict, Invalid, NotFound
from costoptix.models import ANOMALY_MOVES, Anomaly, AnomalyJudgement, AnomalyStatus, Organization
from costoptix.written import day

MAX_NOTE = 2000
MAX_AT_ONCE = 200
"""How many anomalies are judged at once: what fits into one short transaction."""


class JudgementDraft(Draft):
    """A judgement of an anomaly; what is left out stays as it is."""

    status: AnomalyStatus | None = None
    note: str | None = Field(default=None, max_length=MAX_NOTE)
    is_expected: bool | None = Field(
        default=None,
        description="True: such costs are expected. The anomaly becomes a false positive, and the "
        "like of it is muted: the same service, account and currency, the same direction, up to "
        "half as much again.",
    )
    seen_at: AwareDatetime | None = Field(
        default=None,
        description="The `judged_at` that you have read (`created_at` where there is none): what "
        "somebody has judged after it is not judged over, and 409 says what it is now.",
    )

    @property
    def says_nothing(self) -> bool:
        """Tell whether nothing is to be changed."""
        return self.status is None and self.note is None and self.is_expected is None


class JudgementsDraft(JudgementDraft):
    """One judgement of several anomalies."""

    ids: list[str] = Field(min_length=1, max_length=MAX_AT_ONCE)

    @property
    def of_each(self) -> JudgementDraft:
        """Return what is said of each of them."""
        return JudgementDraft(
            status=self.status,
            note=self.note,
            is_expected=self.is_expected,
            seen_at=self.seen_at,
        )


def judge(session: Session, anomaly: Anomaly, caller: Caller, draft: JudgementDraft) -> None:
    """Change the status, the note, or what is expected; members may, and keys that may write.

    Raises:
        Forbidden: the caller is a key that may only read.
        Invalid: nothing is said, or it is expected and yet another status than false_positive.
        Conflict: the status does not lead there, or somebody has judged it after ``seen_at``.
    """
    _require(caller, draft)
    with writing(session):
        (row,) = _held(session, anomaly.organization_id, [anomaly.id])
        _judge(session, row, caller, draft)


def judge_all(
    session: Session, organization: Organization, caller: Caller, draft: JudgementsDraft
) -> list[Anomaly]:
    """Judge several anomalies alike, all of them or none; return them in the order given.

    Raises:
        NotFound: one of them is not there, or another organization's.
        Forbidden, Invalid, Conflict: as ``judge``.
    """
    _require(caller, draft.of_each)
    with writing(session):
        rows = _held(session, organization.id, list(dict.fromkeys(draft.ids)))
        for row in rows:
            _judge(session, row, caller, draft.of_each)
    return rows


def _require(caller: Caller, draft: JudgementDraft) -> None:
    require_judging(caller)
    if draft.says_nothing:
        raise Invalid("Give status, note or is_expected.")


def _held(session: Session, organization_id: str, ids: list[str]) -> list[Anomaly]:
    """Return anomalies that nobody else judges before the transaction ends, in this order.

    On a server ``writing`` locks nothing by itself: of two who judge at once, the second would
    be told nothing of the first. Locked by id, so that two never wait for each other.
    """
    mine = select(Anomaly).where(Anomaly.organization_id == organization_id, Anomaly.id.in_(ids))
    held = session.scalars(
        mine.order_by(Anomaly.id).with_for_update(), execution_options={"populate_existing": True}
    )
    by_id = {row.id: row for row in held}
    if len(by_id) < len(ids):
        raise NotFound
    return [by_id[anomaly_id] for anomaly_id in ids]


def _judge(session: Session, anomaly: Anomaly, caller: Caller, draft: JudgementDraft) -> None:
    _require_seen(anomaly, draft)
    before = _state(anomaly)
    status, is_expected = _after(anomaly, draft)
    anomaly.status, anomaly.is_expected = status, is_expected
    if draft.note is not None:
        anomaly.note = draft.note.strip()
    anomaly.judged_by, anomaly.judged_at = caller.label, utc_now()
    judgement = AnomalyJudgement(
        actor=caller.label, status=status, is_expected=is_expected, note=anomaly.note
    )
    anomaly.judgements.insert(0, judgement)  # newest first, as they are read
    audit.record(
        session, caller, "anomaly.judged",
        subject=f"{anomaly.service_name or 'no service'}, {anomaly.first_day}",
        subject_id=anomaly.id, before=before, after=_state(anomaly),
    )  # fmt: skip


def _require_seen(anomaly: Anomaly, draft: JudgementDraft) -> None:
    """Make sure that nobody has said anything since; what they said must not go unread."""
    if draft.seen_at is None or anomaly.judged_at is None or anomaly.judged_at <= draft.seen_at:
        return
    note = f", with the note “{anomaly.note}”" if anomaly.note else ""
    raise Conflict(
        f"{anomaly.judged_by} has judged {anomaly.service_name or 'no service'}, "
        f"{day(anomaly.first_day)}, since you have read it: it is {anomaly.status}{note}. Nothing "
        "was changed; judge it again if you still mean to."
    )


def _after(anomaly: Anomaly, draft: JudgementDraft) -> tuple[AnomalyStatus, bool]:
    current = anomaly.status
    status = draft.status or (AnomalyStatus.FALSE_POSITIVE if draft.is_expected else current)
    if draft.is_expected and status is not AnomalyStatus.FALSE_POSITIVE:
        raise Invalid("What is expected is a false_positive: leave the status out, or send that.")
    if status is not current and status not in ANOMALY_MOVES[current]:
        allowed = ", ".join(ANOMALY_MOVES[current])
        raise Conflict(f"This anomaly is {current}; it can become {allowed}.")
    if status is not AnomalyStatus.FALSE_POSITIVE:
        return status, False
    return status, anomaly.is_expected if draft.is_expected is None else draft.is_expected


def _state(anomaly: Anomaly) -> dict[str, object]:
    return {"status": anomaly.status, "note": anomaly.note, "is_expected": anomaly.is_expected}
