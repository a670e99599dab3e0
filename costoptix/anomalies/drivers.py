"""What drives an anomaly: the resources, SKUs, regions and tags that cost more than their part.

Pure functions over cost reports. What was expected of the whole is shared out among the values
of a dimension by what each cost over the four weeks before, so that what they are above it adds
up to the impact; what is not named is one rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from costoptix.anomalies.causes import Subject
from costoptix.anomalies.episodes import METRIC, Series
from costoptix.costs.asking import Ask
from costoptix.costs.query import Filter
from costoptix.figures.breakdown import Group, amount_of, largest_first, sums_by_group
from costoptix.figures.completeness import known_part
from costoptix.figures.trends import Change, movers, scaled
from costoptix.money import EXACT, Amount, total
from costoptix.periods import FIRST_DAY, DateRange

BASELINE_DAYS = 28
SHOWN = 3
"""How many values of a dimension are named."""

LEAST_SHARE = Decimal("0.1")
"""How much of the anomaly a value must account for to be named."""

SKU, DESCRIPTION = "sku_id", "charge_description"
DIMENSIONS = ("resource_id", SKU, "region_id")
MAX_TAGS = 5
"""How many tag keys are looked at: each is a question to all charges of the days."""

FAR = 5
"""Where so many times what was usual was expected, or so little, shares of it say nothing."""

REST = "other"
"""What all values together are called that are not named."""

DESCRIPTIONS = 200
"""Among how many descriptions those of SKUs are looked for, the dearest first."""

_NOTHING = Amount(0)


@dataclass(frozen=True)
class Driver:
    """A value of a dimension that moved the same way; None is "has none".

    ``is_rest`` is all other values together: with it the changes of a dimension add up to the
    impact. ``words`` say what a SKU is, where the bills do.
    """

    dimension: str
    value: str | None
    change: Change  # from its part of what was expected to what it cost
    is_rest: bool = False
    words: str = ""


@dataclass(frozen=True)
class Portion:
    """The series of an anomaly that are unusual on the same days, and the sums of these."""

    subject: Subject
    days: DateRange
    actual: Amount
    expected: Amount


def portions(
    parts: Iterable[tuple[Series, DateRange, Amount, Amount]],
) -> list[Portion]:
    """Put the parts of an anomaly together by their days: series, days, actual, expected."""
    by_days: dict[DateRange, list[tuple[Series, Amount, Amount]]] = {}
    for series, days, actual, expected in parts:
        by_days.setdefault(days, []).append((series, actual, expected))
    return [
        Portion(
            Subject(tuple(series for series, _, _ in rows)),
            days,
            total([actual for _, actual, _ in rows]),
            total([expected for _, _, expected in rows]),
        )
        for days, rows in by_days.items()
    ]


def drivers(ask: Ask, portions: Sequence[Portion], tags: Iterable[str] = ()) -> list[Driver]:
    """Name what moved with an anomaly, dimension by dimension, the largest first, then the rest.

    ``tags`` are dimensions as ``tag:<key>``, of which the first ``MAX_TAGS`` are looked at. A
    dimension in which nothing stands out, or of which there is one value only that has no name,
    is left out.
    """
    before = _baseline(ask, portions)
    if before is None:
        return []
    return [
        driver
        for dimension in (*DIMENSIONS, *list(tags)[:MAX_TAGS])
        for driver in _of_dimension(ask, portions, before, dimension)
    ]


def _baseline(ask: Ask, portions: Sequence[Portion]) -> DateRange | None:
    """Return the known part of the four weeks before."""
    last = min(portion.days.first for portion in portions) - timedelta(days=1)
    if last < FIRST_DAY + timedelta(days=BASELINE_DAYS):
        return None
    weeks = DateRange(last - timedelta(days=BASELINE_DAYS - 1), last)
    return known_part(weeks, ask(portions[0].subject.query(weeks)))


def _of_dimension(
    ask: Ask, portions: Sequence[Portion], before: DateRange, dimension: str
) -> list[Driver]:
    now, usual = _both_sides(ask, portions, before, dimension)
    ranked = movers(now, usual)
    if all(group == (None,) for group, _ in ranked):
        return []
    whole = Change(total([p.expected for p in portions]), total([p.actual for p in portions]))
    named = list(_named(ranked, dimension, whole.amount))
    if not named:
        return []
    if dimension == SKU:
        named = _in_words(ask, portions, named)
    rest = Change(
        EXACT.subtract(whole.before, total([driver.change.before for driver in named])),
        EXACT.subtract(whole.now, total([driver.change.now for driver in named])),
    )
    if not (rest.before or rest.now):
        return named
    return [*named, Driver(dimension, REST, rest, is_rest=True)]


def _both_sides(
    ask: Ask, portions: Sequence[Portion], before: DateRange, dimension: str
) -> tuple[dict[Group, Amount], dict[Group, Amount]]:
    """Return what each value cost, and its part of what was expected."""
    now: dict[Group, Amount] = {}
    usual: dict[Group, Amount] = {}
    for portion in portions:
        _add(now, _sums(ask, portion.subject, portion.days, dimension))
        earlier = _sums(ask, portion.subject, before, dimension)
        _add(usual, _shared_out(portion, earlier, before))
    return now, usual


def _add(sums: dict[Group, Amount], more: Mapping[Group, Amount]) -> None:
    for group, amount in more.items():
        sums[group] = EXACT.add(sums.get(group, _NOTHING), amount)


def _shared_out(
    portion: Portion, earlier: Mapping[Group, Amount], before: DateRange
) -> dict[Group, Amount]:
    """Share out what was expected by what each value cost before.

    Where that says little of what was expected (a new service, credits that nearly make up for
    the costs), each value is expected to cost its daily average.
    """
    length, earlier_length = Decimal(portion.days.length), Decimal(before.length)
    average, expected = total(earlier.values()), portion.expected
    as_long = scaled(average, length, earlier_length) or _NOTHING
    is_like = as_long > 0 and as_long / FAR <= expected <= as_long * FAR
    factor, divisor = (expected, average) if is_like else (length, earlier_length)
    return {group: scaled(amount, factor, divisor) or _NOTHING for group, amount in earlier.items()}


def _named(
    ranked: Iterable[tuple[Group, Change]], dimension: str, impact: Amount
) -> Iterator[Driver]:
    least = abs(impact) * LEAST_SHARE
    large_enough = (
        Driver(dimension, group[0], change)
        for group, change in ranked
        if (change.amount > 0) == (impact > 0) and abs(change.amount) >= least
    )
    for driver, _ in zip(large_enough, range(SHOWN), strict=False):
        yield driver


def _in_words(ask: Ask, portions: Iterable[Portion], named: Sequence[Driver]) -> list[Driver]:
    """Add what most of the cost of each SKU is described as."""
    words: dict[str | None, tuple[Amount, str]] = {}
    for portion in portions:
        query = portion.subject.query(portion.days)
        chosen = Filter(SKU, tuple(driver.value for driver in named))
        described = replace(
            query,
            group_by=(SKU, DESCRIPTION),
            filters=tuple(sorted((*query.filters, chosen), key=lambda f: f.dimension)),
            order_by=largest_first(METRIC),
        )
        for row in ask(described, DESCRIPTIONS).rows:
            sku, text = row.group
            size = abs(amount_of(row, METRIC) or _NOTHING)
            if text and (sku not in words or size > words[sku][0]):
                words[sku] = (size, text)
    return [replace(driver, words=words.get(driver.value, (_NOTHING, ""))[1]) for driver in named]


def _sums(ask: Ask, subject: Subject, days: DateRange, dimension: str) -> dict[Group, Amount]:
    report = ask(replace(subject.query(days), group_by=(dimension,)))
    return sums_by_group(report.rows, METRIC).get(subject.currency, {})
