"""How a run's episodes are recorded as anomalies: kept, renewed, muted, taken back.

An anomaly that nobody has judged follows the data: its figures are renewed, and it goes when
restated bills no longer show it. One that a person has judged gets new figures only while its
episode lasts: by the days that were to come when it was judged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import events
from costoptix.anomalies.causes import members
from costoptix.anomalies.detect import Settings
from costoptix.anomalies.dispositions import Disposition, RunEpisode, counts, rows_of, series_of
from costoptix.anomalies.drivers import Driver
from costoptix.anomalies.episodes import Episode, Judged
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.figures.trends import Change
from costoptix.lake.live import hold_data_version
from costoptix.models import (
    Anomaly,
    AnomalyPart,
    AnomalyStatus,
    DetectionRun,
    Organization,
    Severity,
    new_id,
)
from costoptix.money import Amount, to_text
from costoptix.periods import DateRange

ALERT = "anomaly.detected"
RECENT_DAYS = 35
"""What ended before the organization's newest so many known days when it was found is history: a
month's bill, and some days for it. It is not told of, and no tier counts it."""

MOST_PARTS = 20
"""So many parts of an anomaly are written into its alert, the largest."""

AT_ONCE = 50
"""So many episodes are recorded in one transaction."""

_FIGURES = ("actual", "expected", "low", "high", "impact", "deviation_percent")


Hold = Callable[[], None]
"""Makes sure that a run may still keep something."""


def record(
    session: Session,
    organization: Organization,
    judged: Judged,
    results: Sequence[RunEpisode],
    settings: Settings,
    explained: Mapping[tuple[str, date], list[Driver]],
    hold: Hold | None = None,
) -> tuple[RunEpisode, ...]:
    """Record the episodes of a run, some in each transaction; return what became of each.

    Done again after it was broken off, it goes on: what is there already is known then. ``hold``
    is called first in each transaction, and may raise to keep nothing more. ``explained`` holds
    drivers by ``Episode.key``, for the episodes whose drivers are known.
    """
    ids = [result.anomaly.id if result.anomaly else None for result in results]
    recorded: list[RunEpisode] = []
    for start in range(0, len(results), AT_ONCE):
        with _recording(session, organization, hold):
            rows = _rows(session, organization, ids[start : start + AT_ONCE])
            for result, row_id in zip(results[start:][:AT_ONCE], ids[start:], strict=False):
                row = rows.get(row_id or "")
                if result.is_kept:
                    row = _namesake(session, organization, result.episode)
                recorded.append(
                    _recorded(session, organization, judged, result, row, settings, explained)
                )
    present = {result.anomaly.id for result in recorded if result.anomaly is not None}
    with _recording(session, organization, hold):
        _forget(session, organization, judged, settings, present)
        session.merge(_run(organization, judged, settings, recorded))
    return tuple(recorded)


@contextmanager
def _recording(session: Session, organization: Organization, hold: Hold | None) -> Iterator[None]:
    """Write while no other run of this organization does.

    On a server ``writing`` locks nothing by itself: two people who detect at once would each find
    an episode to be new, and keep it twice.
    """
    with writing(session):
        hold_data_version(session, organization.id)
        if hold is not None:
            hold()
        yield


def _rows(
    session: Session, organization: Organization, ids: Iterable[str | None]
) -> dict[str, Anomaly]:
    """Read anomalies as they are now; one that is gone since is left out."""
    known_ids = [row_id for row_id in ids if row_id is not None]
    mine = select(Anomaly).where(
        Anomaly.organization_id == organization.id, Anomaly.id.in_(known_ids)
    )
    return {row.id: row for row in session.scalars(mine)}


def _namesake(session: Session, organization: Organization, episode: Episode) -> Anomaly | None:
    """Return the anomaly that another run has kept of an episode meanwhile."""
    days, digests = episode.days, [part.series.digest for part in members(episode)]
    single = select(Anomaly.id).where(
        Anomaly.organization_id == organization.id, Anomaly.series.in_(digests),
        Anomaly.first_day <= days.last, Anomaly.last_day >= days.first,
    )  # fmt: skip
    part = select(AnomalyPart.anomaly_id).where(
        AnomalyPart.organization_id == organization.id, AnomalyPart.series.in_(digests),
        AnomalyPart.first_day <= days.last, AnomalyPart.last_day >= days.first,
    )  # fmt: skip
    row_id = session.scalar(single.limit(1)) or session.scalar(part.limit(1))
    return None if row_id is None else session.get(Anomaly, row_id)


