"""Detection for an organization: run it, list what was kept, say what drove it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.anomalies.detect import Method, Settings, Severity
from costoptix.anomalies.drivers import Driver, drivers
from costoptix.anomalies.episodes import judge
from costoptix.anomalies.keeping import Fate, Found, fates, keep, kept_drivers, series_of
from costoptix.clock import utc_today
from costoptix.costs import report
from costoptix.costs.asking import asker
from costoptix.costs.breakdown import Ask
from costoptix.costs.live import read_live
from costoptix.costs.query import is_tag
from costoptix.costs.store import CostStore
from costoptix.errors import NotFound
from costoptix.models import Anomaly, DetectionRun, Organization
from costoptix.periods import FIRST_DAY, DateRange

AUTOMATIC = Settings(Method.ADAPTIVE)
"""How runs by themselves judge: the method that docs/accuracy.md finds to be most often right."""

AUTOMATIC_DAYS = 90
"""How far back runs by themselves judge."""

EXPLAINED_AT_ONCE = 20
"""For so many of the new anomalies, the largest, drivers are worked out in the run itself."""


@dataclass(frozen=True)
class Outcome:
    """What a run found, oldest first. ``days`` are the complete days that it judged."""

    settings: Settings
    days: DateRange | None
    series_count: int
    found: tuple[Found, ...]
    note: str


def detect(
    session: Session,
    organization: Organization,
    ask: Ask,
    days: DateRange,
    settings: Settings,
    *,
    tags: Iterable[str] = (),
    dry_run: bool = False,
) -> Outcome:
    """Judge the complete days of a range and, unless ``dry_run``, keep what is new.

    ``tags`` are the dimensions (``tag:<key>``) that drivers are looked for in, beside resources,
    SKUs and regions.
    """
    judged = judge(ask, days, settings)
    found = fates(session, organization, judged.episodes)
    if not dry_run:
        explained = _explained(ask, found, tags)
        found = keep(session, organization, judged, settings, explained)
    return Outcome(settings, judged.days, judged.series_count, found, judged.note)


def run(session: Session, organization: Organization, store: CostStore) -> Outcome | None:
    """Judge the newest days by the automatic method and keep what is new; None without data.

    The newest days end today, or with the last charge where the data lie in the past.
    """
    live = read_live(session, organization).deliveries
    if not live:
        return None
    last = min(utc_today(), max(delivery.last_day for delivery in live))
    first = max(FIRST_DAY, last - timedelta(days=AUTOMATIC_DAYS - 1))
    return detect(
        session,
        organization,
        asker(session, organization, store),
        DateRange(first, last),
        AUTOMATIC,
        tags=tag_dimensions(session, organization, store),
    )


def list_anomalies(
    session: Session,
    organization: Organization,
    *,
    status: str | None = None,
    severity: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Sequence[Anomaly]:
    """List the anomalies that were kept, newest first, the largest of a day first."""
    query = select(Anomaly).where(Anomaly.organization_id == organization.id)
    if status is not None:
        query = query.where(Anomaly.status == status)
    if severity is not None:
        query = query.where(Anomaly.severity == severity)
    if first_day is not None:
        query = query.where(Anomaly.last_day >= first_day)
    if last_day is not None:
        query = query.where(Anomaly.first_day <= last_day)
    rows = session.scalars(query).all()
    return sorted(rows, key=lambda row: (-row.first_day.toordinal(), -abs(row.impact), row.id))


def get(session: Session, organization: Organization, anomaly_id: str) -> Anomaly:
    """Return an anomaly of the organization.

    Raises:
        NotFound: there is none of that id, or it is another organization's.
    """
    anomaly = session.get(Anomaly, anomaly_id)
    if anomaly is None or anomaly.organization_id != organization.id:
        raise NotFound
    return anomaly


def last_run(session: Session, organization: Organization) -> DetectionRun | None:
    """Return what the last run looked at; None before the first."""
    return session.get(DetectionRun, organization.id)


def drivers_of(ask: Ask, anomaly: Anomaly, tags: Iterable[str]) -> list[Driver]:
    """Return what moved with an anomaly: as kept by its run, or worked out now."""
    known = kept_drivers(anomaly)
    if known is not None:
        return known
    days = DateRange(anomaly.first_day, anomaly.last_day)
    return drivers(ask, series_of(anomaly), days, anomaly.impact, tags)


def tag_dimensions(session: Session, organization: Organization, store: CostStore) -> list[str]:
    """List ``tag:<key>`` for the tag keys in the bills."""
    return [name for name in report.dimension_names(session, organization, store) if is_tag(name)]


def _explained(
    ask: Ask, found: Iterable[Found], tags: Iterable[str]
) -> dict[tuple[str, date], list[Driver]]:
    """Work out the drivers of the largest new episodes; before the write lock is taken."""
    new = [each.episode for each in found if each.fate is Fate.NEW]
    new = [episode for episode in new if episode.severity is not Severity.LOW]
    largest = sorted(new, key=lambda each: -abs(each.impact))[:EXPLAINED_AT_ONCE]
    keys = list(tags)
    return {each.key: drivers(ask, each.series, each.days, each.impact, keys) for each in largest}
