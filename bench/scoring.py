"""Labelled daily series, and how detection and forecasts are scored on them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

from bench.generated import KINDS, OTHERS

TOLERANCE = 1
HORIZON = 30
ORIGIN_FROM = 90
ORIGIN_EVERY = 15
ORIGIN_MIN_DAYS = 150
SHIFT_WINDOW = 14
SHIFT_SIZE = 0.25
MADE = frozenset({*KINDS, *OTHERS})
"""Families of generated series."""


@dataclass(frozen=True)
class Series:
    """A labelled daily series; ``labelled`` holds indices of days, ascending."""

    name: str
    days: list[date]
    amounts: list[Decimal]
    labelled: list[int]

    @property
    def values(self) -> list[float]:
        """Return the amounts as floats."""
        return [float(amount) for amount in self.amounts]

    @property
    def kind(self) -> str:
        """Return ``long`` when the series has enough days for forecasts, else ``short``."""
        return "long" if len(self.days) >= ORIGIN_MIN_DAYS else "short"

    @property
    def family(self) -> str:
        """Return what the name begins with: who published the series, or how it was made."""
        return self.name.removesuffix(".csv").split("_")[0]

    @property
    def is_real(self) -> bool:
        """Tell whether the series was measured somewhere, not made."""
        return self.family not in MADE

    def origins(self) -> range:
        """Return how many days each forecast knows; none when short or when days are missing."""
        first = self.days[0]
        whole = all(day == first + timedelta(days=k) for k, day in enumerate(self.days))
        if self.kind == "short" or not whole:
            return range(0)
        return range(ORIGIN_FROM, len(self.days) - HORIZON + 1, ORIGIN_EVERY)


@dataclass
class Score:
    """Counts that add up over series: micro precision, recall and F1."""

    hits: int = 0
    alarms: int = 0
    missed: int = 0
    days: int = 0

    def add(self, other: Score) -> None:
        """Add the counts of another score."""
        self.hits += other.hits
        self.alarms += other.alarms
        self.missed += other.missed
        self.days += other.days

    def figures(self) -> dict[str, float]:
        """Return what the counts amount to; 1 where there was nothing to find or flag."""
        flagged, labelled = self.hits + self.alarms, self.hits + self.missed
        return {
            "precision": self.hits / flagged if flagged else 1.0,
            "recall": self.hits / labelled if labelled else 1.0,
            "f1": 2 * self.hits / (flagged + labelled) if flagged + labelled else 1.0,
            "alerts_per_100_days": 100 * flagged / self.days,
        }


Span = tuple[int, int]
"""The indices of the first and the last day of an event or an alert."""


def runs(indices: Sequence[int]) -> list[Span]:
    """Put days in a row together: labelled days are an event, flagged days are an alert."""
    spans: list[Span] = []
    for index in indices:
        if spans and index == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], index)
        else:
            spans.append((index, index))
    return spans


def score_events(flagged: Sequence[int], labelled: Sequence[int], days: int) -> Score:
    """Match alerts with events one to one, within a day of the event's span.

    Both are apart from their own kind and ascend, so that no pairs need cross: whichever of the
    two ends first has no other partner.
    """
    alerts, events = runs(flagged), runs(labelled)
    hits = alert = event = 0
    while alert < len(alerts) and event < len(events):
        first, last = events[event]
        if alerts[alert][1] < first - TOLERANCE:
            alert += 1
        elif alerts[alert][0] > last + TOLERANCE:
            event += 1
        else:
            hits, alert, event = hits + 1, alert + 1, event + 1
    return Score(hits, len(alerts) - hits, len(events) - hits, days)


@dataclass
class Accuracy:
    """Forecast errors that add up over origins and series."""

    error: float = 0.0
    actual: float = 0.0
    covered: int = 0
    days: int = 0

    def add(self, other: Accuracy) -> None:
        """Add the errors of another accuracy."""
        self.error += other.error
        self.actual += other.actual
        self.covered += other.covered
        self.days += other.days

    @property
    def wape(self) -> float | None:
        """Return the sum of absolute errors over the sum of absolute values."""
        return self.error / self.actual if self.actual else None

    @property
    def coverage(self) -> float | None:
        """Return the share of days within their range."""
        return self.covered / self.days if self.days else None


@dataclass
class Share:
    """How many of some were so; adds up."""

    count: int = 0
    of: int = 0

    def add(self, is_so: bool) -> None:
        """Count one more."""
        self.count += is_so
        self.of += 1

    def join(self, other: Share) -> None:
        """Add the counts of another share."""
        self.count += other.count
        self.of += other.of

    @property
    def value(self) -> float | None:
        """Return the share, None of nothing."""
        return self.count / self.of if self.of else None


def read(path: Path) -> Series:
    """Read a file ``date,value,label``; any label but 0 marks an anomalous day.

    Raises:
        ValueError: no rows, or a date that is none.
        KeyError: a column is missing.
        ArithmeticError: a value or label is no number.
    """
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f"{path.name} is empty")
    return Series(
        path.name,
        [date.fromisoformat(row["date"]) for row in rows],
        [Decimal(row["value"]) for row in rows],
        [index for index, row in enumerate(rows) if Decimal(row["label"])],
    )


def score(flagged: Sequence[int], labelled: Sequence[int], days: int) -> Score:
    """Match flagged with labelled days one to one, within a day, as many as possible.

    Both ascend; as all windows are equally wide, taking the earliest free label is the best.
    """
    hits = position = 0
    for index in flagged:
        while position < len(labelled) and labelled[position] < index - TOLERANCE:
            position += 1
        if position < len(labelled) and labelled[position] <= index + TOLERANCE:
            hits += 1
            position += 1
    return Score(hits, len(flagged) - hits, len(labelled) - hits, days)


def accuracy(
    expected: Sequence[float],
    came: Sequence[float],
    ranges: Sequence[tuple[float, float]] = (),
) -> Accuracy:
    """Compare a forecast, and its ranges if it has any, with what came."""
    error = sum(abs(one - value) for one, value in zip(expected, came, strict=True))
    covered = sum(low <= value <= high for (low, high), value in zip(ranges, came, strict=False))
    return Accuracy(error, sum(map(abs, came)), covered, len(came))


def level_shifts(series: Series) -> list[tuple[int, float]]:
    """Find the labelled days after which the level stays changed: (index, change of the level).

    A median of two weeks after against two weeks before, more than a quarter apart.
    """
    values, found = series.values, []
    for index in series.labelled:
        before = values[max(0, index - SHIFT_WINDOW) : index]
        after = values[index : index + SHIFT_WINDOW]
        if min(len(before), len(after)) == SHIFT_WINDOW and median(before) > 0:
            change = median(after) / median(before) - 1
            if abs(change) > SHIFT_SIZE:
                found.append((index, change))
    return found
