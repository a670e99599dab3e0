"""The rhythm of a daily series: its level, weekday pattern, noise and month-start charges.

``Follower`` walks along a series one day at a time and says of each day what was to be expected
from the days before it, never from later ones. Detection reads the verdicts, the forecast reads
the state after the last day, so that both believe the same baseline. Pure; values are floats,
because these are statistics; money is made of them at the edges only, by ``to_money``.

Every estimate is a median, so that a spike moves nothing, and every comparison is with a
difference of values, so that adding a constant to a series or scaling it changes no verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import accumulate, pairwise
from math import copysign
from statistics import fmean, median

from costoptix.money import Amount, to_amount

DailyAmounts = Sequence[tuple[date, Amount]]
"""One currency's amounts: one entry per complete day, oldest first; a day without cost is zero."""

THRESHOLD = 4.5
"""How many robust standard deviations away from expected a day must lie to be flagged."""

MIN_HISTORY = 8
"""Days needed before the first verdict: every weekday, and one to spare."""

_PATTERN_FROM = 21  # three weeks: a median per weekday of fewer values is one of them
_PATTERN_DAYS = 56
_LEVEL_DAYS = 14  # two weeks: even, so that every weekday weighs the same
_WEEK = 7
_TO_SIGMA = 1.4826  # the median absolute deviation of a normal law, as its standard deviation
_MEDIAN_VARIANCE = 1.57  # the variance of a median of n, in units of that of a mean of n
_OWN_FROM, _OWN_STANDS_OUT = 6, 5.0  # a weekday's errors that tell its noise, if so much larger
_TAIL = (0.95, 1.25)  # beyond normal laws: never inside 1.25 times what one day in 20 does
_FEW = 3.0  # a scale from n values is itself uncertain: the margin is widened by 1 + 3/n
_WORSE = 2.0  # within an episode only a day twice as far away is news
_CHARGES_KNOWN = 6
_CHARGE_GROWTH = 1.5  # a subscription that grows by half is no anomaly
_STRETCH = (0.2, 5.0)  # how much a level shift may stretch the weekday pattern
_SETTLED = 3  # days: of episodes in costs that last three days, most are level shifts
_NOISE_OF_FEW = 1.2  # errors of a line through seven days are smaller than those beside it
_PRIOR_DAYS = 3.0  # what the old noise weighs beside seven days after a level shift
_ROUNDING = 1e-9


def check(amounts: DailyAmounts) -> None:
    """Make sure that the days ascend and the amounts are numbers.

    Raises:
        ValueError: a day twice or out of order, NaN or infinity.
    """
    days = [day for day, _ in amounts]
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise ValueError("days must ascend")
    if not all(amount.is_finite() for _, amount in amounts):
        raise ValueError("amounts must be finite")


def to_money(value: float) -> Amount:
    """Return a statistic as money: 12 significant digits, more than it can mean."""
    return to_amount(Decimal(f"{value:.12g}"))


@dataclass(frozen=True)
class Verdict:
    """What was to be expected of a day, between ``low`` and ``high``, and whether it is flagged."""

    expected: float
    low: float
    high: float
    flagged: bool


@dataclass
class Pattern:
    """What a weekday adds to the level (Monday first), and the errors that this leaves."""

    offsets: tuple[float, ...]
    residuals: list[float]
    weekdays: list[int]  # of the residuals

    def within(self, share: float) -> float:
        """Return what the given share of the last eight weeks' errors stays within."""
        sizes = sorted(map(abs, self.residuals[-_PATTERN_DAYS:]))
        return sizes[min(len(sizes) - 1, int(share * len(sizes)))] if sizes else 0.0

    def add(self, weekday: int, residual: float) -> None:
        """Learn the error of one more day."""
        self.residuals.append(residual)
        self.weekdays.append(weekday)

    def margin(self, threshold: float, weekday: int) -> float:
        """Return how far a day may lie from expected, given the series' own volatility.

        A weekday that is far more volatile than the other days (that of a weekly job, while
        nothing moves between) has a margin of its own.
        """
        recent = self.residuals[-_PATTERN_DAYS:]
        same = [
            abs(residual)
            for day, residual in zip(self.weekdays[-_PATTERN_DAYS:], recent, strict=True)
            if day == weekday
        ]
        normal = _TO_SIGMA * median(map(abs, recent))
        own = _TO_SIGMA * median(same) if len(same) >= _OWN_FROM else 0.0
        normal = own if own > _OWN_STANDS_OUT * normal else normal
        share, factor = _TAIL
        # both bounds move with the threshold; at the default one they are what _TAIL says
        heavy = factor / THRESHOLD * self.within(share)
        return threshold * max(normal, heavy) * (1 + _FEW / len(recent))


