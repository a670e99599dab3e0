"""How costs move: changes, movers, and the figures of a service over months. Pure functions.

Amounts of one call are of one currency. Percentages are in percent (12.5 is 12.5%), None where
there is nothing to compare with. Only whole months and complete days are compared.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from costoptix import money
from costoptix.money import EXACT, Amount, quotient, to_amount, total

Key = TypeVar("Key", bound=Hashable)

STABLE_PERCENT = Decimal(2)
"""A fitted line that moves less than this a month, in percent of the average, is stable."""

LARGE_PERCENT = Decimal(10)
"""From this change from the first to the last month on, in percent of the first, none is stable."""

YEAR = 12
"""How many full months a growth by the year needs."""

WATCH_PERCENT, CRITICAL_PERCENT = Decimal(20), Decimal(50)
"""A service that rose by this much is to watch, or critical …"""

NOTICED_SHARE = Decimal(1)
"""… when the rise is at least this percentage of all spend."""

LARGEST_GROWTH = Decimal(10) ** 8
"""Exclusive: a hundred million percent a year says nothing any more."""

HEALTH_RULE = (
    f"On the compared days: critical is up {CRITICAL_PERCENT}% or more, watch up"
    f" {WATCH_PERCENT}% or more, where the rise is at least {NOTICED_SHARE}% of all spend."
)


@dataclass(frozen=True)
class Change:
    """What was, and what is now."""

    before: Amount
    now: Amount

    @property
    def amount(self) -> Amount:
        """Return how much more it is now (negative is less)."""
        return EXACT.subtract(self.now, self.before)

    @property
    def percent(self) -> Decimal | None:
        """Return (now − before) ÷ before in percent.

        None when before was zero or negative (a month of credits), −100 when now is zero.
        """
        return share(self.amount, self.before) if self.before > 0 else None


def share(part: Amount, whole: Amount) -> Decimal | None:
    """Return a part in percent of the whole; None when the whole is zero, or next to it."""
    return scaled(part, Decimal(100), whole) if whole else None


def movers(now: Mapping[Key, Amount], before: Mapping[Key, Amount]) -> list[tuple[Key, Change]]:
    """Rank the keys of both sides by how much money they moved, either way; the largest first."""
    zero = Decimal(0)
    changes = [(k, Change(before.get(k, zero), now.get(k, zero))) for k in {**now, **before}]
    return sorted(changes, key=lambda change: abs(change[1].amount), reverse=True)


@dataclass(frozen=True)
class Health:
    """How many services are how well, by ``HEALTH_RULE``."""

    critical: int
    watch: int
    healthy: int


def health(changes: Sequence[Change]) -> Health:
    """Count services by how much they rose, by ``HEALTH_RULE``.

    A rise is (now − before) ÷ before, its weight (now − before) ÷ all that is spent now. What
    was zero or a credit and now costs rose beyond measure. Where all that is spent is zero,
    nothing has a weight and all are healthy; of no service all counts are 0. A service that
    cost nothing on either side is none.
    """
    spend = total([change.now for change in changes])
    levels = [_level(change, spend) for change in changes if change.now or change.before]
    return Health(levels.count(2), levels.count(1), levels.count(0))


def _level(change: Change, spend: Amount) -> int:
    rise, weight = change.percent, share(change.amount, spend)
    if change.before <= 0 < change.now:
        rise = CRITICAL_PERCENT  # it was nothing: any rise is beyond measure
    if rise is None or weight is None or weight < NOTICED_SHARE or rise < WATCH_PERCENT:
        return 0
    return 2 if rise >= CRITICAL_PERCENT else 1


class Trend(StrEnum):
    """Which way the months go."""

    INCREASING = "increasing"
    STABLE = "stable"
    DECREASING = "decreasing"


class Confidence(StrEnum):
    """How complete the months behind a trend are."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class MonthlyFigures:
    """One service over the months of a range. ``None`` where too few months are whole."""

    total: Amount
    average: Amount  # per month with charges, partial months included
    peak_month: date  # its first day
    peak: Amount
    trend: Trend | None
    cagr: Decimal | None  # percent a year
    change: Change | None  # from the first to the last full month
    month_over_month: Change | None  # the last two full months
    confidence: Confidence


def monthly_figures(
    by_month: Mapping[date, Amount], full_months: Sequence[date], month_count: int
) -> MonthlyFigures:
    """Work out a service's figures.

    Total is the sum; average is total ÷ months with charges, partial ones included (one month:
    itself); the peak is the dearest month, of equals the latest (all credits: the least of
    them). Trend, change and CAGR rest on full months with charges and are None for fewer than
    two of them, CAGR for fewer than ``YEAR``; the trend is also None where the change says
    otherwise. Month over month compares the last two full months, where a month without
    charges is 0. Confidence: see ``_confidence``.

    Args:
        by_month: the cost by the first day of its month; months without charges are absent.
            At least one.
        full_months: the first days of the months that lie in the range whole and complete,
            in order.
        month_count: how many calendar months the range touches.
    """
    spend = total(list(by_month.values()))
    peak_month = max(by_month, key=lambda month: (by_month[month], month))
    with_charges = [month for month in full_months if month in by_month]
    amounts = [by_month[month] for month in with_charges]
    first_last = Change(amounts[0], amounts[-1]) if len(with_charges) > 1 else None
    return MonthlyFigures(
        total=spend,
        average=quotient(spend, len(by_month)),
        peak_month=peak_month,
        peak=by_month[peak_month],
        trend=agreeing_trend(amounts, first_last) if first_last else None,
        cagr=cagr(first_last, _months_between(with_charges[0], with_charges[-1]))
        if first_last and len(with_charges) >= YEAR
        else None,
        change=first_last,
        month_over_month=_last_two(by_month, full_months),
        confidence=_confidence(len(with_charges), month_count),
    )


