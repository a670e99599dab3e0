"""Says what of a scope would go: currencies, accounts, days, and money of a category.

Pure, as ``coverage`` is. Bounds that are guesses of ours are named here, and held by the histories
of ``tests/bills/ledger/test_histories.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from costoptix import money
from costoptix.bills.ledger.coverage import (
    NOTHING,
    SETTLING,
    Key,
    Part,
    Totals,
    days,
    settled,
    shrinking,
    sums,
)

SMALLEST_DAY = Decimal("0.01")
"""Of the scope's gross usage: days of less are not asked about."""
LARGEST_FALL_OF_A_DAY = Decimal("0.5")
"""The share by which the gross usage of a day may fall unasked."""
SMALLEST_CATEGORY = Decimal("0.02")
"""Of the scope's gross: falls of a category by less are not asked about."""
LARGEST_FALLS = defaultdict(
    lambda: Decimal("0.5"), {"Usage": Decimal("0.2"), "Purchase": Decimal("0.2")}
)
"""The share by which the gross of a category may fall unasked; of usage, if its charges stay."""
MOST_GONE = Decimal("0.01")
"""The share of usage charges that may go without usage counting as gone rather than restated."""
MOVED = Decimal("0.9")
"""The share of an account's taxes, credits and fees that others must have more for it to be a
move."""

USAGE = "Usage"


class Aspect(StrEnum):
    """What of a scope would go: the rows of the table in docs/imports.md."""

    PART = "part"  # a delivery of which too few charges are told again
    DAY = "day"
    CATEGORY = "category"
    ACCOUNT = "account"
    CURRENCY = "currency"


@dataclass(frozen=True)
class Loss:
    """Something that is live and would go."""

    aspect: Aspect
    subject: str  # the id of a part, a day, a category, an account, a currency
    currency: str
    amount: Decimal  # gross


def losses(before: Sequence[Part], after: Sequence[Part]) -> tuple[Loss, ...]:
    """Say what of the parts that are live would go if ``after`` were; parts have the same ids."""
    staying = {part.id for part in after}
    if all(part.id in staying for part in before):
        return ()
    now, then = _Live(before), _Live(after)
    named = [
        *_lost_currencies(now, then),
        *_lost_accounts(now, then),
        *_lost_days(now, then),
    ]
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for loss in named:
        amounts[loss.currency] = amounts[loss.currency] + loss.amount
    return (*named, *_lost_categories(now, then, amounts))


