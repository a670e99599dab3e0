"""Detection for an organization: run it, find what was recorded, work out its drivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from pydantic import Field
from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.ownership import get_own
from costoptix.access.permissions import Caller, Permission, require
from costoptix.anomalies import floors
from costoptix.anomalies.causes import Subject, by_cause, members
from costoptix.anomalies.detect import DEFAULT_LOOKBACK, Method, Settings
from costoptix.anomalies.dispositions import (
    Disposition,
    RunEpisode,
    dispositions,
    rows_of,
    series_of,
)
from costoptix.anomalies.drivers import Driver, drivers, portions
from costoptix.anomalies.endings import tell_endings
from costoptix.anomalies.episodes import Judged, judge, with_history
from costoptix.anomalies.expectation import ExpectedDay, expected_days
from costoptix.anomalies.recording import RECENT_DAYS, Hold, follows, kept_drivers, record
from costoptix.clock import utc_today
from costoptix.costs import report
from costoptix.costs.answers import CostStore, DailySeries
from costoptix.costs.asking import Ask, asker
from costoptix.costs.query import CostQuery, is_tag
from costoptix.database import writing
from costoptix.drafts import Draft
from costoptix.errors import Conflict
from costoptix.failures import NOT_COMPUTED, reason
from costoptix.lake.live import complete_days, read_live
from costoptix.models import Anomaly, Organization, Severity
from costoptix.periods import FIRST_DAY, DateRange, parse_day

AUTOMATIC = Settings(Method.ADAPTIVE)
"""How runs by themselves judge: the method that docs/accuracy.md finds to be most often right."""

AUTOMATIC_DAYS = 90
"""How far back runs by themselves judge."""

KEPT_AT_ONCE = 20
"""A run on demand that would keep more anomalies says so first."""

EXPLAINED_AT_ONCE = 20
"""For so many of the new anomalies, the largest, drivers are worked out in the run itself."""


class DetectionDraft(Draft):
    """How to detect on demand; without days over the newest ``AUTOMATIC_DAYS``."""

    method: Method = AUTOMATIC.method
    lookback_days: int = DEFAULT_LOOKBACK
    threshold: float | None = Field(default=None, allow_inf_nan=False)
    start_date: str | None = Field(default=None, description="First day, inclusive, YYYY-MM-DD.")
    end_date: str | None = Field(default=None, description="Last day, inclusive, YYYY-MM-DD.")
    dry_run: bool = Field(
        default=True,
        description="Show what would be found, and keep nothing; false keeps what is new.",
    )
    keep: bool = Field(
        default=False,
        description=f"Keep also more than {KEPT_AT_ONCE} anomalies: without it such a run is "
        "refused, and says how many they are.",
    )


@dataclass(frozen=True)
class Outcome:
    """What a run found, oldest first. ``days`` are the complete days that it judged."""

    settings: Settings
    days: DateRange | None
    series_count: int
    episodes: tuple[RunEpisode, ...]
    note: str
    below_floor: int  # how many more there are, worth too little


def detect(
    session: Session,
    organization: Organization,
    days: DateRange,
    settings: Settings,
    store: CostStore,
    hold: Hold | None = None,
    *,
    dry_run: bool = False,
    most: int | None = None,
) -> Outcome:
    """Judge the complete days of a range and, unless ``dry_run``, keep what is new.

    ``hold`` is called in the transaction that keeps it, and may raise to keep nothing.

    Raises:
        Conflict: it would keep more than ``most`` anomalies.
    """
    ask = asker(session, organization, store)
    complete = complete_days(session, organization, with_history(days))
    read_series = partial(_read_series, session, organization, store)
    judged = judge(complete, read_series, days, settings)
    judged = _with_choices(session, organization, judged)
    judged = replace(judged, episodes=tuple(by_cause(judged.episodes)))
    results = dispositions(session, organization, judged, partial(follows, settings=settings))
    if not dry_run:
        _require_few(results, most)
        tags = tag_dimensions(session, organization, store)
        explained = _explained(ask, results, tags)
        results = record(session, organization, judged, results, settings, explained, hold)
        tell_endings(session, organization, judged, hold)
    worthy = tuple(one for one in results if one.disposition is not Disposition.BELOW_FLOOR)
    below_floor = len(results) - len(worthy)
    return Outcome(settings, judged.days, judged.series_count, worthy, judged.note, below_floor)


def detect_on_demand(
    session: Session,
    organization: Organization,
    caller: Caller,
    draft: DetectionDraft,
    store: CostStore,
) -> Outcome:
    """Detect as somebody asks for it.

    Raises:
        Conflict: it would keep more than ``KEPT_AT_ONCE`` anomalies, which needs ``keep``.
        Forbidden: the caller may only read, and it is no dry run.
        Invalid: the look-back, the threshold or the days are wrong.
    """
    require(caller, Permission.READ if draft.dry_run else Permission.WRITE)
    settings = Settings(draft.method, draft.lookback_days, draft.threshold)
    newest = newest_days(session, organization)
    last = newest.last if draft.end_date is None else parse_day(draft.end_date, "end_date")
    first = max(FIRST_DAY, last - timedelta(days=AUTOMATIC_DAYS - 1))
    if draft.start_date is not None:
        first = parse_day(draft.start_date, "start_date")
    outcome = detect(
        session, organization, DateRange.asked(first, last), settings, store,
        dry_run=draft.dry_run, most=None if draft.keep else KEPT_AT_ONCE,
    )  # fmt: skip
    if not draft.dry_run:
        with writing(session):
            audit.record(
                session, caller, "anomalies.detected", subject=f"{first} to {last}",
                after=draft.model_dump(mode="json", exclude_defaults=True),
            )  # fmt: skip
    return outcome


def run(
    session: Session, organization: Organization, store: CostStore, hold: Hold | None = None
) -> Outcome:
    """Judge the newest days by the automatic method and keep what is new, as ``detect`` does."""
    days = newest_days(session, organization)
    return detect(session, organization, days, AUTOMATIC, store, hold)


def newest_days(session: Session, organization: Organization) -> DateRange:
    """Return the ``AUTOMATIC_DAYS`` to today, or to the last charge where that is earlier."""
    live = read_live(session, organization).deliveries
    today = utc_today()
    last = min(today, max((delivery.last_day for delivery in live), default=today))
    return DateRange(max(FIRST_DAY, last - timedelta(days=AUTOMATIC_DAYS - 1)), last)


def _with_choices(session: Session, organization: Organization, judged: Judged) -> Judged:
    """Add since when episodes are news, and what they must be worth.

    Usual costs are those of the newest days: a run over the past leaves them as they are.
    """
    daily_costs = floors.daily_costs(session, organization)
    known_days = complete_days(session, organization, newest_days(session, organization))
    if known_days is None or judged.days is None:
        return replace(judged, daily_costs=daily_costs)
    if judged.days.last == known_days.last or not daily_costs:
        daily_costs = dict(judged.daily_costs)
    return replace(
        judged,
        daily_costs=daily_costs,
        floors=floors.in_force(organization, daily_costs),
        recent_since=max(FIRST_DAY, known_days.last - timedelta(days=RECENT_DAYS - 1)),
    )


def _require_few(results: Iterable[RunEpisode], most: int | None) -> None:
    kept = sum(result.is_kept for result in results)
    if most is not None and kept > most:
        raise Conflict(
            f"This would keep {kept} anomalies; to keep more than {most} at once, say so with "
            "keep=true, or choose fewer days or a higher threshold."
        )


def get(session: Session, organization: Organization, anomaly_id: str) -> Anomaly:
    """Return an anomaly of the organization.

    Raises:
        NotFound: there is none of that id, or it is another organization's.
    """
    return get_own(session, Anomaly, organization, anomaly_id)


def subject_of_anomaly(anomaly: Anomaly) -> Subject:
    """Return what an anomaly is of."""
    return Subject(tuple(series_of(part) for part in anomaly.parts) or (series_of(anomaly),))


def drivers_of(
    session: Session, organization: Organization, anomaly: Anomaly, store: CostStore
) -> list[Driver]:
    """Return what moved with an anomaly: as kept by its run, or worked out now."""
    kept = kept_drivers(anomaly)
    if kept is not None:
        return kept
    ask, tags = asker(session, organization, store), tag_dimensions(session, organization, store)
    parts = (
        (series_of(row), DateRange(row.first_day, row.last_day), row.actual, row.expected)
        for row in rows_of(anomaly)
    )
    return drivers(ask, portions(parts), tags)


def drivers_or_error(
    session: Session, organization: Organization, anomaly: Anomaly, store: CostStore
) -> tuple[list[Driver] | None, str | None]:
    """Return what ``drivers_of`` does, or None and why it cannot be computed."""
    try:
        return drivers_of(session, organization, anomaly, store), None
    except Exception as error:
        return None, NOT_COMPUTED + reason(error, f"the drivers of anomaly {anomaly.id}")


def days_of(
    session: Session, organization: Organization, anomaly: Anomaly, store: CostStore
) -> list[ExpectedDay]:
    """Return what an anomaly cost, and what was to be expected, day by day with those around."""
    settings = Settings(Method(anomaly.method), anomaly.lookback_days, float(anomaly.threshold))
    newest = newest_days(session, organization)
    last_judged = newest.last if anomaly.first_day in newest else anomaly.last_day
    days = DateRange(anomaly.first_day, anomaly.last_day)
    subject = subject_of_anomaly(anomaly)
    return expected_days(session, organization, subject, days, last_judged, settings, store)


def tag_dimensions(session: Session, organization: Organization, store: CostStore) -> list[str]:
    """List ``tag:<key>`` for the tag keys in the bills."""
    return [name for name in report.dimension_names(session, organization, store) if is_tag(name)]


def _read_series(
    session: Session, organization: Organization, store: CostStore, query: CostQuery, metric: str
) -> Iterator[DailySeries]:
    return report.daily_series(session, organization, query, metric, store)


def _explained(
    ask: Ask, results: Iterable[RunEpisode], tags: Iterable[str]
) -> dict[tuple[str, date], list[Driver]]:
    """Work out the drivers of the largest new episodes; before the write lock is taken."""
    new = [result.episode for result in results if result.disposition is Disposition.NEW]
    new = [episode for episode in new if episode.severity is not Severity.LOW]
    largest = sorted(new, key=lambda result: -abs(result.impact))[:EXPLAINED_AT_ONCE]
    keys = list(tags)
    explained = {}
    for episode in largest:
        try:
            parts = ((e.series, e.days, e.actual, e.expected) for e in members(episode))
            explained[episode.key] = drivers(ask, portions(parts), keys)
        except Exception as error:  # it is kept without: they are worked out when asked for
            reason(error, f"the drivers of {episode.key}")
    return explained