def agreeing_trend(amounts: Sequence[Amount], change: Change) -> Trend | None:
    """Judge the slope; None where ``change``, from the first to the last, says otherwise.

    So that no row says "increasing" beside a fall, or "stable" beside a change of
    ``LARGE_PERCENT`` or more. A slow slope that adds up to that much is not stable.
    """
    ends = direction(change, LARGE_PERCENT)
    line = trend(amounts)
    if line is Trend.STABLE and ends is not Trend.STABLE:
        line = trend(amounts, stable_percent=Decimal(0))
    if line is Trend.STABLE:
        return line if ends is Trend.STABLE else None
    return line if line is direction(change, Decimal(0)) else None


def trend(amounts: Sequence[Amount], *, stable_percent: Decimal = STABLE_PERCENT) -> Trend | None:
    """Judge the slope of the fitted line, Σ(i − ī)(x − x̄) ÷ Σ(i − ī)², against the average.

    Stable when its size is below ``stable_percent`` of the size of the average, or zero; so
    months of zero are stable, and credits that shrink are increasing. Where the average is
    zero, any slope counts. None for fewer than two months.
    """
    count = len(amounts)
    if count < 2:
        return None
    # Both sides of the comparison times what would divide them, so that nothing is rounded;
    # the distances from the middle, and their squares, are taken double and fourfold.
    distances = [2 * i - (count - 1) for i in range(count)]
    rise = 2 * count * total([d * amount for d, amount in zip(distances, amounts, strict=True)])
    level = abs(total(amounts)) * sum(d * d for d in distances)
    if not rise or abs(rise) * 100 < level * stable_percent:
        return Trend.STABLE
    return Trend.INCREASING if rise > 0 else Trend.DECREASING


def direction(change: Change, stable_percent: Decimal) -> Trend:
    """Judge one change: stable when it is less than a percentage of what was, either way.

    From zero any change counts; from a credit, a smaller credit is an increase.
    """
    if not change.amount or abs(change.amount) * 100 < abs(change.before) * stable_percent:
        return Trend.STABLE
    return Trend.INCREASING if change.amount > 0 else Trend.DECREASING


def cagr(change: Change, months: int) -> Decimal | None:
    """Return the compound growth a year, (now ÷ before)^(12 ÷ months) − 1, in percent.

    None where either end is zero or negative (a month of credits), as nothing grows from
    there; for fewer than one month; and from ``LARGEST_GROWTH`` on.
    """
    if change.before <= 0 or change.now <= 0 or months < 1:
        return None
    percent = money.growth_percent(change.before, change.now, months, of=12)
    return to_amount(percent) if percent < LARGEST_GROWTH else None


def _last_two(by_month: Mapping[date, Amount], full_months: Sequence[date]) -> Change | None:
    if len(full_months) < 2:
        return None
    before, now = (by_month.get(month, Decimal(0)) for month in full_months[-2:])
    return Change(before, now)


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _confidence(full_count: int, month_count: int) -> Confidence:
    """Judge full months with charges ÷ months of the range: high from 3 and 80%, medium 2 and 50%.

    What the months cost does not matter; without any full month it is low.
    """
    if full_count >= 3 and 100 * full_count >= 80 * month_count:
        return Confidence.HIGH
    is_half = full_count >= 2 and 100 * full_count >= 50 * month_count
    return Confidence.MEDIUM if is_half else Confidence.LOW


def projected(spent: Amount, days_done: int, days: int) -> Amount | None:
    """Return spent ÷ complete days × ``days``; None before the first complete day.

    Zero stays zero, and a month of credits is carried on as one.
    """
    if days_done < 1:
        return None
    return scaled(spent, Decimal(days), Decimal(days_done))


def scaled(amount: Amount, factor: Decimal, divisor: Decimal) -> Amount | None:
    """Return an amount times a fraction; None when that has more than 20 digits before the point.

    Raises:
        decimal.DivisionByZero: the divisor is zero.
    """
    try:
        return money.scaled(amount, factor, divisor)
    except ValueError:
        return None


def mean(amounts: Sequence[Amount]) -> Amount | None:
    """Return the average, rounded to 18 places; None of nothing."""
    if not amounts:
        return None
    return quotient(total(amounts), len(amounts))


def sums_by(rows: Iterable[tuple[Key, Amount]]) -> dict[Key, Amount]:
    """Add up amounts by key, exactly; keys stay in the order they came."""
    sums: dict[Key, Amount] = {}
    for key, amount in rows:
        sums[key] = EXACT.add(sums.get(key, Decimal(0)), amount)
    return sums
