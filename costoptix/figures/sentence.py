"""One sentence on a change, made from its largest parts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from costoptix.figures.trends import Change
from costoptix.money import Amount
from costoptix.periods import DateRange, month_range
from costoptix.written import MINUS, money, percent, range_title

WHOLE_FROM = 100
"""From so much on an amount is written without decimals."""

_WORDS = {
    "new": "newly used",
    "gone": "no longer used",
    "usage": "by usage",
    "list_price": "by list price",
    "negotiated_rate": "by negotiated rate",
    "commitment_coverage": "by commitment coverage",
    "unused_commitment": "by unused commitments",
    "purchases": "by purchases",
    "credits": "by credits",
    "tax": "by tax",
    "other": "by what cannot be told more precisely",
}
_NUMBERS = {2: "two", 3: "three"}


@dataclass(frozen=True)
class ServiceInAccount:
    """A service, and the account where it is in several."""

    service: str | None
    account: str | None

    def __str__(self) -> str:
        """Return how a sentence calls it."""
        service = self.service or "What has no service"
        return f"{service} in {self.account}" if self.account else service


@dataclass(frozen=True)
class Cause:
    """A part of the change of a service in an account."""

    subject: ServiceInAccount
    part: str  # a field of Parts
    amount: Amount
    days: tuple[date, ...] = ()  # where its whole change came on a few days
    group: tuple[str | None, ...] = ()  # what the subject is called in bills


def sentence(sides: tuple[str, str], currency: str, change: Change, causes: Sequence[Cause]) -> str:
    """Say what changed, by how much, and by what most: the largest cause first."""
    now, before = sides
    if not change.amount:
        return f"{now} is level with {before}."
    share = f" ({percent(abs(change.percent))})" if change.percent is not None else ""
    direction = "above" if change.amount > 0 else "below"
    head = f"{now} is {_size(change.amount, currency)}{share} {direction} {before}"
    causes_in_words = ", ".join(_cause(cause, currency) for cause in causes)
    return f"{head}: {causes_in_words}." if causes_in_words else f"{head}."


def _cause(cause: Cause, currency: str) -> str:
    sign = MINUS if cause.amount < 0 else "+"
    words = _WORDS[cause.part]
    if cause.days and cause.part in ("usage", "new"):
        count = len(cause.days)
        words = f"for {_NUMBERS[count]} days" if count > 1 else f"on {_day(cause.days[0])}"
    return f"{cause.subject} {sign}{_size(cause.amount, currency)} {words}"


def _size(amount: Amount, currency: str) -> str:
    size = abs(amount)
    return money(size, currency, 0 if size >= WHOLE_FROM else None)


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"


def days_titles(now: DateRange, before: DateRange, today: date) -> tuple[str, str]:
    """Name the days of both sides: ``November``, ``October's same days``; else in full."""
    if not all(len(days.months()) == 1 and days.first.day == 1 for days in (now, before)):
        return range_title(now), range_title(before)
    has_year = len({now.first.year, before.first.year, today.year}) > 1
    names = [f"{days.first:%B %Y}" if has_year else f"{days.first:%B}" for days in (now, before)]
    is_whole = all(days == month_range(days.first) for days in (now, before))
    return names[0], names[1] if is_whole else f"{names[1]}'s same days"
