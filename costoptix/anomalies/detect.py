"""What is unusual in a daily series: four methods, no look-ahead.

Pure functions: the amounts of one service, account and currency on complete days → findings.
The finding for a day uses only that day and those before it, so that a finding never changes
when time goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from math import sqrt
from statistics import fmean

from costoptix.errors import Invalid
from costoptix.figures.trends import share
from costoptix.models import Severity
from costoptix.money import Amount, rounded
from costoptix.series.baseline import (
    MIN_HISTORY,
    THRESHOLD,
    DailyAmounts,
    Follower,
    Verdict,
    check,
    to_money,
)

MIN_LOOKBACK = 7
MAX_LOOKBACK = 365
DEFAULT_LOOKBACK = 30
_ROUNDING = 1e-9


class Method(StrEnum):
    """How a day is judged. ``adaptive`` is recommended, ``rolling_z_score`` the default."""

    ROLLING_Z_SCORE = "rolling_z_score"
    ADAPTIVE = "adaptive"
    STANDARD_Z_SCORE = "standard_z_score"
    SIMPLE_THRESHOLD = "simple_threshold"


SEVERITY_RULE = (
    (Severity.CRITICAL, Decimal(1000), Decimal(100)),
    (Severity.HIGH, Decimal(250), Decimal(50)),
    (Severity.MEDIUM, Decimal(50), Decimal(20)),
)
"""At least so much money (in the currency of the bill) and so many percent; else low."""

THRESHOLDS: dict[Method, tuple[float, float, float]] = {
    Method.ROLLING_Z_SCORE: (2.0, 0.5, 20.0),
    Method.ADAPTIVE: (THRESHOLD, 0.5, 20.0),
    Method.STANDARD_Z_SCORE: (2.0, 0.5, 20.0),
    Method.SIMPLE_THRESHOLD: (50.0, 1.0, 10_000.0),
}
"""Default, lowest and highest threshold: standard deviations; for the last method percent."""


@dataclass(frozen=True)
class Settings:
    """A method, how many days it looks back, and from where it flags (None: its default).

    Only the rolling z-score and the simple threshold have a look-back; the others use all
    earlier days.
    """

    method: Method = Method.ROLLING_Z_SCORE
    lookback_days: int = DEFAULT_LOOKBACK
    threshold: float | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            Invalid: the look-back or the threshold lies outside what is allowed.
        """
        if not MIN_LOOKBACK <= self.lookback_days <= MAX_LOOKBACK:
            raise Invalid(f"lookback_days must be from {MIN_LOOKBACK} to {MAX_LOOKBACK}.")
        _, lowest, highest = THRESHOLDS[self.method]
        if not lowest <= self.limit <= highest:
            raise Invalid(f"threshold of {self.method} must be from {lowest:g} to {highest:g}.")

    @property
    def limit(self) -> float:
        """Return the threshold in force."""
        return THRESHOLDS[self.method][0] if self.threshold is None else self.threshold


@dataclass(frozen=True)
class Finding:
    """A day that lies outside what its method expected (``low`` to ``high``, both included).

    ``impact`` is ``actual`` less ``expected``: negative when a day cost less.
    ``deviation_percent`` is what ``deviation`` says. The findings of one episode, named by its
    first day, are one alert: those on consecutive days, and with the adaptive method the days
    that stay away from what was expected, until they are back or the new level is usual.
    """

    day: date
    actual: Amount
    expected: Amount
    low: Amount
    high: Amount
    deviation_percent: Decimal | None
    impact: Amount
    severity: Severity
    method: Method
    episode: date


@dataclass(frozen=True)
class Detection:
    """Findings, oldest first, and a note in words when the history did not allow any."""

    findings: list[Finding]
    note: str


def detect(amounts: DailyAmounts, settings: Settings | None = None) -> Detection:
    """Find the unusual days of a series, by the default method unless another is given.

    Raises:
        ValueError: days out of order, or an amount that is not finite.
    """
    settings = settings or Settings()
    check(amounts)
    needed = MIN_HISTORY if settings.method is Method.ADAPTIVE else MIN_LOOKBACK
    if len(amounts) <= needed:
        note = f"Not enough history: {len(amounts)} complete days, {needed + 1} are needed."
        return Detection([], note)
    findings: list[Finding] = []
    for (day, actual), verdict in zip(amounts, verdicts(amounts, settings), strict=True):
        if verdict is not None and verdict.flagged:
            episode = _episode(day, verdict, findings)
            findings.append(_finding(day, actual, verdict, settings.method, episode))
    return Detection(findings, "")


