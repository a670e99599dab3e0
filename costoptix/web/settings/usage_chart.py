"""The calls of the last days as a chart: bars by key, dates, an axis, and the limit of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from markupsafe import Markup

from costoptix.charts import OTHERS_COLOUR, Band, Bucket, StackedChart

FAR = 10
"""A limit of more than so many times the busiest day is named, and drawn at the upper edge."""


@dataclass(frozen=True)
class UsageChart:
    """Calls of each key day by day, the oldest first; ``limit`` is None where there is none."""

    days: Sequence[date]
    calls: Sequence[tuple[str, Sequence[int]]]  # the name of a key and its calls on each day
    limit: int | None

    @property
    def is_far(self) -> bool:
        """Tell whether the limit lies too far above the calls to be on their scale."""
        busiest = max(sum(of_day) for of_day in zip(*(c for _, c in self.calls), strict=True))
        return self.limit is not None and self.limit > FAR * max(busiest, 1)

    @cached_property
    def bars(self) -> StackedChart:
        """Return the bars; a day without calls is zero, for calls are counted exactly."""
        bands = [
            Band(name, tuple(map(Decimal, calls)), min(number, OTHERS_COLOUR))
            for number, (name, calls) in enumerate(self.calls)
        ]
        buckets = [Bucket(f"{day.day} {day:%b %Y}", f"{day.day} {day:%b}") for day in self.days]
        limit = None if self.limit is None else Decimal(self.limit)
        return StackedChart("", tuple(buckets), tuple(bands), limit=limit, is_far=self.is_far)

    @property
    def svg(self) -> Markup:
        """Draw the bars, the lines behind them, and the limit."""
        return self.bars.svg