class _Live:
    """What is live of a scope together: sums in every way in which they are compared."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.last_day = max((max(days(part), default=date.min) for part in parts), default=date.min)
        self.by_category = sums(parts, ("currency", "charge_category"))
        self.by_account: defaultdict[Key, dict[str | None, Totals]] = defaultdict(dict)
        by_category = sums(parts, ("currency", "account", "charge_category"))
        for (currency, account, category), totals in by_category.items():
            self.by_account[currency, account][category] = totals

    def currencies(self) -> dict[str, Decimal]:
        """Return the gross by currency."""
        totals: defaultdict[str, Decimal] = defaultdict(Decimal)
        for (currency, _), group in self.by_category.items():
            totals[currency] = totals[currency] + group.gross
        return totals

    def accounts(self) -> dict[Key, Decimal]:
        """Return the gross by currency and account."""
        return {
            account: sum((totals.gross for totals in by_category.values()), Decimal(0))
            for account, by_category in self.by_account.items()
        }

    def usage(self, currency: str) -> Totals:
        """Return all usage in a currency."""
        return self.by_category.get((currency, USAGE), NOTHING)


def _lost_currencies(now: _Live, then: _Live) -> Iterator[Loss]:
    left = then.currencies()
    for currency, gross in now.currencies().items():
        if gross > 0 and currency not in left:
            yield Loss(Aspect.CURRENCY, currency, currency, gross)


def _lost_accounts(now: _Live, then: _Live) -> Iterator[Loss]:
    left = then.accounts()
    for (currency, account), gross in now.accounts().items():
        if (
            gross > 0
            and (currency, account) not in left
            and not _moved(now, then, currency, account)
        ):
            yield Loss(Aspect.ACCOUNT, account, currency, gross)


def _moved(now: _Live, then: _Live, currency: str, account: str) -> bool:
    """Tell whether all that an account had are taxes, credits and fees that others have instead.

    At the end of a month they are merged or move to another account; usage does not.
    """
    for category, group in now.by_account[currency, account].items():
        if category == USAGE and group.gross > 0:
            return False
        before = now.by_category[currency, category].gross
        after = then.by_category.get((currency, category), NOTHING).gross
        if after < before - group.gross * (1 - MOVED):
            return False
    return True


class _Usage:
    """Usage of the days that had settled, as it is live, and what of it would be.

    Charges that are there no more are gone; those whose amounts changed are restated. Days of
    which amounts still changed when they were delivered may be restated in any way.
    """

    def __init__(self, now: _Live, then: _Live, names: tuple[str, ...]) -> None:
        parts = now.parts
        final = {part.id: _final_until(part, then.last_day) for part in parts}
        self.before = sums(parts, names, until=settled, category=USAGE)
        self.final = sums(parts, names, until=lambda part: final[part.id], category=USAGE)
        every = {day for part in parts for day in days(part) if day <= settled(part)}
        self.after = sums(then.parts, names, days=every, category=USAGE)
        some = {day for part in parts for day in days(part) if day <= final[part.id]}
        self.after_final = sums(then.parts, names, days=some, category=USAGE)


def _final_until(part: Part, last_day: date) -> date:
    """Return the last day of which a part's amounts were final when it was made.

    When it was made is not known of files that come in long afterwards. Where the bill went on to
    a later day since, that was the day after its own last one, or soon.
    """
    own = max(days(part), default=date.min)
    if own >= last_day or own == date.min:
        return part.last_settled_day
    return min(part.last_settled_day, own + timedelta(days=1) - SETTLING)


def _lost_days(now: _Live, then: _Live) -> Iterator[Loss]:
    usage = _Usage(now, then, ("currency", "day"))
    for key, group in usage.before.items():
        currency, day = key
        whole = now.usage(currency)
        left = usage.after.get(key, NOTHING)
        if group.gross <= 0 or group.gross < whole.gross * SMALLEST_DAY:
            continue
        if not _fall(group, left, LARGEST_FALL_OF_A_DAY):
            continue
        if key not in usage.final and left.charge_count * 2 >= group.charge_count:
            continue
        if not _is_spread_anew(group, left, whole, then.usage(currency), LARGEST_FALL_OF_A_DAY):
            yield Loss(Aspect.DAY, day.isoformat(), currency, group.gross - left.gross)


def _lost_categories(now: _Live, then: _Live, named: Mapping[str, Decimal]) -> Iterator[Loss]:
    """Yield what falls by too much; ``named`` is what is said already, by currency."""
    usage = _Usage(now, then, ("currency", "charge_category"))
    gross = now.currencies()
    for key, group in now.by_category.items():
        currency, category = key
        smallest = gross[currency] * SMALLEST_CATEGORY
        if category == USAGE:
            fall = _lost_usage(key, usage, now, then, named.get(currency, Decimal(0)))
        else:
            fall = _fall(group, then.by_category.get(key, NOTHING), LARGEST_FALLS[category])
        if fall > 0 and fall >= smallest:
            yield Loss(Aspect.CATEGORY, category or "", currency, fall)


def _lost_usage(key: Key, usage: _Usage, now: _Live, then: _Live, named: Decimal) -> Decimal:
    """Return how much usage would be gone, or be restated far below what it was."""
    currency, _ = key
    bound = LARGEST_FALLS[USAGE]
    group, left = usage.before.get(key, NOTHING), usage.after.get(key, NOTHING)
    if group.charge_count - left.charge_count <= group.charge_count * MOST_GONE:
        group, left = usage.final.get(key, NOTHING), usage.after_final.get(key, NOTHING)
    fall = _fall(group, left, bound)
    if fall and not _is_spread_anew(group, left, now.usage(currency), then.usage(currency), bound):
        return fall
    return _gone(currency, now, then) - named


def _gone(currency: str, now: _Live, then: _Live) -> Decimal:
    """Add up what days lose of accounts that lose charges; others may have come there instead.

    Effective cost that other charges have instead is not lost.
    """
    names = ("currency", "day", "account")
    falls = shrinking(now.parts, then.parts, names, USAGE)
    mine = [fall for key, fall in falls.items() if key[0] == currency]
    billed = money.total(max(Decimal(0), fall.billed) for fall in mine)
    effective = money.total(max(Decimal(0), fall.effective) for fall in mine)
    whole = now.usage(currency).effective - then.usage(currency).effective
    return billed if whole * 2 < effective else max(billed, effective)


def _fall(before: Totals, after: Totals, bound: Decimal) -> Decimal:
    """Return by how much an amount falls; 0 where that share of it may fall unasked."""
    fall = before.gross - after.gross
    return fall if fall > before.gross * bound else Decimal(0)


def _is_spread_anew(
    before: Totals, after: Totals, usage_before: Totals, usage_after: Totals, largest_fall: Decimal
) -> bool:
    """Tell whether only effective cost moved, to days outside: charges and bill are as they were.

    ``largest_fall`` is what may go unasked of the billed cost.
    """
    if after.charge_count * 2 < before.charge_count:
        return False
    if before.billed - after.billed > before.billed * largest_fall:
        return False
    fall = usage_before.effective - usage_after.effective
    return fall * 2 <= before.gross - after.gross
