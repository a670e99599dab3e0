"""The end of what was told of: each anomaly of which there was an alert ends once.

An episode is over when ``QUIET_DAYS`` complete days have passed without it, or when restated bills
no longer show it. Restated up and down again, it has had its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from costoptix import events
from costoptix.anomalies.dispositions import rows_of, series_of
from costoptix.anomalies.episodes import Judged
from costoptix.anomalies.recording import ALERT, Hold, alert_data
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import Anomaly, AnomalyPart, Event, Organization

ENDED = "anomaly.ended"
QUIET_DAYS = 2
LOOKED_BACK = timedelta(days=90)
"""An alert that is older is not waited for any more."""

MOST_ALERTS = 1_000


def tell_endings(
    session: Session, organization: Organization, judged: Judged, hold: Hold | None = None
) -> None:
    """Raise an event for each alert whose anomaly is over. ``hold`` is as in ``record``."""
    if judged.days is None:
        return
    ended = [
        (alert, data)
        for alert in _open_alerts(session, organization)
        if (data := _ending(session, organization, alert, judged, judged.days.last)) is not None
    ]
    if not ended:
        return
    with writing(session):
        if hold is not None:
            hold()
        for alert, data in ended:
            events.raise_once(
                session, organization, ENDED,
                key=_key(alert), subject_id=alert.subject_id, data=data,
            )  # fmt: skip


def _open_alerts(session: Session, organization: Organization) -> list[Event]:
    alerts = session.scalars(
        select(Event)
        .where(
            Event.organization_id == organization.id,
            Event.name == ALERT,
            Event.created_at > utc_now() - LOOKED_BACK,
        )
        .order_by(Event.id.desc())
        .limit(MOST_ALERTS)
    ).all()
    over = events.raised(session, organization, [_key(alert) for alert in alerts])
    return [alert for alert in alerts if _key(alert) not in over]


def _ending(
    session: Session, organization: Organization, alert: Event, judged: Judged, last: date
) -> dict[str, Any] | None:
    """Return what the end of an anomaly says; None while it goes on, or where nobody can say."""
    row = _anomaly(session, organization, alert)
    if row is None:
        digest = alert.key.split(":")[1]
        return None if digest in judged.failed else {**alert.data, "is_withdrawn": True}
    has_failed = any(series_of(part).digest in judged.failed for part in rows_of(row))
    if has_failed or last - row.last_day < timedelta(days=QUIET_DAYS):
        return None
    return alert_data(row) | {"is_withdrawn": False}


def _anomaly(session: Session, organization: Organization, alert: Event) -> Anomaly | None:
    """Return the anomaly of an alert, or what took its place when its days were restated."""
    row = session.get(Anomaly, alert.subject_id)
    if row is not None:
        return row
    _, digest, day = alert.key.split(":")
    near = timedelta(days=1)
    first, last = date.fromisoformat(day) - near, date.fromisoformat(day) + near
    of_part = select(AnomalyPart.anomaly_id).where(
        AnomalyPart.organization_id == organization.id, AnomalyPart.series == digest
    )
    rows: Sequence[Anomaly] = session.scalars(
        select(Anomaly)
        .where(
            Anomaly.organization_id == organization.id,
            or_(Anomaly.series == digest, Anomaly.id.in_(of_part)),
            Anomaly.first_day <= last,
            Anomaly.last_day >= first,
        )
        .limit(1)
    ).all()
    return next(iter(rows), None)


def _key(alert: Event) -> str:
    return ENDED + alert.key.removeprefix(ALERT)
