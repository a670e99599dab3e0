"""Measure how right detection and forecasts are on labelled daily series.

    python bench/judgement.py --series DIR [--json]

DIR holds files ``date,value,label``: label 1 marks an anomalous day, of a level shift its first
day only. Detection walks each series as the product does, without look-ahead, and is scored by
micro F1: one-to-one matching of flagged and labelled days within a day. Forecasts start every
15 days from day 90 on, on series of at least 150 days, where 30 days follow to compare with.
``origin`` is the last day that a forecast knew.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
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
    accuracy,
    level_shifts,
    read,
    score,
)
from costoptix.anomalies.detect import Method, Settings, detect
from costoptix.series.forecast import ForecastDay, Horizon, forecast

RULES = ("default", "adaptive", "mad28", "weekday8")
FORECASTS = ("costoptix", "seasonal_naive", "weekday_mean4")
SHIFT_DAYS = 28


@dataclass(frozen=True)
class Judged:
    """A series with what each rule flags (indices) and the forecasts by last known day."""

    series: Series
    flagged: dict[str, list[int]]
    forecasts: dict[date, list[ForecastDay]]

    def scores(self) -> dict[str, Score]:
        """Score each rule."""
        labelled, days = self.series.labelled, len(self.series.days)
        return {rule: score(self.flagged[rule], labelled, days) for rule in RULES}

    def accuracies(self) -> dict[str, Accuracy]:
        """Compare the forecasts, and those of the baselines, with what came."""
        values, result = self.series.values, {name: Accuracy() for name in FORECASTS}
        for known, days in zip(self.series.origins(), self.forecasts.values(), strict=True):
            before, came = values[:known], values[known : known + HORIZON]
            expected = [float(one.expected) for one in days]
            ranges = [(float(one.low), float(one.high)) for one in days]
            naive = baselines.seasonal_naive(before, HORIZON)
            mean = baselines.weekday_mean4(before, HORIZON)
            result["costoptix"].add(accuracy(expected, came, ranges))
            result["seasonal_naive"].add(accuracy(naive, came))
            result["weekday_mean4"].add(accuracy(mean, came))
        return result


def judge(series: Series) -> Judged:
    """Let every rule flag the series, and forecast it from each origin."""
    amounts = list(zip(series.days, series.amounts, strict=True))
    position = {day: index for index, day in enumerate(series.days)}

    def found(method: Method) -> list[int]:
        return [position[finding.day] for finding in detect(amounts, Settings(method)).findings]

    flagged = {
        "default": found(Method.ROLLING_Z_SCORE),
        "adaptive": found(Method.ADAPTIVE),
        "mad28": baselines.mad28(series.values),
        "weekday8": baselines.weekday8(series.values),
    }
    forecasts = {
        series.days[known - 1]: forecast(amounts[:known], Horizon.DAYS_30).days
        for known in series.origins()
    }
    return Judged(series, flagged, forecasts)


def total_scores(everything: Sequence[Judged]) -> dict[str, dict[str, Score]]:
    """Add the scores up per kind (all, short, long) and rule."""
    totals: dict[str, dict[str, Score]] = {}
    for judged in everything:
        for kind in ("all", judged.series.kind):
            rules = totals.setdefault(kind, {rule: Score() for rule in RULES})
            for rule, one in judged.scores().items():
                rules[rule].add(one)
    return totals


def total_accuracies(everything: Sequence[Judged]) -> dict[str, Accuracy]:
    """Add the forecast errors up."""
    totals = {name: Accuracy() for name in FORECASTS}
    for judged in everything:
        for name, one in judged.accuracies().items():
            totals[name].add(one)
    return totals


def as_json(everything: Sequence[Judged]) -> dict[str, object]:
    """Return everything that somebody needs to score for themselves, and our own scores."""
    accuracies = total_accuracies(everything)
    return {
        "series": {judged.series.name: _series_json(judged) for judged in everything},
        "methods": {
            kind: {rule: asdict(one) | one.figures() for rule, one in rules.items()}
            for kind, rules in total_scores(everything).items()
        },
        "forecast": {
            "horizon_days": HORIZON,
            "wape": {name: one.wape for name, one in accuracies.items()},
            "coverage": accuracies["costoptix"].coverage,
        },
    }


def print_tables(everything: Sequence[Judged]) -> None:
    """Print per file and over all: detection, level shifts, forecasts."""
    print(f"{'series':24}{'rule':10}{'precision':>10}{'recall':>8}{'F1':>7}{'alerts/100d':>13}")
    for judged in everything:
        scores = judged.scores()
        for rule in ("default", "adaptive"):
            _print_score(judged.series.name, rule, scores[rule])
    for kind, rules in total_scores(everything).items():
        for rule, one in rules.items():
            _print_score(f"= {kind}", rule, one)
    print(f"\nlevel shifts: days flagged in the {SHIFT_DAYS} days from the shift on (1 is right)")
    for judged in everything:
        for index, change in level_shifts(judged.series):
            _print_shift(judged, index, change)
    print(f"\n{'series':24}{'30-day WAPE':>12}{'naive':>9}{'4 weeks':>9}{'80% covers':>12}")
    for judged in everything:
        if judged.forecasts:
            _print_accuracy(judged.series.name, judged.accuracies())
    _print_accuracy("= all", total_accuracies(everything))


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--series", type=Path, required=True, metavar="DIR")
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
        print_tables(everything)


def _series_json(judged: Judged) -> dict[str, object]:
    days = judged.series.days
    return {
        "flagged": {
            rule: [days[index] for index in indices] for rule, indices in judged.flagged.items()
        },
        "forecasts": [
            {"origin": origin, "days": [_day_json(one) for one in ahead]}
            for origin, ahead in judged.forecasts.items()
        ],
    }


def _day_json(one: ForecastDay) -> dict[str, object]:
    return {
        "date": one.day,
        "expected": float(one.expected),
        "low": float(one.low),
        "high": float(one.high),
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


def _print_accuracy(name: str, accuracies: dict[str, Accuracy]) -> None:
    figures = [accuracies[rule].wape for rule in FORECASTS]
    wapes = ["-" if figure is None else f"{figure:.3f}" for figure in figures]
    covers = accuracies["costoptix"].coverage
    text = "-" if covers is None else f"{covers:.0%}"
    print(f"{name:24}{wapes[0]:>12}{wapes[1]:>9}{wapes[2]:>9}{text:>12}")


if __name__ == "__main__":
    main()
