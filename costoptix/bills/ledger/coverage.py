"""Compares what is live in a scope with what would be live: what would go, what would come twice.

Pure: the same coverages give the same answer. Amounts are *gross*: what moves in either direction,
so that usage which a credit cancels counts. Bounds that are guesses of ours are named here, and
held by the histories of ``tests/bills/ledger/test_histories.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from costoptix import money

if TYPE_CHECKING:
    import pyarrow as pa

    from costoptix.lake.coverage import Coverage

SETTLING = timedelta(days=3)
"""Days younger than this when a delivery was made still change by themselves."""

TOLD_AGAIN = 0.5
"""The least share of a part's charges that a delivery must hold to take its place."""
BARELY_TOLD_AGAIN = 0.05
"""A part of which no more is told again is never taken for one whose charges settled."""
DISJOINT = 0.02
"""The largest share of charges in common with which two parts may count together unasked."""

SMALLEST_DAY = Decimal("0.01")
"""Of the scope's gross usage: days of less are not asked about."""
SMALLEST_CATEGORY = Decimal("0.02")
"""Of the scope's gross: falls of a category by less are not asked about."""
LARGEST_FALLS = defaultdict(
    lambda: Decimal("0.5"), {"Usage": Decimal("0.2"), "Purchase": Decimal("0.2")}
)
"""The share by which the gross of a category may fall unasked."""
MOVED = Decimal("0.9")
"""The share of an account's taxes, credits and fees that others must have more for it to be a
move."""
NEARLY_EQUAL = Decimal("0.02")
"""How far apart totals may be that are taken for the same bill."""
MOST_DAYS = Decimal("0.8")
"""The share of days on which they must be."""
FEWEST_DAYS = 5
"""On fewer days bills may be equal by chance: then each sub-account's must be."""

USAGE = "Usage"
Key = tuple[Any, ...]


class Aspect(StrEnum):
    """What of a scope would go: the rows of the table in docs/imports.md."""

    PART = "part"  # a delivery of which too few charges are told again
    DAY = "day"
    CATEGORY = "category"
    ACCOUNT = "account"
    CURRENCY = "currency"


@dataclass(frozen=True)
class Part:
    """A delivery of a scope, live or to be, as far as it is compared."""

    id: str
    delivered_at: datetime
    coverage: Coverage

    @property
    def last_settled_day(self) -> date:
        """Return the last day that did not change by itself any more when it was delivered."""
        return self.delivered_at.date() - SETTLING


@dataclass(frozen=True)
class Loss:
    """Something that is live and would go."""

    aspect: Aspect
    subject: str  # the id of a part, a day, a category, an account, a currency
    currency: str
    amount: Decimal  # gross


@dataclass(frozen=True)
class Totals:
    """Sums of charges; the negative ones are negative."""

    charge_count: int = 0
    billed_positive: Decimal = Decimal(0)
    billed_negative: Decimal = Decimal(0)
    effective_positive: Decimal = Decimal(0)
    effective_negative: Decimal = Decimal(0)

    @property
    def billed(self) -> Decimal:
        """Return the gross billed cost."""
        return self.billed_positive - self.billed_negative

    @property
    def effective(self) -> Decimal:
        """Return the gross effective cost."""
        return self.effective_positive - self.effective_negative

    @property
    def gross(self) -> Decimal:
        """Return the larger of both."""
        return max(self.billed, self.effective)

    @property
    def net_billed(self) -> Decimal:
        """Return the billed cost."""
        return self.billed_positive + self.billed_negative


_NOTHING = Totals()


def losses(before: Sequence[Part], after: Sequence[Part]) -> tuple[Loss, ...]:
    """Say what of the parts that are live would go if ``after`` were; parts have the same ids."""
    staying = {part.id for part in after}
    if all(part.id in staying for part in before):
        return ()
    then = _Live(after)
    now = _Live(before)
    return (
        *_lost_currencies(now, then),
        *_lost_accounts(now, then),
        *_lost_days(before, now, then),
        *_lost_categories(before, now, then),
    )


def share_told_again(part: Part, others: Sequence[Part]) -> float:
    """Estimate which share of a part's charges some others hold together, from 0 to 1.

    By the sketches; where a delivery has none, by the money of the groups that the others have.
    """
    if not part.coverage.table.num_rows:
        return 1.0
    sketches = [other.coverage.sketch for other in others]
    if part.coverage.sketch is not None:
        made = [sketch for sketch in sketches if sketch is not None]
        share = part.coverage.sketch.share_in(made) if len(made) == len(sketches) else None
        if share is not None:
            return share
    return _share_of_groups(part, others)


def is_told_again(part: Part, others: Sequence[Part]) -> bool:
    """Tell whether others may take the place of a part: they hold enough of its charges.

    Charges of the last days may change into others (on-demand usage that a savings plan covers
    later), as long as some are the same and the money of each day stays.
    """
    share = share_told_again(part, others)
    if share >= TOLD_AGAIN:
        return True
    return share > BARELY_TOLD_AGAIN and _is_settling(part)


