"""The rhythm of a daily series: its level, weekday pattern, noise, and what returns.

``Follower`` walks along a series one day at a time and says of each day what was to be expected
from the days before it, never from later ones. Detection reads the verdicts, the forecast reads
the state after the last day, so that both believe the same baseline. Pure; values are floats,
because these are statistics; money is made of them at the edges only, by ``to_money``.

Every estimate is a median, so that a spike moves nothing, and every comparison is with
differences of values and shares of the level, so that scaling a series changes no verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import copysign
from statistics import fmean, median

from costoptix.money import Amount, to_amount
from costoptix.series.pattern import (
    LEVEL_DAYS,
    PATTERN_DAYS,
    PATTERN_FROM,
    TO_SIGMA,
    WEEK,
    Pattern,
    fit,
)
from costoptix.series.returns import Returns

DailyAmounts = Sequence[tuple[date, Amount]]
"""One currency's amounts: one entry per complete day, oldest first; a day without cost is zero."""

THRESHOLD = 4.5
"""How many robust standard deviations away from expected a day must lie to be flagged."""

MIN_HISTORY = 8
"""Days needed before the first verdict: every weekday, and one to spare."""

_CHARGES_KNOWN = 6
_CHARGE_GROWTH = 1.5  # a subscription that grows by half is no anomaly
_STRETCH = (0.2, 5.0)  # how much a level shift may stretch the weekday pattern
_SETTLED = 3  # days: of episodes in costs that last three days, most are level shifts
_NOISE_OF_FEW = 1.2  # errors of a line through seven days are smaller than those beside it
_PRIOR_DAYS = 3.0  # what the old noise weighs beside seven days after a level shift
_ROUNDING = 1e-9
_FLOOR, _FLOOR_YOUNG = 0.15, 0.2  # of the level: what deviates by less is nobody's business
_YOUNG = 70  # days in which the like has hardly come: a lower threshold, for recall
_YOUNG_SHARE = 0.6
_BARE_DAYS = 28
_BARE, _BARE_YOUNG = 3.0, 3.25  # robust deviations of the bare last days must agree
_CLEAR = 2.0  # but for what is so many margins away
_STOOD_OUT = 0.6  # of the margin: what may be a charge that returns


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
    """What was to be expected of a day, between ``low`` and ``high``, and whether it is flagged.

    A flagged day begins an episode or belongs to the one that was begun last; None where
    flagged days in a row are one.
    """

    expected: float
    low: float
    high: float
    flagged: bool
    begins: bool | None = None


@dataclass
class _Episode:
    """Days since one was flagged: (weekday, value, what the old baseline expected)."""

    deviation: float
    days: list[tuple[int, float, float]] = field(default_factory=list)
    away: int = 1
    back: int = 0


