"""What a run of detection does with each episode: keep it, renew an anomaly, mute it, or none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from costoptix.access.tiers import tier_of
from costoptix.anomalies.causes import members, merged
from costoptix.anomalies.episodes import Episode, Judged, Series
from costoptix.anomalies.floors import is_below
from costoptix.models import Anomaly, AnomalyPart, AnomalyStatus, Organization
from costoptix.money import EXACT, Amount
from costoptix.periods import month_start

LIKENESS = Decimal("1.5")
"""What is expected mutes episodes of up to so many times its impact."""

Follows = Callable[[Anomaly], bool]
"""Tells whether an anomaly follows the data as this run sees them."""


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


def series_of(row: Anomaly | AnomalyPart) -> Series:
    """Return what an anomaly is about, of several parts the largest; or what a part is of."""
    return Series.spelled(row.provider_name, row.service_name, row.sub_account_id, row.currency)


def rows_of(row: Anomaly) -> Sequence[Anomaly | AnomalyPart]:
    """Return the rows that hold the single series of an anomaly."""
    return row.parts or [row]


def counts(row: Anomaly, floors: Mapping[str, Amount]) -> bool:
    """Tell whether an anomaly counts against what a tier keeps of a month."""
    is_history = row.status is AnomalyStatus.HISTORY
    return not is_history and not is_below(floors, row.currency, row.impact)


def dispositions(
    session: Session, organization: Organization, judged: Judged, follows: Follows
) -> tuple[RunEpisode, ...]:
    """Return what a run does with each episode, oldest first; of a month the largest are kept."""
    mine = select(Anomaly).where(Anomaly.organization_id == organization.id)
    rows = session.scalars(
        mine.order_by(Anomaly.first_day).options(selectinload(Anomaly.parts))
    ).all()
    kept_ones = _KeptAnomalies(rows, follows)
    cap = tier_of(organization.tier).anomalies_per_month
    kept = Counter(month_start(row.first_day) for row in rows if counts(row, judged.floors))
    results = []
    for whole in sorted(judged.episodes, key=lambda episode: -abs(episode.impact)):
        for episode, known_as, row in kept_ones.split(whole):
            month = month_start(episode.days.first)
            disposition = known_as or _of_unknown(episode, judged)
            if disposition is Disposition.NEW and cap is not None and kept[month] >= cap:
                disposition = Disposition.NOT_KEPT
            kept[month] += disposition is Disposition.NEW
            results.append(RunEpisode(episode, disposition, row))
    results.sort(key=lambda r: (r.episode.days.first, -abs(r.episode.impact), r.episode.key))
    return tuple(results)


def _of_unknown(episode: Episode, judged: Judged) -> Disposition:
    if is_below(judged.floors, episode.series.currency, episode.impact):
        return Disposition.BELOW_FLOOR
    if episode.days.last < judged.recent_since:
        return Disposition.HISTORY
    return Disposition.NEW


class _KeptAnomalies:
    """The anomalies of before, by the series of their parts."""

    def __init__(self, rows: Iterable[Anomaly], follows: Follows) -> None:
        self._follows = follows
        self._renewed: set[str] = set()
        # Of one that was kept under another spelling, ``series`` is another digest.
        self._by_series: dict[str, list[tuple[Anomaly, Anomaly | AnomalyPart]]] = defaultdict(list)
        for row in rows:
            for part in rows_of(row):
                self._by_series[series_of(part).digest].append((row, part))

    def split(self, whole: Episode) -> Iterator[tuple[Episode, Disposition | None, Anomaly | None]]:
        """Yield what is known of an episode, what is expected, and the rest (None).

        What was kept apart stays apart, so that no anomaly of before is lost. A part that is new
        joins the anomaly of the others unless somebody has judged that.
        """
        if self._is_expected(whole):
            yield whole, Disposition.MUTED, None
            return
        by_row: dict[str, list[Episode]] = defaultdict(list)
        rows: dict[str, Anomaly] = {}
        rest: list[Episode] = []
        for member in members(whole):
            row = self._row(member)
            if row is not None:
                rows[row.id] = row
                by_row[row.id].append(member)
            elif whole.parts and self._is_expected(member):
                yield member, Disposition.MUTED, None
            else:
                rest.append(member)
        for row_id, parts in by_row.items():
            row = rows[row_id]
            if self._follows(row):
                self._renewed.add(row_id)
                yield merged([*parts, *rest]), Disposition.KNOWN, row
                rest = []
            else:
                yield merged(parts), Disposition.KNOWN, row
        if rest:
            yield merged(rest), None, None

    def _row(self, member: Episode) -> Anomaly | None:
        """Return the anomaly that has an episode; one that was renewed to others has it no more."""
        of_series = self._by_series.get(member.series.digest, [])
        return next(
            (
                row
                for row, part in of_series
                if _overlaps(part, member) and row.id not in self._renewed
            ),
            None,
        )

    def _is_expected(self, episode: Episode) -> bool:
        of_series = self._by_series.get(episode.series.digest, [])
        if any(_overlaps(part, episode) for _, part in of_series):
            return False  # it is known itself
        return any(
            row.is_expected and is_alike(row if episode.parts else part, episode.impact)
            for row, part in of_series
        )


def _overlaps(row: Anomaly | AnomalyPart, episode: Episode) -> bool:
    return row.first_day <= episode.days.last and episode.days.first <= row.last_day


def is_alike(like: Anomaly | AnomalyPart, impact: Amount) -> bool:
    """Tell whether a deviation of the same series is like one that people expect."""
    same_side = (like.impact > 0) == (impact > 0)
    return same_side and abs(impact) <= EXACT.multiply(abs(like.impact), LIKENESS)