def _recorded(
    session: Session,
    organization: Organization,
    judged: Judged,
    result: RunEpisode,
    row: Anomaly | None,
    settings: Settings,
    explained: Mapping[tuple[str, date], list[Driver]],
) -> RunEpisode:
    episode = result.episode
    if row is None:
        if not result.is_kept:
            return replace(result, anomaly=None)
        row = _anomaly(organization, result, settings, explained)
        session.add(row)
        _set_parts(session, row, episode)
        _alert(session, organization, row, judged.floors)
        return replace(result, anomaly=row)
    if result.is_kept:  # another run has kept it meanwhile
        result = replace(result, disposition=Disposition.KNOWN)
    if result.disposition is Disposition.KNOWN:
        if _has_failed(row, judged):
            return replace(result, anomaly=row)  # of its parts, not all could be judged
        if follows(row, settings):
            _renew(session, row, episode)
            _alert(session, organization, row, judged.floors)  # it may matter more by now
        elif _lasts(row, episode, settings):
            _renew(session, row, episode)
    return replace(result, anomaly=row)


def _has_failed(row: Anomaly, judged: Judged) -> bool:
    return any(series_of(part).digest in judged.failed for part in rows_of(row))


def _set_parts(session: Session, row: Anomaly, episode: Episode) -> None:
    """Give an anomaly the parts of an episode; those of before go first, by the unique key."""
    if row.parts:
        row.parts.clear()
        session.flush()
    row.parts = [
        AnomalyPart(
            organization_id=row.organization_id,
            position=number,
            series=part.series.digest,
            first_day=part.days.first,
            last_day=part.days.last,
            **asdict(part.series),
            **{name: getattr(part, name) for name in _FIGURES},
        )
        for number, part in enumerate(episode.parts)
    ]


def _anomaly(
    organization: Organization,
    result: RunEpisode,
    settings: Settings,
    explained: Mapping[tuple[str, date], list[Driver]],
) -> Anomaly:
    episode, is_history = result.episode, result.disposition is Disposition.HISTORY
    series, computed = episode.series, explained.get(episode.key)
    return Anomaly(
        id=new_id(),
        organization_id=organization.id,
        series=series.digest,
        provider_name=series.provider_name,
        service_name=series.service_name,
        sub_account_id=series.sub_account_id,
        currency=series.currency,
        first_day=episode.days.first,
        last_day=episode.days.last,
        method=settings.method.value,
        lookback_days=settings.lookback_days,
        threshold=_threshold(settings),
        status=AnomalyStatus.HISTORY if is_history else AnomalyStatus.NEW,
        drivers=None if computed is None else [_write_driver(driver) for driver in computed],
        **_figures(episode),
    )


def _figures(episode: Episode) -> dict[str, Any]:
    amounts = {name: getattr(episode, name) for name in _FIGURES}
    return amounts | {"severity": episode.severity}


def _threshold(settings: Settings) -> Decimal:
    return Decimal(str(settings.limit))


def follows(anomaly: Anomaly, settings: Settings) -> bool:
    """Tell whether nobody has judged an anomaly yet, and runs with these settings found it."""
    return anomaly.judged_at is None and _is_of(anomaly, settings)


def _is_of(anomaly: Anomaly, settings: Settings) -> bool:
    found_by = (anomaly.method, anomaly.lookback_days, anomaly.threshold)
    return found_by == (settings.method.value, settings.lookback_days, _threshold(settings))


def _lasts(anomaly: Anomaly, episode: Episode, settings: Settings) -> bool:
    """Tell whether an episode that a person has judged has gone on since."""
    has_gone_on = anomaly.first_day == episode.days.first and episode.days.last > anomaly.last_day
    return has_gone_on and _is_of(anomaly, settings)


def _renew(session: Session, anomaly: Anomaly, episode: Episode) -> None:
    """Give an anomaly the figures of now; what drove the old ones is to be worked out anew."""
    days = episode.days
    values = _figures(episode) | {"first_day": days.first, "last_day": days.last}
    if episode.series.digest != series_of(anomaly).digest:
        values |= {"series": episode.series.digest, **asdict(episode.series)}
    before = [(part.series, part.first_day, part.last_day, part.impact) for part in anomaly.parts]
    after = [(p.series.digest, p.days.first, p.days.last, p.impact) for p in episode.parts]
    if before == after and all(getattr(anomaly, name) == value for name, value in values.items()):
        return
    for name, value in values.items():
        setattr(anomaly, name, value)
    _set_parts(session, anomaly, episode)
    anomaly.drivers = None


