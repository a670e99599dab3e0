"""How a run's episodes are recorded as anomalies: kept, renewed, muted, taken back.

An anomaly that nobody has judged follows the data: its figures are renewed, and it goes when
restated bills no longer show it. One that a person has judged gets new figures only while its
episode lasts: by the days that were to come when it was judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import events
from costoptix.access.tiers import tier_of
from costoptix.anomalies.detect import Settings
from costoptix.anomalies.drivers import Driver
from costoptix.anomalies.episodes import Episode, Judged, Series
from costoptix.anomalies.floors import is_below
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.figures.trends import Change
from costoptix.models import Anomaly, AnomalyStatus, DetectionRun, Organization, Severity, new_id
from costoptix.money import EXACT, Amount, to_text
from costoptix.periods import DateRange, month_start

ALERT = "anomaly.detected"
RECENT_DAYS = 35
"""What ended before the organization's newest so many known days when it was found is history: a
month's bill, and some days for it. It is not told of, and no tier counts it."""

LIKENESS = Decimal("1.5")
"""What is expected mutes episodes of up to so many times its impact."""

_FIGURES = ("actual", "expected", "low", "high", "impact", "deviation_percent")


Hold = Callable[[], None]
"""Makes sure that a run may still keep something."""


class Disposition(StrEnum):
    """What a run does with an episode."""

    NEW = "new"  # it is kept
    HISTORY = "history"  # it is kept as long past, beside the others
    KNOWN = "known"  # there is an anomaly for it
    MUTED = "muted"  # such episodes are expected
    BELOW_FLOOR = "below_floor"  # it is worth too little
    NOT_KEPT = "not_kept"  # the tier keeps no more anomalies of that month


@dataclass(frozen=True)
class RunEpisode:
    """An episode of a run, what the run does with it, and its anomaly, if it has one."""

    episode: Episode
    disposition: Disposition
    anomaly: Anomaly | None

    @property
    def is_kept(self) -> bool:
        """Tell whether the run makes an anomaly of it."""
        return self.disposition in (Disposition.NEW, Disposition.HISTORY)


def dispositions(
    session: Session, organization: Organization, judged: Judged
) -> tuple[RunEpisode, ...]:
    """Return what a run does with each episode; the largest of a month are kept first."""
    mine = select(Anomaly).where(Anomaly.organization_id == organization.id)
    rows = session.scalars(mine.order_by(Anomaly.first_day)).all()
    by_series: dict[str, list[Anomaly]] = {}
    for row in rows:  # of one that was kept under another spelling, ``series`` is another digest
        by_series.setdefault(series_of(row).digest, []).append(row)
    cap = tier_of(organization.tier).anomalies_per_month
    kept = Counter(month_start(row.first_day) for row in rows if _counts(row, judged.floors))
    decided: dict[tuple[str, date], RunEpisode] = {}
    for episode in sorted(judged.episodes, key=lambda episode: -abs(episode.impact)):
        of_series = by_series.get(episode.series.digest, [])
        existing = next((row for row in of_series if _overlaps(row, episode)), None)
        month = month_start(episode.days.first)
        if existing is not None:
            disposition = Disposition.KNOWN
        elif any(_is_like(row, episode) for row in of_series):
            disposition = Disposition.MUTED
        elif is_below(judged.floors, episode.series.currency, episode.impact):
            disposition = Disposition.BELOW_FLOOR
        elif episode.days.last < judged.recent_since:
            disposition = Disposition.HISTORY
        elif cap is not None and kept[month] >= cap:
            disposition = Disposition.NOT_KEPT
        else:
            disposition = Disposition.NEW
            kept[month] += 1
        decided[episode.key] = RunEpisode(episode, disposition, existing)
    return tuple(decided[episode.key] for episode in judged.episodes)


def _counts(row: Anomaly, floors: Mapping[str, Amount]) -> bool:
    """Tell whether an anomaly counts against what a tier keeps of a month."""
    is_history = row.status is AnomalyStatus.HISTORY
    return not is_history and not is_below(floors, row.currency, row.impact)


def _overlaps(row: Anomaly, episode: Episode) -> bool:
    return row.first_day <= episode.days.last and episode.days.first <= row.last_day


def _is_like(row: Anomaly, episode: Episode) -> bool:
    """Tell whether an anomaly that people expect mutes an episode of the same series."""
    return (
        row.is_expected
        and (row.impact > 0) == (episode.impact > 0)
        and abs(episode.impact) <= EXACT.multiply(abs(row.impact), LIKENESS)
    )


