"""What others ship: the plain rules that the product's judgement is measured against.

All take the values of consecutive days, oldest first, and look at no later day.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

TO_SIGMA = 1.4826
MIN_DAYS = 7
MIN_WEEKS = 4


def mad28(values: Sequence[float], k: float = 3.5) -> list[int]:
    """Flag days further than k robust deviations from the median of the 28 days before.

    Judges from the 8th day on, with what there is. Returns the indices of flagged days.
    """
    return [
        index
        for index in range(MIN_DAYS, len(values))
        if _far_away(values[index], values[max(0, index - 28) : index], k)
    ]


def weekday8(values: Sequence[float], k: float = 5.0) -> list[int]:
    """Flag days further than k robust deviations from the median of 8 such weekdays before.

    Judges from the fifth week on, with what there is. Returns the indices of flagged days.
    """
    return [
        index
        for index in range(MIN_WEEKS * 7, len(values))
        if _far_away(values[index], values[index % 7 : index : 7][-8:], k)
    ]


def seasonal_naive(values: Sequence[float], count: int) -> list[float]:
    """Forecast ``count`` days: each is the same weekday of the last week."""
    return [values[len(values) - 7 + ahead % 7] for ahead in range(count)]


def weekday_mean4(values: Sequence[float], count: int) -> list[float]:
    """Forecast ``count`` days: each is the mean of that weekday in the last four weeks."""
    return [
        fmean(values[len(values) - 7 * week + ahead % 7] for week in range(1, 5))
        for ahead in range(count)
    ]


def _far_away(value: float, before: Sequence[float], k: float) -> bool:
    middle = median(before)
    return abs(value - middle) > k * TO_SIGMA * median(abs(one - middle) for one in before)
