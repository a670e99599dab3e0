"""Daily series for tests: made ones, and the labelled ones of ``tests/data/series``."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

SERIES = Path(__file__).resolve().parent.parent / "data" / "series"
FIRST = date(2026, 1, 5)  # a Monday

Amounts = list[tuple[date, Decimal]]


def daily(count: int, value: Callable[[date], float | int], first: date = FIRST) -> Amounts:
    """Make ``count`` days from ``first``, each with the value of its date."""
    days = [first + timedelta(days=offset) for offset in range(count)]
    return [(day, Decimal(str(value(day)))) for day in days]


def noisy(seed: int, count: int) -> Amounts:
    """Make a series with weekends, noise, charges, spikes and shifts, all by chance."""
    chance = random.Random(seed)
    level, weekend = 10 ** chance.uniform(0, 4), chance.choice([1, 0.8, 0.4])
    noise, charge = chance.choice([0.01, 0.05, 0.2]), chance.choice([0, 0, 2])
    events = {chance.randrange(200): chance.uniform(0.2, 4) for _ in range(4)}
    shift = chance.randrange(200)

    def value(day: date) -> float:
        index = (day - FIRST).days
        usual = level * (2 if index >= shift else 1) * (weekend if day.weekday() > 4 else 1)
        scatter = 1 + chance.gauss(0, noise)
        return round(usual * scatter * events.get(index, 1) + level * charge * (day.day == 1), 6)

    return daily(count, value)


def changed(amounts: Amounts, index: int, factor: float, until: int | None = None) -> Amounts:
    """Multiply the days from ``index`` up to ``until`` (excluded; None: that day alone)."""
    end = index + 1 if until is None else until
    return [
        (day, amount * Decimal(str(factor)) if index <= at < end else amount)
        for at, (day, amount) in enumerate(amounts)
    ]
