"""One cause is one finding: episodes of one service or account that begin together. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from costoptix.anomalies.episodes import DIMENSIONS, Episode, Series, added_up, valued
from costoptix.costs.query import CostQuery, Filter
from costoptix.periods import DateRange

TOGETHER = timedelta(days=1)
"""How far apart episodes of one cause may begin."""


@dataclass(frozen=True)
class Subject:
    """What a finding is of: one series, or those of its parts."""

    series: tuple[Series, ...]  # the largest first

    @property
    def currency(self) -> str:
        """Return the one currency of all of them."""
        return self.series[0].currency

    def query(self, days: DateRange) -> CostQuery:
        """Ask what they cost over some days (in all currencies).

        They are of one service or in one account, so that a filter per dimension selects them.
        """
        filters = [
            Filter(name, tuple(dict.fromkeys(getattr(one, name) for one in self.series)))
            for name in DIMENSIONS
        ]
        filters.sort(key=lambda condition: condition.dimension)
        return CostQuery(days, filters=tuple(filters))


def by_cause(episodes: Iterable[Episode]) -> list[Episode]:
    """Put those together that have one cause, oldest first.

    That is one service in several accounts; what is left is one account's several services. They
    are in one currency, go the same way, and begin within a day.
    """
    whole, single = _together(list(episodes), lambda series: (series.service_name,))
    more, single = _together(single, lambda series: (series.sub_account_id,))
    findings = [*whole, *more, *single]
    return sorted(findings, key=lambda e: (e.days.first, -abs(e.impact), e.series.digest))


def merged(parts: Sequence[Episode]) -> Episode:
    """Return several episodes as one, with these as its parts; a single one as it is."""
    ranked = sorted(parts, key=lambda part: (-abs(part.impact), part.series.digest))
    largest = ranked[0]
    if len(ranked) == 1:
        return largest
    first, last = min(p.days.first for p in ranked), max(p.days.last for p in ranked)
    days = DateRange(first, last)
    return valued(largest.series, days, largest.method, added_up(ranked), tuple(ranked))


def members(episode: Episode) -> tuple[Episode, ...]:
    """Return the episodes of single series that one consists of."""
    return episode.parts or (episode,)


def _together(
    episodes: Iterable[Episode], common: Callable[[Series], tuple[str | None, ...]]
) -> tuple[list[Episode], list[Episode]]:
    """Merge those that share what is common; return the merged and those that stay alone."""
    alike: dict[tuple[object, ...], list[Episode]] = defaultdict(list)
    for episode in episodes:
        series, goes_up = episode.series, episode.impact > 0
        key = (series.provider_name, series.currency, goes_up, *common(series))
        alike[key].append(episode)
    runs = [run for group in alike.values() for run in _begun_together(group)]
    whole = [merged(run) for run in runs if len({one.series for one in run}) > 1]
    return whole, [one for run in runs if len({o.series for o in run}) == 1 for one in run]


def _begun_together(episodes: Iterable[Episode]) -> Iterator[list[Episode]]:
    """Cut episodes into runs that begin within a day of the first of each."""
    run: list[Episode] = []
    for episode in sorted(episodes, key=lambda one: one.days.first):
        if run and episode.days.first - run[0].days.first > TOGETHER:
            yield run
            run = []
        run.append(episode)
    if run:
        yield run