def would_double(part: Part, coming: Sequence[Part], replaced: Sequence[Part]) -> bool:
    """Tell whether coming parts hold charges of a part that would stay live beside them.

    ``replaced`` are those whose place they take: what they held may come again.
    """
    sketched = share_told_again(part, coming) if part.coverage.sketch is not None else 0.0
    if sketched > DISJOINT:
        return True
    theirs = _by([part], _GROUP)
    new, old = _by(coming, _GROUP), _by(replaced, _GROUP)
    covered = [
        min(totals.gross, new[key].gross - old.get(key, _NOTHING).gross)
        for key, totals in theirs.items()
        if key in new
    ]
    again = money.total(amount for amount in covered if amount > 0)
    whole = money.total(totals.gross for totals in theirs.values())
    return whole > 0 and again * 2 > whole


def net_billed(parts: Sequence[Part]) -> dict[str, Decimal]:
    """Return what parts cost together, by currency."""
    return {
        currency: totals.net_billed for (currency,), totals in _by(parts, ("currency",)).items()
    }


def accounts(part: Part) -> frozenset[str]:
    """Return the accounts that a part has charges of."""
    return frozenset(part.coverage.table.column("account").unique().to_pylist())


def days(part: Part) -> frozenset[date]:
    """Return the days on which a part has charges."""
    return frozenset(part.coverage.table.column("day").unique().to_pylist())


def looks_like(coming: Sequence[Part], other: Sequence[Part]) -> bool:
    """Tell whether parts of two scopes seem to bill the same: one provider, one currency at a time.

    Compared are the days that both have, but those that still settle: the totals, and each day's
    or each sub-account's.
    """
    mine, theirs = _settled_billed(coming), _settled_billed(other)
    providers = {key[:2] for key in mine} & {key[:2] for key in theirs}
    return any(_same_bill(_of(mine, one), _of(theirs, one)) for one in providers)


_GROUP = ("currency", "day", "charge_category", "account")


class _Live:
    """What is live of a scope together: sums in every way in which they are compared."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.by_category = _by(parts, ("currency", "charge_category"))
        self.by_account = _by(parts, ("currency", "account", "charge_category"))

    def currencies(self) -> dict[str, Decimal]:
        """Return the gross by currency."""
        totals: defaultdict[str, Decimal] = defaultdict(Decimal)
        for (currency, _), group in self.by_category.items():
            totals[currency] = totals[currency] + group.gross
        return totals

    def accounts(self) -> dict[Key, Decimal]:
        """Return the gross by currency and account."""
        totals: defaultdict[Key, Decimal] = defaultdict(Decimal)
        for (currency, account, _), group in self.by_account.items():
            key = (currency, account)
            totals[key] = totals[key] + group.gross
        return totals


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
    for (of_currency, of_account, category), group in now.by_account.items():
        if (of_currency, of_account) != (currency, account):
            continue
        if category == USAGE and group.gross > 0:
            return False
        before = now.by_category[currency, category].gross
        after = then.by_category.get((currency, category), _NOTHING).gross
        if after < before - group.gross * (1 - MOVED):
            return False
    return True


def _lost_days(before: Sequence[Part], now: _Live, then: _Live) -> Iterator[Loss]:
    days = ("currency", "day")
    settled = _by(before, days, only_settled=True, category=USAGE)
    left = _by(then.parts, days, category=USAGE)
    for (currency, day), group in settled.items():
        usage = now.by_category[currency, USAGE]
        after = left.get((currency, day), _NOTHING)
        if group.gross <= 0 or group.gross < usage.gross * SMALLEST_DAY:
            continue
        if after.gross * 2 >= group.gross:
            continue
        if not _is_spread_anew(group, after, usage, then.by_category.get((currency, USAGE))):
            amount = group.gross - after.gross
            yield Loss(Aspect.DAY, day.isoformat(), currency, amount)


def _is_spread_anew(
    before: Totals,
    after: Totals,
    usage_before: Totals,
    usage_after: Totals | None,
    largest_fall: Decimal = Decimal("0.5"),
) -> bool:
    """Tell whether days lost effective cost to other days only: the charges are there."""
    if usage_after is None or after.charge_count * 2 < before.charge_count:
        return False
    if before.billed - after.billed > before.billed * largest_fall:
        return False
    fall = usage_before.effective - usage_after.effective
    return fall * 2 <= before.gross - after.gross


def _lost_categories(before: Sequence[Part], now: _Live, then: _Live) -> Iterator[Loss]:
    by = ("currency", "charge_category")
    days = _settled_days(before)
    usage = _by(before, by, only_settled=True, category=USAGE)
    usage_left = _by(then.parts, by, days=days, category=USAGE)
    gross = now.currencies()
    for (currency, category), whole in now.by_category.items():
        key = (currency, category)
        group = usage.get(key, _NOTHING) if category == USAGE else whole
        left = (usage_left if category == USAGE else then.by_category).get(key, _NOTHING)
        fall = group.gross - left.gross
        is_large = fall >= gross[currency] * SMALLEST_CATEGORY
        if fall <= group.gross * LARGEST_FALLS[category] or not is_large:
            continue
        everywhere = then.by_category.get(key)
        if category != USAGE or not _is_spread_anew(
            group, left, whole, everywhere, LARGEST_FALLS[USAGE]
        ):
            yield Loss(Aspect.CATEGORY, category or "", currency, fall)


def _settled_days(parts: Sequence[Part]) -> set[date]:
    return {day for part in parts for day in days(part) if day <= part.last_settled_day}


def _is_settling(part: Part) -> bool:
    """Tell whether most of a part's money lies on days that still changed when it was made."""
    whole = _by([part], ("currency",))
    settled = _by([part], ("currency",), only_settled=True)
    return all(settled.get(key, _NOTHING).gross * 2 < totals.gross for key, totals in whole.items())


