"""Which files answer a question: the smallest that hold all it names, in few enough days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum

from costoptix.costs.query import CostQuery
from costoptix.costs.spellings import AS_SHOWN, Spellings
from costoptix.lake.layout import CHARGES, ROLL_UPS
from costoptix.lake.live import LiveDelivery
from costoptix.periods import (
    MAX_RANGE_DAYS,
    DateRange,
    Granularity,
    month_end,
    month_start,
    next_month,
)

FILE_COST = 500
"""Opening a file costs about as much as reading this many rows of it."""

_BY_MONTH = (Granularity.TOTAL, Granularity.MONTHLY, Granularity.QUARTERLY)


class Side(IntEnum):
    """To what of a comparison days belong; the first two are the days that were asked for."""

    NOT_COMPARED = 0
    NOW = 1
    BEFORE = 2


@dataclass(frozen=True)
class QueryPart:
    """Days of the question, and files of one kind that hold charges of them."""

    kind: str  # charges, or the name of a roll-up
    days: DateRange  # of whole months where the kind knows no days
    paths: tuple[str, ...]  # within the lake
    cost: int  # in rows to read
    spellings: Spellings = field(default=AS_SHOWN, compare=False)  # in these files
    side: Side = Side.NOT_COMPARED


def plan(
    query: CostQuery, deliveries: Iterable[LiveDelivery], kinds: Iterable[str] | None = None
) -> tuple[QueryPart, ...]:
    """Choose the cheapest files for a question; no part at all when there is nothing to read.

    No charge is in two parts, and together they hold every charge of the range. ``kinds`` narrows
    the choice: the answer must be the same for any kinds that can answer at all.
    """
    touched = [delivery for delivery in deliveries if delivery.touches(query.date_range)]
    if not touched:
        return ()
    allowed = None if kinds is None else frozenset(kinds)
    days = _widened(query.date_range, touched)
    whole = _whole_months(days) if query.granularity in _BY_MONTH else None
    choices = [_parts([(days, "day")], query, touched, allowed)]
    if whole is not None:
        edges = [(edge, "day") for edge in _around(days, whole)]
        choices.append(_parts([(whole, "month"), *edges], query, touched, allowed))
    possible = [choice for choice in choices if choice is not None]
    return min(possible, key=_cost)


def _widened(days: DateRange, deliveries: list[LiveDelivery]) -> DateRange:
    """Stretch the range to whole months where that adds no charge."""
    first = min(delivery.first_day for delivery in deliveries)
    last = max(delivery.last_day for delivery in deliveries)
    start = month_start(days.first) if days.first <= first else days.first
    end = month_end(days.last) if days.last >= last else days.last
    is_allowed = (end - start).days < MAX_RANGE_DAYS  # of a range of nearly 5 years it may not be
    return DateRange(start, end) if is_allowed else days


def _whole_months(days: DateRange) -> DateRange | None:
    """Return the days of the calendar months that lie wholly within the range."""
    is_month_start, is_month_end = days.first.day == 1, days.last == month_end(days.last)
    first = days.first if is_month_start else next_month(days.first)
    last = days.last if is_month_end else month_start(days.last) - timedelta(days=1)
    return DateRange(first, last) if first <= last else None


def _around(days: DateRange, inner: DateRange) -> list[DateRange]:
    """List what is left of ``days`` before and after ``inner``."""
    day = timedelta(days=1)
    edges = []
    if days.first < inner.first:
        edges.append(DateRange(days.first, inner.first - day))
    if days.last > inner.last:
        edges.append(DateRange(inner.last + day, days.last))
    return edges


def _parts(
    spans: list[tuple[DateRange, str]],
    query: CostQuery,
    deliveries: list[LiveDelivery],
    allowed: frozenset[str] | None,
) -> tuple[QueryPart, ...] | None:
    parts = []
    for days, grain in spans:
        touched = [delivery for delivery in deliveries if delivery.touches(days)]
        if not touched:
            continue
        candidates = [
            parts_of_kind
            for kind in _kinds_that_hold(query, grain)
            if (parts_of_kind := _parts_of_kind(kind, days, touched, allowed)) is not None
        ]
        if not candidates:
            return None
        parts += min(candidates, key=_cost)
    return tuple(parts)


def _parts_of_kind(
    kind: str, days: DateRange, deliveries: list[LiveDelivery], allowed: frozenset[str] | None
) -> list[QueryPart] | None:
    """Read files of one kind, and the charges of deliveries without it; None if not allowed."""
    having = [delivery for delivery in deliveries if kind in delivery.files]
    lacking = [delivery for delivery in deliveries if kind not in delivery.files]
    parts = [_part(kind, days, having)] if having else []
    parts += [_part(CHARGES, days, lacking)] if lacking else []
    is_allowed = allowed is None or all(part.kind in allowed for part in parts)
    return parts if is_allowed else None


def _cost(parts: Iterable[QueryPart]) -> int:
    return sum(part.cost for part in parts)


def _kinds_that_hold(query: CostQuery, grain: str) -> list[str]:
    """List the kinds with every column that the question needs, for days or for whole months."""
    grains = ("day", "month") if grain == "month" else ("day",)
    return [
        roll_up.name
        for roll_up in ROLL_UPS
        if roll_up.grain in grains and query.columns <= roll_up.columns
    ] + [CHARGES]


def _part(kind: str, days: DateRange, deliveries: list[LiveDelivery]) -> QueryPart:
    files = [file for delivery in deliveries for file in delivery.files[kind]]
    cost = sum(file.row_count + FILE_COST for file in files)
    return QueryPart(kind, days, tuple(file.path for file in files), cost)