def _forget(
    session: Session,
    organization: Organization,
    judged: Judged,
    settings: Settings,
    present: Collection[str],
) -> None:
    """Take back what nobody has judged and the data no longer show."""
    if judged.days is None:
        return
    rows = session.scalars(
        select(Anomaly).where(
            Anomaly.organization_id == organization.id,
            Anomaly.first_day >= judged.days.first,
            Anomaly.first_day <= judged.days.last,
        )
    )
    for row in rows.all():
        is_gone = row.id not in present and not _has_failed(row, judged)
        if is_gone and follows(row, settings):
            session.delete(row)


def _alert(
    session: Session, organization: Organization, anomaly: Anomaly, floors: Mapping[str, Amount]
) -> None:
    """Raise the one event of a new anomaly, unless it matters little or is long past.

    Restated bills may move an episode's first day: one that was reported by one of its days, or
    by a day next to them, is not reported again.
    """
    if anomaly.severity == Severity.LOW or not counts(anomaly, floors):
        return
    one = timedelta(days=1)
    rows: list[Anomaly | AnomalyPart] = [anomaly, *anomaly.parts]
    keys = {
        _alert_key(part.series, day)
        for part in rows
        for day in DateRange(part.first_day - one, part.last_day + one)
    }
    if events.raised(session, organization, keys):
        return
    events.raise_once(
        session,
        organization,
        ALERT,
        key=_alert_key(anomaly.series, anomaly.first_day),
        subject_id=anomaly.id,
        data=alert_data(anomaly),
    )


def alert_data(anomaly: Anomaly) -> dict[str, Any]:
    """Write what channels are told of an anomaly, with its largest parts and what drove it."""
    percent = anomaly.deviation_percent
    return {
        "anomaly_id": anomaly.id,
        "date": anomaly.first_day.isoformat(),
        "end_date": anomaly.last_day.isoformat(),
        "provider_name": anomaly.provider_name,
        "service_name": anomaly.service_name,
        "account": series_of(anomaly).account,
        "currency": anomaly.currency,
        "actual": to_text(anomaly.actual),
        "expected": to_text(anomaly.expected),
        "impact": to_text(anomaly.impact),
        "deviation_percent": None if percent is None else to_text(percent),
        "severity": anomaly.severity,
        "parts": [
            {"account": series_of(part).account, "service_name": part.service_name}
            for part in anomaly.parts[:MOST_PARTS]
        ],
        "drivers": [
            {name: driver[name] for name in ("dimension", "value", "words")}
            for driver in anomaly.drivers or ()
            if not driver["is_rest"]
        ],
    }


def _alert_key(digest: str, day: date) -> str:
    return f"{ALERT}:{digest}:{day}"


def _run(
    organization: Organization, judged: Judged, settings: Settings, kept: Iterable[RunEpisode]
) -> DetectionRun:
    results = tuple(kept)
    return DetectionRun(
        organization_id=organization.id,
        finished_at=utc_now(),
        method=settings.method.value,
        complete_through=judged.days.last if judged.days else None,
        series_count=judged.series_count,
        further=[
            _write_further(result.episode)
            for result in results
            if result.disposition is Disposition.NOT_KEPT
        ],
        below_floor=sum(result.disposition is Disposition.BELOW_FLOOR for result in results),
        daily_costs={currency: to_text(cost) for currency, cost in judged.daily_costs.items()},
        note=judged.note,
    )


def _write_further(episode: Episode) -> dict[str, str | None]:
    """Write what a page shows of an episode that the tier does not let us keep."""
    return {
        "date": episode.days.first.isoformat(),
        "provider_name": episode.series.provider_name,
        "service_name": episode.series.service_name,
        "account": episode.series.account,
        "currency": episode.series.currency,
        "actual": to_text(episode.actual),
        "expected": to_text(episode.expected),
        "impact": to_text(episode.impact),
        "severity": episode.severity.value,
    }


def _write_driver(driver: Driver) -> dict[str, str | bool | None]:
    return {
        "dimension": driver.dimension,
        "value": driver.value,
        "before": to_text(driver.change.before),
        "now": to_text(driver.change.now),
        "is_rest": driver.is_rest,
        "words": driver.words,
    }


def kept_drivers(anomaly: Anomaly) -> list[Driver] | None:
    """Return the drivers that a run has kept; None where they are worked out on demand."""
    if anomaly.drivers is None:
        return None
    return [
        Driver(
            kept["dimension"],
            kept["value"],
            Change(Decimal(kept["before"]), Decimal(kept["now"])),
            kept["is_rest"],
            kept["words"],
        )
        for kept in anomaly.drivers
    ]
