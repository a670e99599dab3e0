"""Measure how right detection and forecasts are on labelled daily series.

    python bench/judgement.py --series DIR [--by event|day] [--json]

DIR holds files ``date,value,label``: label 1 marks an anomalous day, of a level shift its first
day only. Detection walks each series as the product does, without look-ahead, and is scored by
micro F1. By event (the default), labelled days in a row are an event and flagged days in a row
an alert, matched one to one where they touch within a day; by day, flagged and labelled days
are. A kind is what a file's name begins with (``leak_03.csv``); ``short`` and ``long`` are below
and from 150 days on. Forecasts start every 15 days from day 90 on, on long series, where 30 days
follow to compare with; real series and generated ones are added up apart. ``origin`` is the last
day that a forecast knew.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import baselines
from bench.scoring import (
    HORIZON,
    TOLERANCE,
    Accuracy,
    Score,
    Series,
    Share,
    Span,
    accuracy,
    level_shifts,
    read,
    runs,
    score,
    score_events,
)
from costoptix.anomalies.detect import Method, Settings, detect
from costoptix.series.forecast import (
    SUM_DAYS,
    Forecast,
    ForecastDay,
    ForecastSum,
    Horizon,
    forecast,
)

RULES = ("default", "adaptive", "mad28", "weekday8")
FORECASTS = ("costoptix", "seasonal_naive", "weekday_mean4")
METHODS = {"default": Method.ROLLING_Z_SCORE, "adaptive": Method.ADAPTIVE}
SCORERS = {"event": score_events, "day": score}
SHIFT_DAYS = 28


@dataclass(frozen=True)
class Judged:
    """A series with what each rule flags (indices) and the forecasts by last known day."""

    series: Series
    flagged: dict[str, list[int]]
    episodes: dict[str, list[Span]]
    forecasts: dict[date, Forecast]

    def scores(self, by: str) -> dict[str, Score]:
        """Score each rule, by ``event`` or by ``day``."""
        labelled, days = self.series.labelled, len(self.series.days)
        return {rule: SCORERS[by](self.flagged[rule], labelled, days) for rule in RULES}

    def accuracies(self) -> dict[str, Accuracy]:
        """Compare the forecasts, and those of the baselines, with what came."""
        values, result = self.series.values, {name: Accuracy() for name in FORECASTS}
        for known, ahead in zip(self.series.origins(), self.forecasts.values(), strict=True):
            before, came = values[:known], values[known : known + HORIZON]
            days = ahead.days[:HORIZON]
            expected = [float(one.expected) for one in days]
            ranges = [(float(one.low), float(one.high)) for one in days]
            naive = baselines.seasonal_naive(before, HORIZON)
            mean = baselines.weekday_mean4(before, HORIZON)
            result["costoptix"].add(accuracy(expected, came, ranges))
            result["seasonal_naive"].add(accuracy(naive, came))
            result["weekday_mean4"].add(accuracy(mean, came))
        return result

    def sums(self) -> dict[date, list[ForecastSum]]:
        """Return the foreseen sums of as many days as follow, by the last day that was known."""
        following = [len(self.series.days) - known for known in self.series.origins()]
        return {
            origin: [one for one in ahead.sums if one.days <= left]
            for (origin, ahead), left in zip(self.forecasts.items(), following, strict=True)
        }

    def held(self) -> dict[int, Share]:
        """Count how many of the foreseen sums lie within their range, by their days."""
        values, result = self.series.values, {days: Share() for days in SUM_DAYS}
        for known, sums in zip(self.series.origins(), self.sums().values(), strict=True):
            for one in sums:
                came = sum(values[known : known + one.days])
                result[one.days].add(float(one.low) <= came <= float(one.high))
        return result


def judge(series: Series) -> Judged:
    """Let every rule flag the series, and forecast it from each origin."""
    amounts = list(zip(series.days, series.amounts, strict=True))
    position = {day: index for index, day in enumerate(series.days)}
    flagged = {
        "mad28": baselines.mad28(series.values),
        "weekday8": baselines.weekday8(series.values),
    }
    episodes = {rule: runs(indices) for rule, indices in flagged.items()}
    for rule, method in METHODS.items():
        spans: dict[date, Span] = {}
        for finding in detect(amounts, Settings(method)).findings:
            spans[finding.episode] = (position[finding.episode], position[finding.day])
        episodes[rule] = list(spans.values())
        # an episode is one alert, also when a day in it is back
        flagged[rule] = [day for first, last in spans.values() for day in range(first, last + 1)]
    forecasts = {
        series.days[known - 1]: forecast(amounts[:known], Horizon.DAYS_90)
        for known in series.origins()
    }
    return Judged(series, flagged, episodes, forecasts)


def total_scores(everything: Sequence[Judged], by: str) -> dict[str, dict[str, Score]]:
    """Add the scores up per kind and rule."""
    totals: dict[str, dict[str, Score]] = {}
    for judged in everything:
        for kind in dict.fromkeys(("all", judged.series.kind, judged.series.family)):
            rules = totals.setdefault(kind, {rule: Score() for rule in RULES})
            for rule, one in judged.scores(by).items():
                rules[rule].add(one)
    return totals


def total_accuracies(everything: Iterable[Judged]) -> dict[str, Accuracy]:
    """Add the forecast errors up."""
    totals = {name: Accuracy() for name in FORECASTS}
    for judged in everything:
        for name, one in judged.accuracies().items():
            totals[name].add(one)
    return totals


def total_held(everything: Iterable[Judged]) -> dict[int, Share]:
    """Add up how often the sums lie within their range."""
    totals = {days: Share() for days in SUM_DAYS}
    for judged in everything:
        for days, share in judged.held().items():
            totals[days].join(share)
    return totals


def by_origin_of_data(everything: Sequence[Judged]) -> dict[str, list[Judged]]:
    """Set series that were measured apart from those that were made, and the made by family."""
    groups: dict[str, list[Judged]] = {}
    for judged in everything:
        if judged.forecasts:
            series = judged.series
            for group in ("real",) if series.is_real else ("generated", series.family):
                groups.setdefault(group, []).append(judged)
    return groups


def as_json(everything: Sequence[Judged]) -> dict[str, object]:
    """Return everything that somebody needs to score for themselves, and our own scores."""
    return {
        "series": {judged.series.name: _series_json(judged) for judged in everything},
        "methods": _scores_json(everything, "day"),
        "events": _scores_json(everything, "event"),
        "forecast": {"horizon_days": HORIZON}
        | _forecast_json(everything)
        | {group: _forecast_json(some) for group, some in by_origin_of_data(everything).items()},
    }


def print_tables(everything: Sequence[Judged], by: str) -> None:
    """Print per file and over all: detection, level shifts, forecasts."""
    print(f"by {by}")
    print(f"{'series':24}{'rule':10}{'precision':>10}{'recall':>8}{'F1':>7}{'alerts/100d':>13}")
    for judged in everything:
        scores = judged.scores(by)
        for rule in ("default", "adaptive"):
            _print_score(judged.series.name, rule, scores[rule])
    for kind, rules in total_scores(everything, by).items():
        for rule, one in rules.items():
            _print_score(f"= {kind}", rule, one)
    print(f"\nlevel shifts: days flagged in the {SHIFT_DAYS} days from the shift on (1 is right)")
    for judged in everything:
        for index, change in level_shifts(judged.series):
            _print_shift(judged, index, change)
    print("\nhow many days and sums of days lie within their 80% range")
    titles = "".join(f"{f'{days}-day sum':>12}" for days in SUM_DAYS)
    print(f"{'series':24}{'30-day WAPE':>12}{'naive':>9}{'4 weeks':>9}{'days':>12}{titles}")
    for judged in everything:
        if judged.forecasts:
            _print_accuracy(judged.series.name, [judged])
    for group, some in by_origin_of_data(everything).items():
        _print_accuracy(f"= {group}", some)
    _print_accuracy("= all", everything)


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--series", type=Path, required=True, metavar="DIR")
    parser.add_argument("--by", choices=SCORERS, default="event", help="what the tables count")
    parser.add_argument("--json", action="store_true", help="print what was flagged and forecast")
    arguments = parser.parse_args()
    paths = sorted(arguments.series.glob("*.csv"))
    if not paths:
        parser.error(f"no *.csv in {arguments.series}")
    try:
        everything = [judge(read(path)) for path in paths]
    except (KeyError, ValueError, ArithmeticError) as error:
        parser.error(f"a file is not a labelled daily series: {error!r}")
    if arguments.json:
        print(orjson.dumps(as_json(everything)).decode())
    else:
        print_tables(everything, arguments.by)


def _series_json(judged: Judged) -> dict[str, object]:
    days = judged.series.days
    return {
        "flagged": {
            rule: [days[index] for index in indices] for rule, indices in judged.flagged.items()
        },
        "episodes": {
            rule: [{"start": days[first], "end": days[last]} for first, last in spans]
            for rule, spans in judged.episodes.items()
        },
        "forecasts": [
            {
                "origin": origin,
                "days": [{"date": one.day} | _range_json(one) for one in ahead.days[:HORIZON]],
                "sums": {str(one.days): _range_json(one) for one in judged.sums()[origin]},
            }
            for origin, ahead in judged.forecasts.items()
        ],
    }


def _range_json(one: ForecastDay | ForecastSum) -> dict[str, object]:
    return {"expected": float(one.expected), "low": float(one.low), "high": float(one.high)}


def _scores_json(everything: Sequence[Judged], by: str) -> dict[str, object]:
    return {
        kind: {rule: asdict(one) | one.figures() for rule, one in rules.items()}
        for kind, rules in total_scores(everything, by).items()
    }


def _forecast_json(everything: Sequence[Judged]) -> dict[str, object]:
    accuracies = total_accuracies(everything)
    return {
        "wape": {name: one.wape for name, one in accuracies.items()},
        "coverage": accuracies["costoptix"].coverage,
        "sums": {str(days): share.value for days, share in total_held(everything).items()},
    }


def _print_score(name: str, rule: str, one: Score) -> None:
    figures = one.figures()
    print(
        f"{name:24}{rule:10}{figures['precision']:10.2f}{figures['recall']:8.2f}"
        f"{figures['f1']:7.3f}{figures['alerts_per_100_days']:13.1f}"
    )


def _print_shift(judged: Judged, index: int, change: float) -> None:
    counts = "  ".join(
        f"{rule} {sum(index - TOLERANCE <= day < index + SHIFT_DAYS for day in flagged)}"
        for rule, flagged in judged.flagged.items()
    )
    print(f"{judged.series.name:24}{judged.series.days[index]}  {change:+7.0%}  {counts}")


def _print_accuracy(name: str, some: Sequence[Judged]) -> None:
    accuracies = total_accuracies(some)
    wapes = [accuracies[rule].wape for rule in FORECASTS]
    shares = [accuracies["costoptix"].coverage, *(one.value for one in total_held(some).values())]
    texts = ["-" if one is None else f"{one:.3f}" for one in wapes]
    covers = "".join(f"{'-' if one is None else f'{one:.0%}':>12}" for one in shares)
    print(f"{name:24}{texts[0]:>12}{texts[1]:>9}{texts[2]:>9}{covers}")


if __name__ == "__main__":
    main()