@dataclass
class _Episode:
    """Days since one was flagged: (weekday, value, what the old baseline expected)."""

    deviation: float
    days: list[tuple[int, float, float]] = field(default_factory=list)
    away: int = 1
    back: int = 0


def weekday_offsets(history: Sequence[tuple[int, float]]) -> tuple[float, ...]:
    """Return what each weekday adds to the level: the median distance from its week's mean.

    Shrunk towards zero by the share of it that noise explains, and zero when noise explains
    half or when there are fewer than three weeks.
    """
    flat = (0.0,) * _WEEK
    if len(history) < _PATTERN_FROM:
        return flat
    sums = [0.0, *accumulate(value for _, value in history)]
    distances: list[list[float]] = [[] for _ in range(_WEEK)]
    for index, (weekday, value) in enumerate(history):
        start = max(0, min(index - _WEEK // 2, len(history) - _WEEK))
        distances[weekday].append(value - (sums[start + _WEEK] - sums[start]) / _WEEK)
    middles = [median(day_distances) if day_distances else 0.0 for day_distances in distances]
    errors = [
        abs(one - middle)
        for day_distances, middle in zip(distances, middles, strict=True)
        for one in day_distances
    ]
    noise = _MEDIAN_VARIANCE * (_TO_SIGMA * median(errors)) ** 2 * _WEEK / len(history)
    centre = fmean(middles)
    between = sum((middle - centre) ** 2 for middle in middles) / (_WEEK - 1)
    if between <= 2 * noise:
        return flat
    return tuple((middle - centre) * (1 - noise / between) for middle in middles)


def fit(history: Sequence[tuple[int, float]]) -> Pattern:
    """Fit the weekday pattern of (weekday, value) pairs and the one-day errors of its level."""
    offsets = weekday_offsets(history)
    bare = [value - offsets[weekday] for weekday, value in history]
    start = median(bare[:_LEVEL_DAYS])
    residuals = [value - start for value in bare[:_WEEK]]
    residuals += [
        bare[index] - median(bare[max(0, index - _LEVEL_DAYS) : index])
        for index in range(_WEEK, len(bare))
    ]
    return Pattern(offsets, residuals, [weekday for weekday, _ in history])


class Follower:
    """Walks along a daily series and keeps its baseline.

    A flagged day opens an episode. While it lasts, days that stay away from the old baseline on
    the same side are not flagged again (unless twice as far away), and days back at it close
    the episode. After a week away the new level is the baseline: the history is restated to it,
    so that pattern and noise carry over, where it had any.
    """

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._threshold = threshold
        self._pattern = Pattern((0.0,) * _WEEK, [], [])
        self._until_fit = 0
        self._episode: _Episode | None = None
        self.history: list[tuple[int, float]] = []
        """(weekday, value), oldest first: without month starts, spikes clipped, restated to
        the level of today."""
        self.charges: list[float] = []
        """What the first days of months had beyond their expectation, oldest first."""

    def step(self, day: date, value: float) -> Verdict | None:
        """Judge ``day`` from the days before it, then learn from it.

        Days come in order. Returns None while there is too little history, and for a month
        start above the baseline as long as none was seen before: it may be a subscription.
        """
        if len(self.history) < MIN_HISTORY:
            if day.day != 1:
                self.history.append((day.weekday(), value))
            return None
        self._refit_when_due()
        expected = self.level() + self._pattern.offsets[day.weekday()]
        margin = self._pattern.margin(self._threshold, day.weekday())
        margin += _ROUNDING * max(abs(value), abs(expected))
        if day.day == 1:
            return self._judge_month_start(value, expected, margin)
        if self._episode is None:
            flagged = self._judge(day.weekday(), value, expected, margin)
        else:
            flagged = self._judge_within(self._episode, day.weekday(), value, expected, margin)
        return Verdict(expected, expected - margin, expected + margin, flagged)

    def level(self) -> float:
        """Return the median of the last two weeks, without the weekday pattern.

        Raises:
            statistics.StatisticsError: there is no history.
        """
        return median(self.without_weekdays(_LEVEL_DAYS))

    def without_weekdays(self, count: int) -> list[float]:
        """Return the last ``count`` values of the history less their weekdays' offsets."""
        offsets = self._pattern.offsets
        return [value - offsets[day] for day, value in self.history[-count:]]

    def month_start_charge(self) -> float:
        """Return what the first of a month usually adds: the median of the last three seen.

        Zero when none was seen, or when it drowns in the noise of ordinary days.
        """
        if not self.charges:
            return 0.0
        usual = median(self.charges[-3:])
        return usual if abs(usual) > self.typical_error(0.8) else 0.0

    def typical_error(self, share: float) -> float:
        """Return what the given share of one-day errors of the present baseline stays within."""
        return self._pattern.within(share)

    def offset(self, day: date) -> float:
        """Return what the weekday of ``day`` adds to the level."""
        return self._pattern.offsets[day.weekday()]

    def settle(self) -> None:
        """Take an unfinished episode for a new level when it has lasted three days or more.

        For forecasts, which must choose. The pattern is stretched by the factor of the change,
        as so few days show no slope of their own.
        """
        episode = self._episode
        if episode is not None and episode.away >= _SETTLED and not episode.back:
            old = fmean(was for _, _, was in episode.days)
            new = fmean(value for _, value, _ in episode.days)
            self._restate(episode, new / old if old > 0 and new > 0 else 1.0)
        self._refit_when_due()

    def _refit_when_due(self) -> None:
        """Fit the pattern weekly (daily while it is young): it moves slowly and costs most."""
        if self._until_fit <= 0 or len(self.history) < 5 * _WEEK:
            self._pattern = fit(self.history[-_PATTERN_DAYS:])
            self._until_fit = _WEEK
        self._until_fit -= 1

    def _judge_month_start(self, value: float, expected: float, margin: float) -> Verdict | None:
        charges = self.charges[-_CHARGES_KNOWN:]
        low = expected + min([0.0, *charges]) - margin
        high = expected + _CHARGE_GROWTH * max([0.0, *charges]) + margin
        if self._episode is not None:
            return None
        self.charges.append(value - expected)
        if not charges and value > expected:
            return None
        usual = median(charges) if charges else 0.0
        return Verdict(expected + usual, low, high, not low <= value <= high)

    def _judge(self, weekday: int, value: float, expected: float, margin: float) -> bool:
        deviation = value - expected
        if abs(deviation) <= margin or self._seen_before(value, margin):
            self._learn(weekday, value, deviation)
            return False
        self._open(weekday, value, expected, margin)
        return True

    def _seen_before(self, value: float, margin: float) -> bool:
        """Tell whether a young series already holds such a value: it may be a weekday's."""
        if len(self.history) >= _PATTERN_FROM:
            return False
        values = [value for _, value in self.history]
        return min(values) - margin / 4 <= value <= max(values) + margin / 4

    def _judge_within(
        self, episode: _Episode, weekday: int, value: float, expected: float, margin: float
    ) -> bool:
        deviation = value - expected
        same_side = deviation * episode.deviation > 0
        near = abs(deviation) <= margin
        if same_side:
            near = near and abs(deviation) <= abs(episode.deviation) / 2
        elif not near:
            self._open(weekday, value, expected, margin)
            return True
        clipped = expected + copysign(min(abs(deviation), margin), deviation)
        self.history.append((weekday, clipped))
        episode.days.append((weekday, value, expected))
        worse = False
        if near:
            episode.back += 1
            # after days away one day back may be chance, three are not
            if episode.back >= (1 if episode.away <= 2 else 3):
                self._episode = None
                self._pattern.add(weekday, deviation)
                return False
        else:
            episode.back = 0
            episode.away += 1
            worse = abs(deviation) > max(
                _WORSE * abs(episode.deviation), abs(episode.deviation) + margin
            )
            if worse:
                episode.deviation = deviation
        if len(episode.days) >= _WEEK:
            self._restate(episode, self._slope(episode))
        return worse

    def _open(self, weekday: int, value: float, expected: float, margin: float) -> None:
        deviation = value - expected
        self._episode = _Episode(deviation, [(weekday, value, expected)])
        self.history.append((weekday, expected + copysign(margin, deviation)))

    def _learn(self, weekday: int, value: float, deviation: float) -> None:
        self.history.append((weekday, value))
        self._pattern.add(weekday, deviation)

    def _slope(self, episode: _Episode) -> float:
        """Return the slope of the episode's values on the weekdays' offsets, 1 without pattern.

        Costs mostly grow by a factor, which stretches their weekday pattern too.
        """
        offsets = [self._pattern.offsets[day] for day, _, _ in episode.days]
        centre = fmean(offsets)
        spread = sum((offset - centre) ** 2 for offset in offsets)
        pairs = zip(offsets, episode.days, strict=True)
        covariance = sum((offset - centre) * value for offset, (_, value, _) in pairs)
        return covariance / spread if spread > 0 else 1.0

    def _restate(self, episode: _Episode, slope: float) -> None:
        """Make the level of the episode the baseline: restate the history to it.

        The old pattern is moved, and stretched by ``slope``; the noise is what the new days
        show, tempered by the old. Days that did not move at all (the zeros before a service
        begins) hold neither pattern nor noise: after them the series begins anew.
        """
        slope = min(_STRETCH[1], max(_STRETCH[0], slope))
        new = fmean(value for _, value, _ in episode.days)
        old = fmean(was for _, _, was in episode.days)
        if self._never_moved(_ROUNDING * max(abs(new), abs(old))):
            self._begin_anew(episode)
            return
        errors = [value - new - slope * (was - old) for _, value, was in episode.days]
        noise = max(self._noise_ratio(errors), slope)
        level, offsets = self.level(), self._pattern.offsets
        self.history = [
            (
                day,
                new + slope * (level + offsets[day] - old) + noise * (value - level - offsets[day]),
            )
            for day, value in self.history[: -len(episode.days)]
        ]
        self.history += [(day, value) for day, value, _ in episode.days]
        # a charge may be fixed or follow the level: what was seen stays possible
        self.charges = [max(charge, slope * charge) for charge in self.charges]
        self._episode, self._until_fit = None, 0

    def _never_moved(self, rounding: float) -> bool:
        """Tell whether the baseline has neither weekday pattern nor noise."""
        noise = median(map(abs, self._pattern.residuals))
        return noise <= rounding and not any(self._pattern.offsets)

    def _begin_anew(self, episode: _Episode) -> None:
        """Forget what was before an episode."""
        self.history = [(day, value) for day, value, _ in episode.days]
        self.charges = []
        self._pattern = fit(self.history)
        self._episode, self._until_fit = None, 0

    def _noise_ratio(self, errors: list[float]) -> float:
        """Return by what factor the noise changed, from the errors of some days since."""
        before = median(map(abs, self._pattern.residuals))
        if before == 0:
            return 1.0
        centre, count = median(errors), len(errors)
        after = _NOISE_OF_FEW * median(abs(error - centre) for error in errors) / before
        return float(((count * after**2 + _PRIOR_DAYS) / (count + _PRIOR_DAYS)) ** 0.5)
