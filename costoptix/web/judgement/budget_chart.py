"""The curve of a budget as SVG, drawn as other charts are: shapes only, words stand beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from markupsafe import Markup

from costoptix.budgets.curve import Curve, CurveDay
from costoptix.charts import BUCKET, HEIGHT, Axis, Bucket, labels_under
from costoptix.money import Amount

_ZERO = Amount(0)
_Point = tuple[int, Amount]
"""A place on the time axis, and an amount."""


@dataclass(frozen=True)
class BudgetChart:
    """Spent, pace, forecast with its range, ceiling and amount of one running period."""

    curve: Curve
    currency: str

    @cached_property
    def axis(self) -> Axis:
        """Return the scale that everything fits on."""
        ends = [self.curve.amount, self.curve.ceiling, *(day.spent for day in self.curve.days)]
        for day in self.curve.days:
            if day.coming is not None:
                ends += [day.coming.expected, day.coming.low, day.coming.high]
        return Axis.over([end for end in ends if end is not None])

    @property
    def tick_labels(self) -> list[str]:
        """Return the words beside the lines, from the top down."""
        return self.axis.labels(self.currency)

    @property
    def bucket_labels(self) -> Markup:
        """Write some of the days under their places."""
        days = (one.day for one in self.curve.days)
        return labels_under([Bucket(f"{day:%a} {day.day}", f"{day.day} {day:%b}") for day in days])

    @property
    def now(self) -> CurveDay:
        """Return the last day on which something was spent so far: today."""
        return [day for day in self.curve.days if day.spent is not None][-1]

    @property
    def svg(self) -> Markup:
        """Draw it, what matters most last."""
        width = len(self.curve.days) * BUCKET
        parts = [
            f'<svg viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none"'
            ' aria-hidden="true" focusable="false">',
            *(_path(f"line{' zero' if tick == 0 else ''}", self._level(tick, width))
              for tick in self.axis.ticks),
            self._range(),
            _path("even", self._line([(0, _ZERO), (width, self.curve.amount)])),
            _path("amount", self._level(self.curve.amount, width)),
            _path("expected s0", self._line(self._expected())),
            _path("so-far s0", self._spent_line(only_complete=False)),
            _path("spent s0", self._spent_line(only_complete=True)),
            self._ceiling(width),
            f'<rect class="cursor" width="{BUCKET}" height="{HEIGHT}"/></svg>',
        ]  # fmt: skip
        return Markup("".join(parts))  # noqa: S704 - made of numbers and fixed words only

    def _spent(self, *, only_complete: bool) -> Iterator[_Point]:
        yield 0, _ZERO
        for number, day in enumerate(self.curve.days, start=1):
            if day.spent is not None and (day.is_complete or not only_complete):
                yield number * BUCKET, day.spent

    def _spent_line(self, *, only_complete: bool) -> str:
        """Draw what was spent, broken over each day without charges: its bill may be missing."""
        points = list(self._spent(only_complete=only_complete))
        gaps = [
            number for number, point in enumerate(points[1:])
            if not self.curve.days[point[0] // BUCKET - 1].has_charges
        ]  # fmt: skip
        ends = [-1, *gaps, len(points) - 1]
        return "".join(self._line(points[a + 1 : b + 1]) for a, b in pairwise(ends))

    def _expected(self) -> Iterator[_Point]:
        """Yield the forecast, from where the complete days end."""
        *_, start = self._spent(only_complete=True)
        yield start
        for number, day in enumerate(self.curve.days, start=1):
            if day.coming is not None:
                yield number * BUCKET, day.coming.expected

    def _range(self) -> str:
        *_, start = self._spent(only_complete=True)
        highs, lows = [start], [start]
        for number, day in enumerate(self.curve.days, start=1):
            if day.coming and day.coming.low is not None and day.coming.high is not None:
                highs.append((number * BUCKET, day.coming.high))
                lows.append((number * BUCKET, day.coming.low))
        if len(highs) == 1:
            return ""
        return _path("range s0", f"{self._line([*highs, *reversed(lows)])}z")

    def _ceiling(self, width: int) -> str:
        """Draw a short line at the end of the period, to which alone the ceiling belongs."""
        if self.curve.ceiling is None:
            return ""
        level = self.curve.ceiling
        return _path("ceiling", self._line([(width - width // 8, level), (width, level)]))

    def _level(self, amount: Amount, width: int) -> str:
        return f"M0 {self.axis.y(amount)}H{width}"

    def _line(self, points: Iterable[_Point]) -> str:
        drawn: Sequence[str] = [f"{x} {self.axis.y(amount)}" for x, amount in points]
        return f"M{'L'.join(drawn)}" if len(drawn) > 1 else ""


def _path(name: str, shape: str) -> str:
    return f'<path class="{name}" d="{shape}"/>' if shape else ""