class Follower:
    """Walks along a daily series and keeps its baseline.

    A flagged day opens an episode. Days that stay away from the old baseline on the same side
    belong to it, and days back at it close it. After a week away the new level is the baseline:
    the history is restated to it, so that pattern and noise carry over, where it had any.

    What returns is not flagged: its like has come in the same slot before (see ``Returns``).
    """

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._threshold = threshold
        self._pattern = Pattern((0.0,) * WEEK, [], [])
        self._until_fit = 0
        self._episode: _Episode | None = None
        self.history: list[tuple[int, float]] = []
        """(weekday, value), oldest first: without month starts, spikes clipped, restated to
        the level of today."""
        self._days = 0
        self.returns = Returns()
        """What stood out, by day."""
        self.charges: list[float] = []
        """What the first days of months had beyond their expectation, oldest first."""

    def step(self, day: date, value: float) -> Verdict | None:
        """Judge ``day`` from the days before it, then learn from it.

        Days come in order. Returns None while there is too little history, and for a month
        start above the baseline as long as none was seen before: it may be a subscription.
        """
        self._days += 1
        if len(self.history) < MIN_HISTORY:
            self._begin(day, value)
            return None
        self._refit_when_due()
        level = self.level()
        expected = level + self._pattern.offsets[day.weekday()]
        margin = self._margin(day, level) + _ROUNDING * max(abs(value), abs(expected))
        deviation = value - expected
        self.returns.see(day, deviation, stands_out=abs(deviation) > _STOOD_OUT * margin)
        if day.day == 1:
            return self._judge_month_start(value, expected, margin)
        before = self._episode
        if before is None:
            flagged = self._judge(day, value, expected, margin)
        else:
            flagged = self._judge_within(before, day, value, expected, margin)
        if flagged:
            expected += self.returns.usual(day)
        begins = self._episode is not before and self._episode is not None
        return Verdict(expected, expected - margin, expected + margin, flagged, begins)

    def _begin(self, day: date, value: float) -> None:
        """Learn one of the first days; month starts are charges and no part of the level."""
        if len(self.history) >= _SETTLED:
            middle = median(before for _, before in self.history)
            self.returns.see(day, value - middle, stands_out=True)
        if day.day != 1:
            self.history.append((day.weekday(), value))

    @property
    def _is_young(self) -> bool:
        return self._days <= _YOUNG

    def _margin(self, day: date, level: float) -> float:
        share, floor = (_YOUNG_SHARE, _FLOOR_YOUNG) if self._is_young else (1.0, _FLOOR)
        margin = self._pattern.margin(share * self._threshold, day.weekday())
        return max(margin, floor * abs(level))

    def _stands_out(self, value: float) -> bool:
        """Tell whether a value lies outside of the bare last four weeks too.

        This takes the false alarms of a mistaken weekday pattern or a drift.
        """
        recent = [before for _, before in self.history[-_BARE_DAYS:]]
        middle = median(recent)
        scale = TO_SIGMA * median(abs(before - middle) for before in recent)
        return abs(value - middle) > (_BARE_YOUNG if self._is_young else _BARE) * scale

    def level(self) -> float:
        """Return the median of the last two weeks, without the weekday pattern.

        Raises:
            statistics.StatisticsError: there is no history.
        """
        return median(self.without_weekdays(LEVEL_DAYS))

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

    def foreseen(self, days: Sequence[date]) -> list[float]:
        """Return what the coming days will have beyond the baseline: what returns on them."""
        amounts = self.returns.foreseen(days)
        first = self.month_start_charge()
        return [
            amount or (first if day.day == 1 else 0.0)
            for day, amount in zip(days, amounts, strict=True)
        ]

    def same_weekday(self, weekday: int, count: int) -> list[float]:
        """Return the values of a weekday among the last ``count`` of the history."""
        return [value for day, value in self.history[-count:] if day == weekday]

    def noise(self) -> float:
        """Return the robust standard deviation of the one-day errors."""
        return self._pattern.scale()

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
        if self._until_fit <= 0 or len(self.history) < 5 * WEEK:
            self._pattern = fit(self.history[-PATTERN_DAYS:])
            self._until_fit = WEEK
        self._until_fit -= 1

    def _judge_month_start(self, value: float, expected: float, margin: float) -> Verdict | None:
        charges = self.charges[-_CHARGES_KNOWN:]
        low = expected + min([0.0, *charges]) - margin
        high = expected + _CHARGE_GROWTH * max([0.0, *charges]) + margin
        usual = median(charges) if charges else 0.0
        flagged = not low <= value <= high
        if self._episode is not None:
            goes_on = flagged and self._stays_away(self._episode, value - expected - usual)
            return Verdict(expected + usual, low, high, True, begins=False) if goes_on else None
        self.charges.append(value - expected)
        if not charges and value > expected:
            return None
        return Verdict(expected + usual, low, high, flagged, begins=flagged)

    @staticmethod
    def _stays_away(episode: _Episode, deviation: float) -> bool:
        """Tell whether a month start belongs to an episode, though it may hold a charge too."""
        same_side = deviation * episode.deviation > 0
        stays = same_side and abs(deviation) >= abs(episode.deviation) / 2
        episode.away += stays
        return stays

    def _judge(self, day: date, value: float, expected: float, margin: float) -> bool:
        deviation = value - expected
        near = abs(deviation) <= margin or self._seen_before(value, margin)
        clear = abs(deviation) > _CLEAR * margin
        if near or not (clear or self._stands_out(value)):
            self._learn(day.weekday(), value, deviation)
            return False
        if self.returns.is_weekly(day, deviation):
            self.history.append((day.weekday(), value))  # the pattern learns it
            return False
        if self._has_returned(day, deviation, margin):
            self.history.append((day.weekday(), expected))
            return False
        self._open(day.weekday(), value, expected, margin)
        return True

    def _has_returned(self, day: date, deviation: float, margin: float) -> bool:
        """Tell whether a deviation is what usually comes on such a day, or nearly so."""
        usual = self.returns.usual(day)
        near = usual * deviation > 0 and abs(deviation - usual) <= margin
        return near or self.returns.has_seen(day, deviation)

    def _seen_before(self, value: float, margin: float) -> bool:
        """Tell whether a young series already holds such a value: it may be a weekday's."""
        if len(self.history) >= PATTERN_FROM:
            return False
        values = [value for _, value in self.history]
        return min(values) - margin / 4 <= value <= max(values) + margin / 4

    def _judge_within(
        self, episode: _Episode, day: date, value: float, expected: float, margin: float
    ) -> bool:
        deviation, weekday = value - expected, day.weekday()
        same_side = deviation * episode.deviation > 0
        near = abs(deviation) <= margin
        if same_side:
            near = near and abs(deviation) <= abs(episode.deviation) / 2
        elif not near:
            if self.returns.is_weekly(day, deviation) or self._has_returned(day, deviation, margin):
                self.history.append((weekday, expected))
                return False
            self._open(weekday, value, expected, margin)
            return True
        clipped = expected + copysign(min(abs(deviation), margin), deviation)
        self.history.append((weekday, clipped))
        episode.days.append((weekday, value, expected))
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
        if len(episode.days) >= WEEK:
            self._restate(episode, self._slope(episode))
        return not near

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