def verdicts(amounts: DailyAmounts, settings: Settings) -> Iterator[Verdict | None]:
    """Yield what was to be expected of each day from those before it; None where nothing was."""
    return _JUDGES[settings.method](amounts, settings)


def _episode(day: date, verdict: Verdict, before: Sequence[Finding]) -> date:
    """Return the first day of the episode that a flagged day belongs to."""
    begins = verdict.begins
    if begins is None:
        begins = not before or before[-1].day != day - timedelta(days=1)
    return day if begins else before[-1].episode


def severity_of(impact: Amount, deviation_percent: Decimal | None) -> Severity:
    """Return the first severity of ``SEVERITY_RULE`` whose money and percent are both reached.

    The sign does not matter: an unexpected saving may be an outage. A deviation from nothing
    (None) counts as infinite.
    """
    for severity, money, percent in SEVERITY_RULE:
        if abs(impact) >= money and (
            deviation_percent is None or abs(deviation_percent) >= percent
        ):
            return severity
    return Severity.LOW


def deviation(impact: Amount, expected: Amount) -> Decimal | None:
    """Return an impact in percent of the size of what was expected, two places.

    None when nothing was expected, or so little that the percentage is beyond all measure.
    """
    percent = share(impact, abs(expected))
    return None if percent is None else rounded(percent, 2)


def _finding(day: date, actual: Amount, verdict: Verdict, method: Method, episode: date) -> Finding:
    expected = to_money(verdict.expected)
    impact = actual - expected
    percent = deviation(impact, expected)
    return Finding(
        day=day,
        actual=actual,
        expected=expected,
        low=to_money(verdict.low),
        high=to_money(verdict.high),
        deviation_percent=percent,
        impact=impact,
        severity=severity_of(impact, percent),
        method=method,
        episode=episode,
    )


def _rolling_z_score(amounts: DailyAmounts, settings: Settings) -> Iterator[Verdict | None]:
    """Compare with mean and standard deviation of the look-back days before (at least 7)."""
    return _z_scores(amounts, settings.lookback_days, settings.limit)


def _standard_z_score(amounts: DailyAmounts, settings: Settings) -> Iterator[Verdict | None]:
    """Compare with mean and standard deviation of all days before (at least 7)."""
    return _z_scores(amounts, len(amounts), settings.limit)


def _simple_threshold(amounts: DailyAmounts, settings: Settings) -> Iterator[Verdict | None]:
    """Compare with the mean of the look-back days before: flagged above it by the percentage."""
    for value, before in _windows(amounts, settings.lookback_days):
        if before is None:
            yield None
            continue
        mean = fmean(before)
        margin = settings.limit / 100 * abs(mean)
        yield Verdict(
            mean, mean - margin, mean + margin, value - mean > margin + _rounding(value, mean)
        )


def _adaptive(amounts: DailyAmounts, settings: Settings) -> Iterator[Verdict | None]:
    """Follow level, weekdays, volatility and what returns: see ``series.baseline``."""
    follower = Follower(settings.limit)
    for day, amount in amounts:
        yield follower.step(day, float(amount))


_JUDGES: dict[Method, Callable[[DailyAmounts, Settings], Iterator[Verdict | None]]] = {
    Method.ROLLING_Z_SCORE: _rolling_z_score,
    Method.ADAPTIVE: _adaptive,
    Method.STANDARD_Z_SCORE: _standard_z_score,
    Method.SIMPLE_THRESHOLD: _simple_threshold,
}


def _z_scores(amounts: DailyAmounts, lookback: int, threshold: float) -> Iterator[Verdict | None]:
    for value, before in _windows(amounts, lookback):
        if before is None:
            yield None
            continue
        mean = fmean(before)
        deviation = sqrt(fmean([(one - mean) ** 2 for one in before]))
        margin = threshold * deviation + _rounding(value, mean)
        yield Verdict(mean, mean - margin, mean + margin, abs(value - mean) > margin)


def _windows(
    amounts: DailyAmounts, lookback: int
) -> Iterator[tuple[float, Sequence[float] | None]]:
    """Give each value with up to ``lookback`` values before it, None while there are too few."""
    values = [float(amount) for _, amount in amounts]
    for index, value in enumerate(values):
        before = values[max(0, index - lookback) : index]
        yield value, before if len(before) >= MIN_LOOKBACK else None


def _rounding(value: float, mean: float) -> float:
    """Return a margin for what binary arithmetic rounds, so that equal days stay equal."""
    return _ROUNDING * max(abs(value), abs(mean))
