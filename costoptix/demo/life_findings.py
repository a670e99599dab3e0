"""What the people of Acme Cloud make of what detection finds: sixteen of twenty were real."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.demo import life_people
from costoptix.demo.catalogue import SERVICES
from costoptix.demo.company import ACCOUNTS
from costoptix.demo.incidents import CREDIT_NOTE, INCIDENTS, PLAN_NOTE, Opinion
from costoptix.demo.life_channel import morning_after
from costoptix.demo.story import Story
from costoptix.models import Anomaly, AnomalyJudgement, AnomalyPart, AnomalyStatus, Organization

REAL, EXPECTED = 16, 4
"""So many findings are closed as real and as false alarms; what is found beyond is in work."""


@dataclass(frozen=True)
class _Judged:
    """What somebody thinks of the finding of a service in an account on a day."""

    service: str
    account: str
    day: date
    opinion: Opinion
    judge: str
    note: str


def settle(session: Session, organization: Organization, story: Story) -> None:
    """Judge what nobody has judged yet, as of the days on which people would have done it."""
    mine = select(Anomaly).where(Anomaly.organization_id == organization.id)
    with writing(session):
        rows = session.scalars(mine).all()
        for row in rows:
            row.created_at = min(row.created_at, morning_after(row.first_day))
        left = {Opinion.REAL: REAL, Opinion.EXPECTED: EXPECTED}
        for judged in sorted(_opinions(story), key=lambda one: one.day):
            finding = _of(rows, judged)
            if finding is not None and finding.judged_at is None:
                left[judged.opinion] = left.get(judged.opinion, 0) - 1
                is_closed = left[judged.opinion] >= 0
                _judge(finding, judged, _status(judged.opinion, is_closed=is_closed))


def _opinions(story: Story) -> Iterator[_Judged]:
    for incident in INCIDENTS:
        if incident.opinion is not Opinion.OPEN:
            yield _Judged(
                SERVICES[incident.service].name, ACCOUNTS[incident.account].id,
                story.day(incident.begins), incident.opinion, incident.judge, incident.note,
            )  # fmt: skip
    bigquery, analytics = SERVICES["bigquery"].name, ACCOUNTS["gcp-analytics"].id
    credit_over, plan_over = story.credit_over, story.commitment_over
    yield _Judged(bigquery, analytics, credit_over, Opinion.REAL, "jonas", CREDIT_NOTE)
    ec2, production = SERVICES["ec2"].name, ACCOUNTS["aws-prod"].id
    yield _Judged(ec2, production, plan_over, Opinion.IN_WORK, "jonas", PLAN_NOTE)


def _of(rows: Sequence[Anomaly], judged: _Judged) -> Anomaly | None:
    """Return the finding that is meant, itself or with one of its parts."""
    return next((row for row in rows if _is_of(row, judged)), None)


def _is_of(row: Anomaly, judged: _Judged) -> bool:
    subjects: list[Anomaly | AnomalyPart] = [*row.parts] or [row]
    return any(
        (one.service_name, one.sub_account_id) == (judged.service, judged.account)
        and one.first_day <= judged.day <= one.last_day
        for one in subjects
    )


def _status(opinion: Opinion, *, is_closed: bool) -> AnomalyStatus:
    match opinion:
        case Opinion.REAL if is_closed:
            return AnomalyStatus.RESOLVED
        case Opinion.EXPECTED if is_closed:
            return AnomalyStatus.FALSE_POSITIVE
        case Opinion.IN_WORK:
            return AnomalyStatus.INVESTIGATING
        case _:
            return AnomalyStatus.ACKNOWLEDGED


def _judge(row: Anomaly, judged: _Judged, status: AnomalyStatus) -> None:
    """Write that somebody saw it on its morning, and what they said a day later."""
    seen_at = morning_after(row.first_day) + timedelta(hours=2, minutes=len(judged.note) % 60)
    judged_at = min(seen_at + timedelta(days=1, hours=3), utc_now())
    actor = life_people.label(judged.judge)
    row.status, row.note = status, judged.note
    row.judged_by, row.judged_at = actor, judged_at
    steps = [(AnomalyStatus.ACKNOWLEDGED, "", seen_at), (status, judged.note, judged_at)]
    row.judgements += [
        AnomalyJudgement(at=at, actor=actor, status=step, is_expected=False, note=note)
        for step, note, at in (steps if status is not AnomalyStatus.ACKNOWLEDGED else steps[1:])
    ]