def record(
    session: Session,
    organization: Organization,
    judged: Judged,
    settings: Settings,
    explained: Mapping[tuple[str, date], list[Driver]],
    hold: Hold | None = None,
) -> tuple[RunEpisode, ...]:
    """Record the episodes of a run; all of them or none.

    ``hold`` is called first in the transaction, and may raise to keep nothing.

    ``explained`` holds drivers by ``Episode.key``, for the episodes whose drivers are known.
    """
    with writing(session):
        if hold is not None:
            hold()
        kept = []
        for result in dispositions(session, organization, judged):
            anomaly = result.anomaly
            if result.is_kept:
                anomaly = _anomaly(organization, result, settings, explained)
                session.add(anomaly)
                _alert(session, organization, anomaly, judged.floors)
            elif anomaly is not None and _follows(anomaly, settings):
                _renew(anomaly, result.episode)
                _alert(session, organization, anomaly, judged.floors)  # it may matter more by now
            elif anomaly is not None and _lasts(anomaly, result.episode, settings):
                _renew(anomaly, result.episode)
            kept.append(RunEpisode(result.episode, result.disposition, anomaly))
        _forget(session, organization, judged, settings, kept)
        session.merge(_run(organization, judged, settings, kept))
        return tuple(kept)


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


def _follows(anomaly: Anomaly, settings: Settings) -> bool:
    """Tell whether nobody has judged an anomaly yet, and runs with these settings found it."""
    return anomaly.judged_at is None and _is_of(anomaly, settings)


def _is_of(anomaly: Anomaly, settings: Settings) -> bool:
    found_by = (anomaly.method, anomaly.lookback_days, anomaly.threshold)
    return found_by == (settings.method.value, settings.lookback_days, _threshold(settings))


def _lasts(anomaly: Anomaly, episode: Episode, settings: Settings) -> bool:
    """Tell whether an episode that a person has judged has gone on since."""
    has_gone_on = anomaly.first_day == episode.days.first and episode.days.last > anomaly.last_day
    return has_gone_on and _is_of(anomaly, settings)


def _renew(anomaly: Anomaly, episode: Episode) -> None:
    """Give an anomaly the figures of now; what drove the old ones is to be worked out anew."""
    days = episode.days
    values = _figures(episode) | {"first_day": days.first, "last_day": days.last}
    if all(getattr(anomaly, name) == value for name, value in values.items()):
        return
    for name, value in values.items():
        setattr(anomaly, name, value)
    anomaly.drivers = None


def _forget(
    session: Session,
    organization: Organization,
    judged: Judged,
    settings: Settings,
    kept: Iterable[RunEpisode],
) -> None:
    """Take back what nobody has judged and the data no longer show."""
    if judged.days is None:
        return
    session.flush()
    present = {result.anomaly.id for result in kept if result.anomaly is not None}
    rows = session.scalars(
        select(Anomaly).where(
            Anomaly.organization_id == organization.id,
            Anomaly.first_day >= judged.days.first,
            Anomaly.first_day <= judged.days.last,
        )
    )
    for row in rows.all():
        is_gone = row.id not in present and series_of(row).digest not in judged.failed
        if is_gone and _follows(row, settings):
            session.delete(row)


def _alert(
    session: Session, organization: Organization, anomaly: Anomaly, floors: Mapping[str, Amount]
) -> None:
    """Raise the one event of a new anomaly, unless it matters little or is long past.

    Restated bills may move an episode's first day: one that was reported by one of its days, or
    by a day next to them, is not reported again.
    """
    if anomaly.severity == Severity.LOW or not _counts(anomaly, floors):
        return
    one = timedelta(days=1)
    about = DateRange(anomaly.first_day - one, anomaly.last_day + one)
    if events.is_known(session, organization, [_alert_key(anomaly, day) for day in about]):
        return
    events.raise_once(
        session,
        organization,
        ALERT,
        key=_alert_key(anomaly, anomaly.first_day),
        subject_id=anomaly.id,
        data={
            "anomaly_id": anomaly.id,
            "date": anomaly.first_day.isoformat(),
            "provider_name": anomaly.provider_name,
            "service_name": anomaly.service_name,
            "account": series_of(anomaly).account,
            "currency": anomaly.currency,
            "actual": to_text(anomaly.actual),
            "expected": to_text(anomaly.expected),
            "impact": to_text(anomaly.impact),
            "deviation_percent": None
            if anomaly.deviation_percent is None
            else to_text(anomaly.deviation_percent),
            "severity": anomaly.severity,
        },
    )


def _alert_key(anomaly: Anomaly, day: date) -> str:
    return f"{ALERT}:{anomaly.series}:{day}"


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


def _write_driver(driver: Driver) -> dict[str, str | None]:
    return {
        "dimension": driver.dimension,
        "value": driver.value,
        "before": to_text(driver.change.before),
        "now": to_text(driver.change.now),
    }


def series_of(anomaly: Anomaly) -> Series:
    """Return what an anomaly is about."""
    return Series.spelled(
        anomaly.provider_name, anomaly.service_name, anomaly.sub_account_id, anomaly.currency
    )


def kept_drivers(anomaly: Anomaly) -> list[Driver] | None:
    """Return the drivers that a run has kept; None where they are worked out on demand."""
    if anomaly.drivers is None:
        return None
    return [
        Driver(
            kept["dimension"],
            kept["value"],
            Change(Decimal(kept["before"]), Decimal(kept["now"])),
        )
        for kept in anomaly.drivers
    ]
