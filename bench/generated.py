"""Make labelled daily series: python bench/generated.py DIR [--each 12] [--seed 1].

Their truth is known. Those of ``KINDS`` span thirteen months: an ordinary service, and what makes
judging one hard. ``cost`` has month starts, growth and level shifts of which the first day is
labelled; ``heavy`` has heavy-tailed, slowly wandering noise; ``hours`` are ten weeks of a metric
whose labels are of hours, as public series have them. Seeds 1 to 3 set the constants of
the product, seed 4 was held out.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Callable
from datetime import date, timedelta
from math import exp, log, pi, sin
from pathlib import Path

DAYS = 395
FIRST = date(2024, 1, 1)
KINDS = ("steady", "day15", "weekly", "growth", "credits", "retired", "migrated", "leak")
OTHERS = ("cost", "heavy", "hours")


class Made:
    """A series in the making: an ordinary service, to which its kind and its events are added."""

    def __init__(self, chance: random.Random, days: int = DAYS, noise: float | None = None) -> None:
        self.chance = chance
        start = FIRST + timedelta(days=chance.randrange(365))
        self.days = [start + timedelta(days=offset) for offset in range(days)]
        self.level = 10 ** chance.uniform(0.5, 3.5)
        weekend = chance.choice([1, 1, 0.9, 0.7, 0.4])
        scatter = chance.choice([0.02, 0.04, 0.07, 0.1]) if noise is None else noise
        wander, self.values = 0.0, []
        for day in self.days:
            wander = 0.9 * wander + chance.gauss(0, scatter / 4)
            shape = weekend if day.weekday() > 4 else 1
            self.values.append(self.level * shape * exp(wander + chance.gauss(0, scatter)))
        self.labels = [0] * days

    def stretch(self, factor: Callable[[int], float]) -> None:
        """Multiply each day by what its index says."""
        self.values = [value * factor(index) for index, value in enumerate(self.values)]

    def add(self, size: Callable[[date], float], scatter: float) -> None:
        """Add an amount in units of the level to some days, scattered by a share of itself."""
        for index, day in enumerate(self.days):
            amount = size(day) * self.level
            self.values[index] += amount * exp(self.chance.gauss(0, scatter)) if amount else 0

    def is_free(self, first: int, last: int) -> bool:
        """Tell whether nothing is labelled on or near some days, of a service that still runs."""
        runs = self.values[first] > self.level / 20
        return runs and not any(self.labels[max(0, first - 9) : last + 10])

    def events(self, count: int, first: int = 20) -> None:
        """Add spikes and drops of one to four days, apart from each other."""
        for _ in range(count):
            length = self.chance.choice([1, 1, 1, 2, 3, 4])
            begins = self.chance.randrange(first, len(self.days) - length)
            if self.is_free(begins, begins + length):
                down = self.chance.random() < 0.3
                factor = self.chance.uniform(0.1, 0.6) if down else self.chance.uniform(1.5, 4)
                for index in range(begins, begins + length):
                    self.values[index] *= factor * self.chance.uniform(0.93, 1.07)
                    self.labels[index] = 1


def _rolled(day: date, due: int) -> bool:
    """Tell whether a charge due on some day of the month comes on this one: Monday for weekends."""
    if day.weekday() > 4:
        return False
    back = 3 if day.weekday() == 0 else 1
    return any((day - timedelta(days=offset)).day == due for offset in range(back))


def _day15(made: Made) -> None:
    due, size = made.chance.choice([5, 10, 15, 15, 15, 20, 25]), made.chance.uniform(0.5, 4)
    rolls = made.chance.random() < 0.25
    made.add(lambda day: size * (_rolled(day, due) if rolls else day.day == due), 0.06)


def _weekly(made: Made) -> None:
    weekday, size = made.chance.randrange(7), made.chance.uniform(0.4, 3)
    made.add(lambda day: size * (day.weekday() == weekday), made.chance.choice([0.05, 0.15, 0.25]))


def _growth(made: Made) -> None:
    rate = log(made.chance.uniform(1.3, 4)) / 365
    made.stretch(lambda index: exp(rate * index))


def _credits(made: Made) -> None:
    due, size = made.chance.choice([1, 3, 8, 12, 15, 22, 28]), -made.chance.uniform(0.4, 4)
    made.add(lambda day: size * (day.day == due), 0.06)


def _retired(made: Made) -> None:
    ends, rest = made.chance.randrange(120, 330), made.chance.choice([0, 0, 0.01, 0.03])
    made.stretch(lambda index: rest if index >= ends else 1)
    made.labels[ends] = 1


def _migrated(made: Made) -> None:
    begins, days = made.chance.randrange(120, 330), made.chance.choice([1, 1, 1, 5, 10, 20])
    change = made.chance.choice([0.25, 0.4, 0.55, 1.8, 2.5]) - 1
    made.stretch(lambda index: 1 + change * min(1, max(0, (index - begins + 1) / days)))
    made.labels[begins : begins + days] = [1] * days


def _leak(made: Made) -> None:
    begins, days = made.chance.randrange(100, 320), made.chance.randrange(20, 50)
    rate = made.chance.uniform(0.015, 0.05)
    made.stretch(lambda index: 1 + rate * max(0, index - begins + 1) * (index < begins + days))
    made.labels[begins : begins + days] = [1] * days


def _cost(made: Made) -> None:
    _growth(made)
    size = made.chance.choice([0, 0.5, 2, 3])
    made.add(lambda day: size * (day.day == 1), 0.03)
    for _ in range(made.chance.randrange(4)):
        begins = made.chance.randrange(60, len(made.days) - 20)
        if not any(made.labels[begins - 30 : begins + 30]):
            change = made.chance.choice([0.4, 0.6, 1.7, 2.2, 3])
            made.stretch(lambda index, at=begins, by=change: by if index >= at else 1)  # type: ignore[misc]
            made.labels[begins] = 1


def _heavy(made: Made) -> None:
    wander = 0.0
    for index in range(len(made.days)):
        wander = 0.6 * wander + made.chance.gauss(0, 0.06) / max(0.3, made.chance.random()) ** 0.7
        made.values[index] *= exp(wander)


SHAPES: dict[str, Callable[[Made], None]] = {
    "steady": lambda _: None, "day15": _day15, "weekly": _weekly, "growth": _growth,
    "credits": _credits, "retired": _retired, "migrated": _migrated, "leak": _leak,
    "cost": _cost, "heavy": _heavy,
}  # fmt: skip


def _hours(chance: random.Random) -> Made:
    """Add up hours, some of them labelled: what is loud for an hour may vanish in its day."""
    made = Made(chance, chance.randrange(45, 71), noise=0.0)
    scatter, cycle, wander = chance.uniform(0.05, 0.3), chance.uniform(0, 0.8), 0.0
    bursts = {}
    for _ in range(chance.randrange(2, 6)):
        at, factor = chance.randrange(100, 24 * len(made.days)), chance.choice([0.2, 1.6, 3, 6])
        bursts.update(dict.fromkeys(range(at, at + chance.choice([2, 5, 12, 24, 40])), factor))
    for index in range(len(made.days)):
        hours = []
        for hour in range(24 * index, 24 * index + 24):
            wander = 0.97 * wander + chance.gauss(0, scatter / 4)
            usual = (1 + cycle * sin(hour * pi / 12)) * exp(wander + chance.gauss(0, scatter))
            hours.append(usual * bursts.get(hour, 1))
            made.labels[index] |= hour in bursts
        made.values[index] *= sum(hours) / 24
    return made


def make(kind: str, seed: int, number: int) -> Made:
    """Make one series of a kind: the same for the same seed and number."""
    chance = random.Random(f"{kind} {seed} {number}")
    if kind == "hours":
        return _hours(chance)
    made = Made(chance, noise=0.02 if kind == "heavy" else None)
    if kind in ("retired", "migrated", "leak", "cost", "growth"):
        SHAPES[kind](made)
        made.events(chance.randrange(2, 6))
    else:  # what returns is not multiplied by an event
        made.events(chance.randrange(3, 8))
        SHAPES[kind](made)
    return made


def main() -> None:
    """Write the files ``kind_NN.csv``."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=12, help="series of each kind")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for kind in (*KINDS, *OTHERS):
        for number in range(arguments.each):
            made = make(kind, arguments.seed, number)
            path = arguments.folder / f"{kind}_{number:02}.csv"
            with path.open("w", newline="") as file:
                rows = csv.writer(file)
                rows.writerow(["date", "value", "label"])
                texts = [f"{value:.6g}" for value in made.values]
                rows.writerows(zip(made.days, texts, map(int, made.labels), strict=True))


if __name__ == "__main__":
    main()
