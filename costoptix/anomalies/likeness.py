"""The like of an anomaly: what came before it, and what calling it expected mutes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from costoptix.anomalies.dispositions import LIKENESS, is_alike, rows_of, series_of
from costoptix.anomalies.episodes import Series
from costoptix.anomalies.listing import AnomalyFilters, FloorChoice, list_anomalies
from costoptix.models import Anomaly, AnomalyStatus, Organization
from costoptix.money import EXACT, Amount
from costoptix.periods import FIRST_DAY

REMEMBERED = 200
"""How many earlier anomalies are looked at, the newest."""


@dataclass(frozen=True)
class MutedPattern:
    """What calling an anomaly expected mutes: this series' deviations to that side, up to so much.

    Of several parts there is one for each, and one for all of them together.
    """

    series: tuple[Series, ...]
    goes_up: bool
    up_to: Amount  # of the impact, whatever its sign


@dataclass(frozen=True)
class Likeness:
    """The earlier anomalies of the same services and accounts, the newest first.

    ``muted`` are the ids of those that would have been muted, had this one been expected.
    """

    earlier: Sequence[Anomaly]
    muted: frozenset[str]
    patterns: tuple[MutedPattern, ...]


def likeness(session: Session, organization: Organization, anomaly: Anomaly) -> Likeness:
    """Return what came before an anomaly, and what calling it expected mutes."""
    earlier = _earlier(session, organization, anomaly)
    muted = frozenset(row.id for row in earlier if would_mute(anomaly, row))
    return Likeness(earlier, muted, tuple(_patterns(anomaly)))


def _earlier(session: Session, organization: Organization, anomaly: Anomaly) -> Sequence[Anomaly]:
    if anomaly.first_day == FIRST_DAY:
        return []
    series = [series_of(row) for row in rows_of(anomaly)]
    filters = AnomalyFilters(
        statuses=tuple(AnomalyStatus),
        accounts=tuple({one.account for one in series}),
        service_names=tuple({one.service_name for one in series}),
        currencies=(anomaly.currency,),
        last_day=anomaly.first_day - timedelta(days=1),
        floor=FloorChoice.ANY,
    )
    return list_anomalies(session, organization, filters, "-date", limit=REMEMBERED)


def would_mute(anomaly: Anomaly, other: Anomaly) -> bool:
    """Tell whether an episode like ``other`` is muted where ``anomaly`` is expected."""
    parts = {series_of(row): row for row in rows_of(anomaly)}
    part = parts.get(series_of(other))
    if part is None:
        return False
    return is_alike(anomaly if other.parts else part, other.impact)


def _patterns(anomaly: Anomaly) -> Iterable[MutedPattern]:
    rows = rows_of(anomaly)
    patterns = [
        MutedPattern((series_of(row),), row.impact > 0, EXACT.multiply(abs(row.impact), LIKENESS))
        for row in rows
    ]
    if len(patterns) == 1:
        return patterns
    whole = replace(
        patterns[0],
        series=tuple(series_of(row) for row in rows),
        goes_up=anomaly.impact > 0,
        up_to=EXACT.multiply(abs(anomaly.impact), LIKENESS),
    )
    return [whole, *patterns]
