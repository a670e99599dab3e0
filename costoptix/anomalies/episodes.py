"""From a cost report to daily series, and from findings to episodes. Pure.

A series is what one service cost in one account and currency on complete days, amortised.
An episode runs from its first unusual day to its last one: one anomaly, one alert.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from statistics import median_low

from costoptix.anomalies.detect import Finding, Method, Settings, detect, deviation, severity_of
from costoptix.costs.answers import DailySeries
from costoptix.costs.query import CostQuery, Filter
from costoptix.failures import reason
from costoptix.lake.providers import account_of, canonical_value
from costoptix.models import Severity
from costoptix.money import EXACT, Amount, total
from costoptix.periods import FIRST_DAY, DateRange
from costoptix.series.baseline import DailyAmounts

METRIC = "effective_cost"
DIMENSIONS = ("provider_name", "service_name", "sub_account_id")
USUAL_DAYS = 28
"""The newest days whose middle one tells what an organization usually spends on a day."""

HISTORY_DAYS = 400
"""How many days before the last one a verdict can rest on: thirteen months."""

_NOTHING = Amount(0)


ReadSeries = Callable[[CostQuery, str], Iterator[DailySeries]]
"""Yields what each group of a query cost day by day, by one metric."""


@dataclass(frozen=True)
class Series:
    """A service in an account and a currency; provider and account in their one spelling."""

    provider_name: str | None
    service_name: str | None
    sub_account_id: str | None
    currency: str

    @classmethod
    def spelled(
        cls, provider: str | None, service: str | None, account: str | None, currency: str
    ) -> Series:
        """Return a series whose provider and account may be written in any way."""
        return cls(
            canonical_value("provider_name", provider),
            service,
            canonical_value("sub_account_id", account),
            currency,
        )

    @property
    def digest(self) -> str:
        """Return an identifier of this series, of a fixed length."""
        names = [self.provider_name, self.service_name, self.sub_account_id, self.currency]
        return hashlib.sha256(json.dumps(names).encode()).hexdigest()

    @property
    def account(self) -> str:
        """Return the account as the parameter ``account`` takes it."""
        return account_of(self.provider_name, self.sub_account_id)

    def query(self, days: DateRange) -> CostQuery:
        """Ask what this series cost over some days (in all currencies)."""
        names = (self.provider_name, self.service_name, self.sub_account_id)
        filters = (Filter(name, (value,)) for name, value in zip(DIMENSIONS, names, strict=True))
        return CostQuery(
            days, filters=tuple(sorted(filters, key=lambda condition: condition.dimension))
        )


@dataclass(frozen=True)
class Episode:
    """The days of a series from an unusual one to the last that belongs to it.

    All amounts are sums over all of these days.
    """

    series: Series
    days: DateRange
    actual: Amount
    expected: Amount
    low: Amount
    high: Amount
    impact: Amount
    deviation_percent: Decimal | None  # two places; None when nothing was expected
    severity: Severity
    method: Method
    parts: tuple[Episode, ...] = ()  # of several series, the largest first; ``series`` is its

    @property
    def key(self) -> tuple[str, date]:
        """Return what names this episode: its series and its first day."""
        return self.series.digest, self.days.first


@dataclass(frozen=True)
class Valuation:
    """What one or several days cost, what was expected of them, and between what bounds."""

    actual: Amount
    expected: Amount
    low: Amount
    high: Amount


@dataclass(frozen=True)
class Judged:
    """What a run of detection found: the complete days that it judged and their episodes."""

    days: DateRange | None
    series_count: int
    episodes: tuple[Episode, ...]
    note: str
    failed: frozenset[str] = frozenset()  # digests of the series that could not be judged
    daily_costs: Mapping[str, Amount] = field(default_factory=dict)  # usual ones, by currency
    recent_since: date = FIRST_DAY  # what ended before is history
    floors: Mapping[str, Amount] = field(default_factory=dict)  # by currency


def judge(
    complete: DateRange | None, read_series: ReadSeries, days: DateRange, settings: Settings
) -> Judged:
    """Find the episodes that begin on a complete day of ``days``, oldest first.

    Each verdict rests on the complete days before it, up to 13 months before the last of
    ``days``; ``complete`` are those of ``with_history(days)`` whose bills are all in. Where
    nothing can be judged, ``note`` says why. One series is held at a time, and one that breaks is
    logged and left out.
    """
    judged = complete.clip(days) if complete else None
    if complete is None or judged is None:
        return Judged(None, 0, (), "Not enough history: the range has no complete day.")
    unusual: list[Episode] = []
    spent: dict[str, list[Amount]] = {}
    notes = set()
    series_count = 0
    failed: set[str] = set()
    for costs in read_series(CostQuery(complete, group_by=DIMENSIONS), METRIC):
        series_count += 1
        provider, service, account = costs.group
        series = Series(provider, service, account, costs.currency)
        try:
            amounts = every_day(costs, complete)
            _spend(spent, costs.currency, amounts)
            detection = detect(amounts, settings)
            of_series = episodes(series, detection.findings, dict(amounts))
        except Exception as error:
            reason(error, f"the series {series.digest}")
            failed.add(series.digest)
        else:
            notes.add(detection.note)
            unusual += (episode for episode in of_series if episode.days.first in judged)
    unusual.sort(key=lambda e: (e.days.first, -abs(e.impact), e.series.digest))
    note = "" if "" in notes else next(iter(notes), "The range has no charges.")
    if failed:
        note = f"{len(failed)} of {series_count} series could not be judged; the error was logged."
    usual = {currency: median_low(amounts) for currency, amounts in spent.items()}
    return Judged(judged, series_count, tuple(unusual), note, frozenset(failed), usual)


def _spend(spent: dict[str, list[Amount]], currency: str, amounts: DailyAmounts) -> None:
    """Add the newest days of a series to what is spent on them in its currency."""
    newest = [amount for _, amount in amounts[-USUAL_DAYS:]]
    before = spent.get(currency, [_NOTHING] * len(newest))
    spent[currency] = [sum_ + amount for sum_, amount in zip(before, newest, strict=True)]


def every_day(costs: DailySeries, days: DateRange) -> DailyAmounts:
    """Return what a series cost on each of the days: nothing where it has no charges."""
    amounts = dict(costs.amounts)
    return [(day, amounts.get(day, _NOTHING)) for day in days]


def episodes(
    series: Series, findings: Iterable[Finding], amounts: Mapping[date, Amount]
) -> list[Episode]:
    """Put the findings of one series, oldest first, together; ``amounts`` are of every day."""
    runs: list[list[Finding]] = []
    for _, days in groupby(findings, key=lambda finding: finding.episode):
        run = list(days)
        # Also when a rule of its own judges the first day, as it does that of a month.
        if runs and _goes_on(runs[-1][-1], run[0]):
            runs[-1] += run
        else:
            runs.append(run)
    return [_episode(series, run, amounts) for run in runs]


def _goes_on(before: Finding, finding: Finding) -> bool:
    """Tell whether a day is unusual in the way that the day before it was."""
    is_next = finding.day - before.day == timedelta(days=1)
    return is_next and (finding.impact > 0) == (before.impact > 0)


def _episode(series: Series, unusual: list[Finding], amounts: Mapping[date, Amount]) -> Episode:
    days = DateRange(unusual[0].day, unusual[-1].day)
    # A day back at the usual level within an episode cost what was expected of it: with it the
    # actual cost is that of the whole range, as everybody else adds it up.
    between = set(days) - {finding.day for finding in unusual}
    usual = [amounts.get(day, _NOTHING) for day in between]
    figures = added_up([*unusual, *(Valuation(amount, amount, amount, amount) for amount in usual)])
    return valued(series, days, unusual[0].method, figures)


def added_up(parts: Sequence[Valuation | Finding | Episode]) -> Valuation:
    """Add up what days or episodes cost, and what was expected of them."""
    return Valuation(
        *(
            total([getattr(part, name) for part in parts])
            for name in ("actual", "expected", "low", "high")
        )
    )


def valued(
    series: Series,
    days: DateRange,
    method: Method,
    figures: Valuation,
    parts: tuple[Episode, ...] = (),
) -> Episode:
    """Return an episode with what follows from its figures: impact, deviation and severity."""
    impact = EXACT.subtract(figures.actual, figures.expected)
    percent = deviation(impact, figures.expected)
    return Episode(
        series=series,
        days=days,
        actual=figures.actual,
        expected=figures.expected,
        low=figures.low,
        high=figures.high,
        impact=impact,
        deviation_percent=percent,
        severity=severity_of(impact, percent),
        method=method,
        parts=parts,
    )


def with_history(days: DateRange) -> DateRange:
    """Return the days that verdicts on some days can rest on, these included."""
    earliest = days.last - timedelta(days=HISTORY_DAYS)
    return DateRange(max(FIRST_DAY, min(days.first, earliest)), days.last)
