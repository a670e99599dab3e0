"""The weekday pattern of a daily series and the errors that it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean, median

WEEK = 7
PATTERN_DAYS = 56
PATTERN_FROM = 21  # three weeks: a median per weekday of fewer values is one of them
LEVEL_DAYS = 14  # two weeks: even, so that every weekday weighs the same
TO_SIGMA = 1.4826  # the median absolute deviation of a normal law, as its standard deviation

_MEDIAN_VARIANCE = 1.57  # the variance of a median of n, in units of that of a mean of n
_OWN_FROM = 5  # a weekday's errors that tell its own noise
_OWN_FULL = 2.0  # so many times that of all days it counts alone, below weighed by its days
_OWN_PRIOR = 8.0
_FEW = 3.0  # a scale from n values is itself uncertain: the margin is widened by 1 + 3/n


@dataclass
class Pattern:
    """What a weekday adds to the level (Monday first), and the errors that this leaves."""

    offsets: tuple[float, ...]
    residuals: list[float]
    weekdays: list[int]  # of the residuals

    def within(self, share: float) -> float:
        """Return what the given share of the last eight weeks' errors stays within."""
        sizes = sorted(map(abs, self.residuals[-PATTERN_DAYS:]))
        return sizes[min(len(sizes) - 1, int(share * len(sizes)))] if sizes else 0.0

    def scale(self) -> float:
        """Return the robust standard deviation of the last eight weeks' errors."""
        return float(TO_SIGMA * median(map(abs, self.residuals[-PATTERN_DAYS:] or [0.0])))

    def add(self, weekday: int, residual: float) -> None:
        """Learn the error of one more day."""
        self.residuals.append(residual)
        self.weekdays.append(weekday)

    def margin(self, threshold: float, weekday: int) -> float:
        """Return how far a day may lie from expected, given the series' own volatility."""
        recent = list(map(abs, self.residuals[-PATTERN_DAYS:]))
        usual = TO_SIGMA * median(recent)
        days = zip(self.weekdays[-PATTERN_DAYS:], recent, strict=True)
        scale = self._own_scale(usual, [size for day, size in days if day == weekday])
        return threshold * scale * (1 + _FEW / len(recent))

    @staticmethod
    def _own_scale(usual: float, same: list[float]) -> float:
        """Return the scale of a weekday that is more volatile than the others (a job's day)."""
        own = TO_SIGMA * median(same) if len(same) >= _OWN_FROM else 0.0
        if own <= usual or own > _OWN_FULL * usual:
            return max(own, usual)
        return float(usual * (own / usual) ** (len(same) / (len(same) + _OWN_PRIOR)))


def weekday_offsets(history: Sequence[tuple[int, float]]) -> tuple[float, ...]:
    """Return what each weekday adds to the level: the median distance from its week's mean.

    Shrunk towards zero by the share of it that noise explains, and zero when noise explains
    half or when there are fewer than three weeks.
    """
    flat = (0.0,) * WEEK
    if len(history) < PATTERN_FROM:
        return flat
    sums = [0.0, *accumulate(value for _, value in history)]
    distances: list[list[float]] = [[] for _ in range(WEEK)]
    for index, (weekday, value) in enumerate(history):
        start = max(0, min(index - WEEK // 2, len(history) - WEEK))
        distances[weekday].append(value - (sums[start + WEEK] - sums[start]) / WEEK)
    middles = [median(day_distances) if day_distances else 0.0 for day_distances in distances]
    errors = [
        abs(one - middle)
        for day_distances, middle in zip(distances, middles, strict=True)
        for one in day_distances
    ]
    noise = _MEDIAN_VARIANCE * (TO_SIGMA * median(errors)) ** 2 * WEEK / len(history)
    centre = fmean(middles)
    between = sum((middle - centre) ** 2 for middle in middles) / (WEEK - 1)
    if between <= 2 * noise:
        return flat
    return tuple((middle - centre) * (1 - noise / between) for middle in middles)


def fit(history: Sequence[tuple[int, float]]) -> Pattern:
    """Fit the weekday pattern of (weekday, value) pairs and the one-day errors of its level."""
    offsets = weekday_offsets(history)
    bare = [value - offsets[weekday] for weekday, value in history]
    start = median(bare[:LEVEL_DAYS])
    residuals = [value - start for value in bare[:WEEK]]
    residuals += [
        bare[index] - median(bare[max(0, index - LEVEL_DAYS) : index])
        for index in range(WEEK, len(bare))
    ]
    return Pattern(offsets, residuals, [weekday for weekday, _ in history])