def _share_of_groups(part: Part, others: Sequence[Part]) -> float:
    mine, theirs = _by([part], _GROUP), _by(others, _GROUP)
    whole = money.total(totals.gross for totals in mine.values())
    if whole <= 0:
        return sum(key in theirs for key in mine) / len(mine)
    shared = money.total(totals.gross for key, totals in mine.items() if key in theirs)
    return float(money.quotient(shared, whole))


def _by(
    parts: Sequence[Part],
    names: tuple[str, ...],
    *,
    only_settled: bool = False,
    days: Iterable[date] | None = None,
    category: str | None = None,
) -> dict[Key, Totals]:
    """Add up parts by some of the keys of their coverage."""
    from costoptix.lake.coverage import SCHEMA

    tables = [_some(part, only_settled=only_settled, category=category) for part in parts]
    return _grouped(tables or [SCHEMA.empty_table()], names, days)


def _grouped(
    tables: Sequence[pa.Table], names: tuple[str, ...], days: Iterable[date] | None
) -> dict[Key, Totals]:
    import pyarrow as pa
    from pyarrow import compute

    from costoptix.lake.coverage import AMOUNTS

    table = pa.concat_tables(tables)
    if days is not None:
        wanted_days = pa.array(sorted(days), type=pa.date32())
        table = table.filter(compute.is_in(table.column("day"), value_set=wanted_days))
    summed = ("charge_count", *AMOUNTS)
    grouped = table.group_by(list(names)).aggregate([(name, "sum") for name in summed])
    keys = zip(*(grouped.column(name).to_pylist() for name in names), strict=True)
    sums = zip(*(grouped.column(f"{name}_sum").to_pylist() for name in summed), strict=True)
    return {key: Totals(*values) for key, values in zip(keys, sums, strict=True)}


def _some(part: Part, *, only_settled: bool, category: str | None) -> pa.Table:
    from pyarrow import compute

    table = part.coverage.table
    if only_settled:
        table = table.filter(compute.less_equal(table.column("day"), part.last_settled_day))
    if category is not None:
        table = table.filter(compute.equal(table.column("charge_category"), category))
    return table


Billed = Mapping[Key, Decimal]
"""Net billed cost by provider, currency, day and account."""


def _settled_billed(parts: Sequence[Part]) -> dict[Key, Decimal]:
    totals = _by(parts, ("currency", "day", "account"), only_settled=True)
    billed: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for (currency, day, account), group in totals.items():
        key = (account.split(":", 1)[0], currency, day, account)
        billed[key] = billed[key] + group.net_billed
    return billed


def _of(billed: Billed, provider_and_currency: Key) -> dict[Key, Decimal]:
    return {key[2:]: amount for key, amount in billed.items() if key[:2] == provider_and_currency}


def _same_bill(mine: Mapping[Key, Decimal], theirs: Mapping[Key, Decimal]) -> bool:
    days = {day for day, _ in mine} & {day for day, _ in theirs}
    one, other = _on(days, mine), _on(days, theirs)
    total = money.total(one.values())
    if not total or not _is_near(total, money.total(other.values())):
        return False
    by_day, by_day_there = _summed(one, 0), _summed(other, 0)
    with_money = [day for day in days if by_day[day] or by_day_there[day]]
    near = [day for day in with_money if _is_near(by_day[day], by_day_there[day])]
    if len(with_money) >= FEWEST_DAYS and len(near) >= MOST_DAYS * len(with_money):
        return True
    accounts, accounts_there = _summed(one, 1), _summed(other, 1)
    return accounts.keys() == accounts_there.keys() and all(
        _is_near(amount, accounts_there[account]) for account, amount in accounts.items()
    )


def _on(days: set[Any], billed: Mapping[Key, Decimal]) -> dict[Key, Decimal]:
    return {key: amount for key, amount in billed.items() if key[0] in days}


def _summed(billed: Mapping[Key, Decimal], position: int) -> dict[Any, Decimal]:
    totals: defaultdict[Any, Decimal] = defaultdict(Decimal)
    for key, amount in billed.items():
        totals[key[position]] = totals[key[position]] + amount
    return totals


def _is_near(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= max(abs(one), abs(other)) * NEARLY_EQUAL
