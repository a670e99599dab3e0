"""A webhook of Acme Cloud with what it was told: rows alone, switched off, so nothing calls out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.secrets import SealedPlace, SealingKeys, seal
from costoptix.anomalies.recording import ALERT, alert_data
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.demo import life_people
from costoptix.models import (
    Anomaly,
    Channel,
    ChannelKind,
    ChannelState,
    Dispatch,
    DispatchAttempt,
    DispatchState,
    Organization,
    new_id,
)
from costoptix.notify.channels import BY_A_PERSON, hint
from costoptix.notify.filters import ChannelFilter

NAME = "On-call webhook"
TARGET = "https://hooks.example.com/services/acme/costs-7f2c"
"""An address that is reserved for examples."""

LOGGED = timedelta(days=28)
"""How far back the log goes: housekeeping keeps 30 days of it."""

_BUSY, _GOOD, _GONE = (503, "Service Unavailable"), (204, ""), (404, "no such hook")


def settle(session: Session, organization: Organization, config: Config) -> None:
    """Make the webhook, with what it was told of the findings of the last weeks."""
    mine = (Channel.organization_id == organization.id) & (Channel.name == NAME)
    if session.scalar(select(Channel.id).where(mine)) is not None:
        return
    recent = select(Anomaly).where(
        Anomaly.organization_id == organization.id,
        Anomaly.first_day >= (utc_now() - LOGGED).date(),
    )
    anomalies = session.scalars(recent.order_by(Anomaly.first_day)).all()
    channel = _channel(organization, config)
    with writing(session):
        session.add(channel)
        session.flush()
        for number, anomaly in enumerate(anomalies):
            is_last = number == len(anomalies) - 1
            answers = [_GONE] * 3 if is_last else [_BUSY, _GOOD] if number == 1 else [_GOOD]
            _log(session, channel, anomaly, answers)


def _channel(organization: Organization, config: Config) -> Channel:
    by_maya = life_people.label("maya")
    channel = Channel(
        id=new_id(), organization_id=organization.id, name=NAME, kind=ChannelKind.CUSTOM,
        target_hint=hint(ChannelKind.CUSTOM, TARGET), events=[ALERT],
        filter=ChannelFilter().model_dump(mode="json"),
        state=ChannelState.DISABLED, disabled_reason=BY_A_PERSON.format(by_maya),
        created_by=by_maya, created_at=utc_now() - timedelta(days=160),
    )  # fmt: skip
    place = SealedPlace("channels", "target", channel.id)
    channel.target = seal(SealingKeys.of(config), TARGET, place)
    return channel


def _log(
    session: Session, channel: Channel, anomaly: Anomaly, answers: list[tuple[int, str]]
) -> None:
    """Add what was sent of a finding, and each answer, the last one last."""
    at = morning_after(anomaly.first_day)
    status, excerpt = answers[-1]
    is_delivered = status == _GOOD[0]
    dispatch = Dispatch(
        id=new_id(), organization_id=channel.organization_id, channel_id=channel.id,
        key=f"{ALERT}:{anomaly.series}:{anomaly.first_day}", event=ALERT, happened_at=at,
        data=alert_data(anomaly), attempts=len(answers), tries=len(answers),
        state=DispatchState.DELIVERED if is_delivered else DispatchState.FAILED,
        next_attempt_at=None, status=status, excerpt=excerpt, created_at=at,
        finished_at=at + timedelta(minutes=2 * len(answers)),
    )  # fmt: skip
    session.add(dispatch)
    session.flush()
    session.add_all(
        DispatchAttempt(
            dispatch_id=dispatch.id, number=number, at=at + timedelta(minutes=2 * number - 2),
            milliseconds=90 + 17 * number, is_delivered=answer[0] == _GOOD[0], status=answer[0],
            excerpt=answer[1],
        )
        for number, answer in enumerate(answers, start=1)
    )  # fmt: skip


def morning_after(day: date) -> datetime:
    """Return when a finding of a day was found: as the day's bills were in."""
    return datetime.combine(day + timedelta(days=1), time(6, 41), UTC)
