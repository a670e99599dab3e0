"""What probably drives an anomaly: the resources, SKUs, regions and tags that moved with it.

Pure functions over cost reports. What each cost over the unusual days is compared with as many
days at its daily average over the four weeks before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from costoptix.anomalies.causes import Subject
from costoptix.anomalies.episodes import METRIC
from costoptix.costs.asking import Ask
from costoptix.figures.breakdown import Group, sums_by_group
from costoptix.figures.completeness import known_part
from costoptix.figures.trends import Change, movers, scaled
from costoptix.money import Amount
from costoptix.periods import FIRST_DAY, DateRange

BASELINE_DAYS = 28
SHOWN = 3
"""How many values of a dimension are named."""

LEAST_SHARE = Decimal("0.1")
"""How much of the anomaly a value must account for to be named."""

DIMENSIONS = ("resource_id", "sku_id", "region_id")
MAX_TAGS = 5
"""How many tag keys are looked at: each is a question to all charges of the days."""

_NOTHING = Amount(0)


@dataclass(frozen=True)
class Driver:
    """A value of a dimension that moved the same way; None is "has none"."""

    dimension: str
    value: str | None
    change: Change  # from what was usual to what it cost


def drivers(
    ask: Ask, subject: Subject, days: DateRange, impact: Amount, tags: Iterable[str] = ()
) -> list[Driver]:
    """Name what moved with an anomaly, dimension by dimension, the largest first.

    ``tags`` are dimensions as ``tag:<key>``, of which the first ``MAX_TAGS`` are looked at. A
    dimension in which nothing stands out, or of which there is one value only that has no name,
    is left out.
    """
    before = _baseline(ask, subject, days)
    if before is None:
        return []
    return [
        driver
        for dimension in (*DIMENSIONS, *list(tags)[:MAX_TAGS])
        for driver in _of_dimension(ask, subject, days, before, impact, dimension)
    ]


def _baseline(ask: Ask, subject: Subject, days: DateRange) -> DateRange | None:
    """Return the known part of the four weeks before."""
    last = days.first - timedelta(days=1)
    if last < FIRST_DAY + timedelta(days=BASELINE_DAYS):
        return None
    weeks = DateRange(last - timedelta(days=BASELINE_DAYS - 1), last)
    return known_part(weeks, ask(subject.query(weeks)))


def _of_dimension(
    ask: Ask, subject: Subject, days: DateRange, before: DateRange, impact: Amount, dimension: str
) -> Iterator[Driver]:
    now, usual = (_sums(ask, subject, part, dimension) for part in (days, before))
    as_long = {
        group: scaled(amount, Decimal(days.length), Decimal(before.length)) or _NOTHING
        for group, amount in usual.items()
    }
    ranked = movers(now, as_long)
    if all(group == (None,) for group, _ in ranked):
        return
    least = abs(impact) * LEAST_SHARE
    large_enough = (
        Driver(dimension, group[0], change)
        for group, change in ranked
        if (change.amount > 0) == (impact > 0) and abs(change.amount) >= least
    )
    for driver, _ in zip(large_enough, range(SHOWN), strict=False):
        yield driver


def _sums(ask: Ask, subject: Subject, days: DateRange, dimension: str) -> dict[Group, Amount]:
    report = ask(replace(subject.query(days), group_by=(dimension,)))
    return sums_by_group(report.rows, METRIC).get(subject.currency, {})
