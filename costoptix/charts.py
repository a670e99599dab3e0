"""Charts as SVG, drawn on the server. Pure: amounts in, markup out; no request, no database.

A drawing is stretched over its box (``preserveAspectRatio="none"``), so it holds shapes only:
words stand beside it, colours come by class. Nothing here needs an inline style.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import groupby

from markupsafe import Markup

from costoptix.money import EXACT, Amount, scaled, times_over, to_text, total
from costoptix.written import MINUS, symbol

HEIGHT = 1000
BUCKET = 10
MAX_INTERVALS = 5
MAX_LABELS = 7
MARK = 22
"""How high the mark of an unusual bucket is."""
TARGET = 24
"""How wide and high the link of a mark is, in pixels."""
NARROWEST = 200
"""How wide a chart is at least, in pixels: marks nearer than a target lie below each other."""
MARK_ROWS = 3
"""In how many rows the links of marks lie at most; the table below a chart has them all."""
HAIRLINE = 6
"""How wide the bar of a step is at least, in thousandths."""
HAIR = Decimal("0.04")
"""What hangs below zero by less than this part of a step gets no space of its own."""
OTHERS_COLOUR = 9
"""The last of the ten series colours, grey: what has no colour of its own."""

_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_UNITS = ((12, "T"), (9, "B"), (6, "M"), (3, "k"))
_ZERO = Decimal(0)

_Ends = tuple[Amount, Amount] | None
"""The upper and lower end of a bar; None where there is none."""


@dataclass(frozen=True)
class Axis:
    """A scale of round numbers: ``low`` and ``high`` are multiples of ``step`` around zero."""

    low: Decimal
    high: Decimal
    step: Decimal

    @classmethod
    def over(cls, amounts: Sequence[Amount]) -> Axis:
        """Fit an axis around zero and all amounts, with at most six lines."""
        low, high = min((_ZERO, *amounts)), max((_ZERO, *amounts))
        if low == high:
            return cls(_ZERO, Decimal(1), Decimal(1))
        magnitude = (high - low).adjusted()
        steps = (s.scaleb(magnitude + e) for e in (-1, 0) for s in _STEPS)
        fitted = (
            cls(-times_over(-low - s * HAIR, s) * s, times_over(high, s) * s, s) for s in steps
        )
        return next(axis for axis in fitted if axis.intervals <= MAX_INTERVALS)

    @property
    def intervals(self) -> int:
        """Count the steps from ``low`` to ``high``."""
        return int((self.high - self.low) / self.step)

    @property
    def ticks(self) -> list[Decimal]:
        """List the amounts of the lines, from the highest down."""
        return [self.high - self.step * k for k in range(self.intervals + 1)]

    def y(self, amount: Amount) -> int:
        """Return where an amount lies, from 0 (``high``) to ``HEIGHT`` (``low``)."""
        return int(scaled(self.high - amount, HEIGHT, self.high - self.low, places=0))

    def labels(self, currency: str) -> list[str]:
        """Write the ticks in one unit for all, with as many places as the step needs."""
        largest = max(self.high, -self.low)
        exponent, unit = next(
            (u for u in _UNITS if u[0] <= largest.adjusted() and largest >= 10_000), (0, "")
        )
        scaled = [(tick, to_text(abs(tick).scaleb(-exponent))) for tick in self.ticks]
        places = max(len(text.partition(".")[2]) for _, text in scaled)
        return [
            f"{MINUS if tick < 0 else ''}{symbol(currency)}{Decimal(text):,.{places}f}{unit}"
            if tick
            else f"{symbol(currency)}0"
            for tick, text in scaled
        ]


@dataclass(frozen=True)
class Bucket:
    """One place on the time axis; ``short`` is written under it, ``label`` in full.

    A ``note`` says what is unusual there; the bucket is marked, and the mark leads to ``href``.
    """

    label: str
    short: str
    is_complete: bool = True
    note: str = ""
    href: str = ""


@dataclass(frozen=True)
class Band:
    """One group through time: an amount per bucket, None where it has no charges."""

    name: str
    amounts: tuple[Amount | None, ...]
    colour: int
    href: str = ""

    @cached_property
    def total(self) -> Amount:
        """Add up the band."""
        return total([amount for amount in self.amounts if amount is not None])


@dataclass(frozen=True)
class ExpectedBucket:
    """What was expected of a bucket, between two bounds."""

    amount: Amount
    low: Amount
    high: Amount


@dataclass(frozen=True)
class StackedChart:
    """Stacked bars of one currency; what is negative hangs below zero.

    ``expected`` says bucket by bucket what was expected, None where nothing can be said; none at
    all where it is not the chart's subject.

    ``previous`` holds the totals of earlier days bucket by bucket, None where nothing is compared,
    or nothing at all. ``previous_rest`` is what they cost beside that: on days without a bucket.
    ``previous_title`` names them.

    ``limit`` is a level that no bar should pass; where it ``is_far`` above all of them, it is drawn
    at the upper edge.
    """

    currency: str
    buckets: tuple[Bucket, ...]
    bands: tuple[Band, ...]
    previous: tuple[Amount | None, ...] = ()
    previous_rest: Amount = _ZERO
    previous_title: str = ""
    expected: tuple[ExpectedBucket | None, ...] = ()
    limit: Amount | None = None
    is_far: bool = False

    @cached_property
    def totals(self) -> list[Amount | None]:
        """Return the sum of each bucket; None, which is not zero, where there are no charges."""
        columns = zip(*(band.amounts for band in self.bands), strict=True)
        present = ([amount for amount in column if amount is not None] for column in columns)
        return [total(amounts) if amounts else None for amounts in present]

    @cached_property
    def total(self) -> Amount:
        """Return the sum of the whole chart."""
        return total([amount for amount in self.totals if amount is not None])

    @property
    def previous_total(self) -> Amount:
        """Return the sum of the earlier range."""
        return total([*self._drawn, self.previous_rest])

    @property
    def _drawn(self) -> list[Amount]:
        return [amount for amount in self.previous if amount is not None]

    @cached_property
    def axis(self) -> Axis:
        """Return the scale that every stack and the earlier range fit on."""
        ends = [end for _, bars in self._stacks() for end in bars if end is not None]
        bounds = [amount for one in self.expected if one for amount in (one.low, one.high)]
        limits = [] if self.limit is None or self.is_far else [self.limit]
        return Axis.over([amount for end in ends for amount in end] + self._drawn + bounds + limits)

    @property
    def has_marks(self) -> bool:
        """Tell whether any bucket has a note."""
        return any(bucket.note for bucket in self.buckets)

    @property
    def tick_labels(self) -> list[str]:
        """Return the words beside the lines, from the top down."""
        return self.axis.labels(self.currency)

    @property
    def svg(self) -> Markup:
        """Draw the bars, the lines behind them and the earlier range's dashed line."""
        width = len(self.buckets) * BUCKET
        parts = [
            f'<svg viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none"'
            ' aria-hidden="true" focusable="false">',
            *self._gaps(),
            *self._lines(width),
            *(self._bars(band, ends) for band, ends in self._stacks()),
            *self._incomplete(),
            *self._expectation(),
            _dashed_line(self._runs(self.previous)),
            *self._marks(),
            self._limit(width),
            f'<rect class="cursor" width="{BUCKET}" height="{HEIGHT}"/></svg>',
        ]
        return Markup("".join(parts))  # noqa: S704 - made of numbers and fixed words only

    @property
    def bucket_labels(self) -> Markup:
        """Write the short labels under their bars."""
        return labels_under(self.buckets)

    @property
    def mark_links(self) -> Markup:
        """Return the links of the marks, each a target of 24 px; "" without any."""
        links = Markup("").join(
            _MARK_LINK.format(
                f"{(i + 0.5) * 100 / len(self.buckets):.2f}", row * TARGET,
                self.buckets[i].href, self.buckets[i].note, self.buckets[i].label,
            )
            for i, row in self._mark_rows()
        )  # fmt: skip
        return Markup('<svg class="marks">{}</svg>').format(links) if links else links

    def _mark_rows(self) -> Iterator[tuple[int, int]]:
        """Yield the buckets that lead somewhere, each in a row where no other link is so near."""
        nearest = -(-TARGET * len(self.buckets) // NARROWEST)
        ends = [0] * MARK_ROWS
        for i, bucket in enumerate(self.buckets):
            free = next((row for row, end in enumerate(ends) if end <= i), None)
            if bucket.href and free is not None:
                ends[free] = i + nearest
                yield i, free

    def _stacks(self) -> Iterator[tuple[Band, list[_Ends]]]:
        """Yield each band with the two ends of each of its bars, away from zero in its sign."""
        above, below = [_ZERO] * len(self.buckets), [_ZERO] * len(self.buckets)
        for band in self.bands:
            ends: list[_Ends] = []
            for i, amount in enumerate(band.amounts):
                if not amount:
                    ends.append(None)
                    continue
                base = above if amount > 0 else below
                start, base[i] = base[i], EXACT.add(base[i], amount)
                ends.append((max(start, base[i]), min(start, base[i])))
            yield band, ends

    def _bars(self, band: Band, ends: list[_Ends]) -> str:
        bar = BUCKET - _gap(len(self.buckets))
        path = []
        for i, end in enumerate(ends):
            if end is None:
                continue
            top, bottom = self.axis.y(end[0]), self.axis.y(end[1])
            if bottom > top:
                path.append(f"M{i * BUCKET} {top}h{bar}v{bottom - top}h-{bar}z")
        return f'<path class="bars s{band.colour}" d="{"".join(path)}"/>'

    def _gaps(self) -> Iterator[str]:
        """Shade the buckets without any charges: what is not known is not zero."""
        for i, amount in enumerate(self.totals):
            if amount is None:
                yield f'<rect class="gap" x="{i * BUCKET}" width="{BUCKET}" height="{HEIGHT}"/>'

    def _lines(self, width: int) -> Iterator[str]:
        for tick in self.axis.ticks:
            zero = " zero" if tick == 0 else ""
            yield f'<path class="line{zero}" d="M0 {self.axis.y(tick)}H{width}"/>'

    def _incomplete(self) -> Iterator[str]:
        for i, bucket in enumerate(self.buckets):
            if not bucket.is_complete:
                yield f'<rect class="faded" x="{i * BUCKET}" width="{BUCKET}" height="{HEIGHT}"/>'

    def _marks(self) -> Iterator[str]:
        """Draw a tab at the upper edge over each bucket that has a note."""
        bar = BUCKET - _gap(len(self.buckets))
        for i, bucket in enumerate(self.buckets):
            if bucket.note:
                yield f'<path class="mark" d="M{i * BUCKET} 0h{bar}v{MARK}h-{bar}z"/>'

    def _limit(self, width: int) -> str:
        if self.limit is None:
            return ""
        level = 0 if self.is_far else self.axis.y(self.limit)
        return f'<path class="limit" d="M0 {level}H{width}"/>'

    def _expectation(self) -> Iterator[str]:
        """Draw what was expected as a dashed line in the band of its bounds."""
        lows = [one.low if one else None for one in self.expected]
        highs = [one.high if one else None for one in self.expected]
        for low, high in zip(self._runs(lows), self._runs(highs), strict=True):
            yield f'<path class="bounds" d="M{"L".join([*high, *reversed(low)])}z"/>'
        yield _dashed_line(self._runs([one.amount if one else None for one in self.expected]))

    def _runs(self, amounts: Sequence[Amount | None]) -> Iterator[list[str]]:
        """Yield the points of what lies side by side; a bucket alone is a dash across its bar."""
        middle = (BUCKET - _gap(len(self.buckets))) / 2
        for is_drawn, run in groupby(enumerate(amounts), key=_is_drawn):
            levels = [(i * BUCKET, self.axis.y(amount)) for i, amount in run if amount is not None]
            if not is_drawn:
                continue
            if len(levels) == 1:
                ((x, y),) = levels
                yield [f"{x} {y}", f"{x + BUCKET} {y}"]
            else:
                yield [f"{x + middle:g} {y}" for x, y in levels]


_MARK_LINK = Markup(  # noqa: S704 - fixed but for one number; what is filled in is escaped
    '<svg x="{}%" y="{}" overflow="visible"><a href="{}" aria-label="Anomaly: {}, {}">'
    f'<rect x="-{TARGET // 2}" width="{TARGET}" height="{TARGET}"/>'
    '<path d="M-6 5h12l-6 10z"/></a></svg>'
)


def _dashed_line(runs: Iterable[Sequence[str]]) -> str:
    """Draw a dashed line over a wide pale one, so that it is seen on any bar."""
    path = "".join("M" + "L".join(run) for run in runs)
    if not path:
        return ""
    return f'<path class="halo" d="{path}"/><path class="previous" d="{path}"/>'


def labels_under(buckets: Sequence[Bucket]) -> Markup:
    """Write the short labels of buckets under their places, at most seven."""
    count = len(buckets)
    step = -(-count // MAX_LABELS)
    texts = [
        Markup('<text x="{}%" y="11"{}>{}</text>').format(
            f"{(i + 0.5) * 100 / count:.2f}", _anchor(i, count), buckets[i].short
        )
        for i in range(0, count, step)
    ]
    return Markup('<svg class="xlab" height="14" aria-hidden="true">{}</svg>').format(
        Markup("").join(texts)
    )


def _is_drawn(numbered: tuple[int, Amount | None]) -> bool:
    return numbered[1] is not None


def _gap(count: int) -> int:
    return 2 if count <= 45 else 1 if count <= 130 else 0


def _anchor(index: int, count: int) -> Markup:
    """Keep the outermost labels inside the box."""
    if count > MAX_LABELS and index == 0:
        return Markup(' text-anchor="start"')
    if count > MAX_LABELS and (index + 0.5) / count > 0.96:
        return Markup(' text-anchor="end"')
    return Markup(' text-anchor="middle"')


def fall_bar(levels: Sequence[Amount], ends: tuple[Amount, Amount]) -> Markup:
    """Draw one step of a waterfall, level to level, on the scale of all its ``levels``."""
    low, high = min(_ZERO, *levels), max(_ZERO, *levels)
    spread = (high - low) or Decimal(1)
    zero, start, end = (
        int(scaled(level - low, HEIGHT, spread, places=0)) for level in (_ZERO, *ends)
    )
    left, width = min(start, end), max(abs(end - start), HAIRLINE)
    kind = "more" if ends[1] > ends[0] else "less"
    return Markup(  # noqa: S704 - made of numbers and fixed words only
        f'<svg class="fall" viewBox="0 0 {HEIGHT} 10" preserveAspectRatio="none"'
        f' aria-hidden="true"><path d="M{zero} 0V10"/>'
        f'<rect class="{kind}" x="{min(left, HEIGHT - HAIRLINE)}" y="1" width="{width}"'
        ' height="8"/></svg>'
    )


def sparkline(amounts: Sequence[Amount | None], incomplete: int = 0) -> Markup:
    """Draw a small line over its area; the last ``incomplete`` steps are dashed.

    It is broken where an amount is None. One amount is a level line; none draws nothing.
    """
    present = [amount for amount in amounts if amount is not None]
    if not present:
        return Markup("")
    values = list(amounts) * 2 if len(amounts) == 1 else list(amounts)
    low, high = min(_ZERO, *present), max(_ZERO, *present)
    spread, step = (high - low) or Decimal(1), 100 / (len(values) - 1)
    solid, dashed, shade = "", "", ""
    base = 38 - scaled(-low, 36, spread, places=1)
    for is_drawn, run in groupby(enumerate(values), key=_is_drawn):
        levels = [
            (i, i * step, 38 - scaled(value - low, 36, spread, places=1))
            for i, value in run
            if value is not None
        ]
        if not is_drawn:
            continue
        done = [level for level in levels if level[0] < len(values) - incomplete] or levels[:1]
        points = _spark_points(done, step)
        solid += f"M{'L'.join(points)}"
        ends = (points[0].partition(" ")[0], points[-1].partition(" ")[0])
        shade += f"M{ends[0]} {base}L{'L'.join(points)}L{ends[1]} {base}z"
        if len(done) < len(levels):
            dashed += f"M{'L'.join(_spark_points(levels[len(done) - 1 :], step))}"
    return Markup(  # noqa: S704 - made of numbers and fixed words only
        '<svg class="spark" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="shade" d="{shade}"/><path class="solid" d="{solid}"/>'
        f"{_dashed_path(dashed)}</svg>"
    )


def _spark_points(levels: Sequence[tuple[int, float, Decimal]], step: float) -> list[str]:
    """Write points; one alone is a dash of a step's width."""
    if len(levels) > 1:
        return [f"{x:.1f} {y}" for _, x, y in levels]
    ((_, x, y),) = levels
    return [f"{max(0.0, x - step / 2):.1f} {y}", f"{min(100.0, x + step / 2):.1f} {y}"]


def _dashed_path(shape: str) -> str:
    return f'<path class="dashed" d="{shape}"/>' if shape else ""
